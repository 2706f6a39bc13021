import type { Port, WireMessage } from '../src/protocol/rpc.ts';

/** What VS Code gives a webview once, through `acquireVsCodeApi`. */
export interface VsCodeApi {
  postMessage(message: unknown): void;
  /** What `setState` kept for this very editor, over tab switches and reloads; undefined in a new one. */
  getState(): unknown;
  setState(state: unknown): void;
}

/** The connection of the view to the extension host. It ends with the page, so it never closes. */
export function webviewPort(api: VsCodeApi, page: Window): Port {
  return {
    send: (message) => api.postMessage(message),
    onMessage: (listener) => {
      const receive = (event: MessageEvent) => {
        if (isWireMessage(event.data)) listener(event.data);
      };
      page.addEventListener('message', receive);
      return () => page.removeEventListener('message', receive);
    },
    onClose: () => {},
  };
}

function isWireMessage(data: unknown): data is WireMessage {
  return typeof data === 'object' && data !== null && 'type' in data && 'id' in data;
}
