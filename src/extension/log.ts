import * as vscode from 'vscode';

let channel: vscode.LogOutputChannel | undefined;

/** Opscope's output channel, made when it is first written to or shown. */
export function log(): vscode.LogOutputChannel {
  channel ??= vscode.window.createOutputChannel('Opscope', { log: true });
  return channel;
}
