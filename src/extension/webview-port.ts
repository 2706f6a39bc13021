import type * as vscode from 'vscode';
import type { Port, WireMessage } from '../protocol/rpc.ts';

/** The connection to the view in a panel; it closes with the panel. */
export function webviewPort(panel: vscode.WebviewPanel): Port {
  let disposed = false;
  panel.onDidDispose(() => {
    disposed = true;
  });
  return {
    send: (message) => {
      if (!disposed) void panel.webview.postMessage(message);
    },
    onMessage: (listener) => {
      const subscription = panel.webview.onDidReceiveMessage((message: WireMessage) => listener(message));
      return () => subscription.dispose();
    },
    onClose: (listener) => void panel.onDidDispose(() => listener('The editor was closed.')),
  };
}
