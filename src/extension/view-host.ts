import * as vscode from 'vscode';
import type { NodeId } from '../core/graph/model.ts';
import type { Handlers } from '../protocol/rpc.ts';
import type { ViewHostContract, ViewReads, ViewState } from '../protocol/webview.ts';
import { exportTensor } from './exporting.ts';
import { compare, openCandidate, optimize, profile, quantize, sweep } from './jobs.ts';
import { log } from './log.ts';
import type { ModelDocument } from './model-document.ts';
import { mend } from './problems.ts';

const reads = [
  'summary',
  'scene',
  'nodeTable',
  'overlays',
  'overlay',
  'timeline',
  'samples',
  'search',
  'node',
  'tensor',
  'tensorValues',
  'quantizeAdvice',
] as const;

/** Commands that the view may run. */
const viewCommands = new Set(
  [
    'profile',
    'optimize',
    'quantize',
    'prune',
    'compare',
    'export',
    'loadTrace',
    'tune',
    'forgetSettings',
    'cancel',
    'showLog',
  ].map((name) => `opscope.${name}`),
);

/** Jobs started in the view show their progress there. */
const inView = { notify: false };

/** What is heard of a view. */
export interface ViewListener {
  /** The view has its first state and can be told things. */
  onReady(): void;
  /** A node was chosen; within half a second. */
  onSelect(node: NodeId | null): void;
}

/** Answers the view of a document. */
export function viewHost(
  document: ModelDocument,
  memento: vscode.Memento,
  listener: ViewListener,
): Handlers<ViewHostContract> {
  const viewStateKey = `view:${document.uri.toString()}`;
  return {
    ...passOn(document),
    ready: async () => {
      await document.session();
      // After the answer is on its way.
      setImmediate(listener.onReady);
      return { state: document.state(), viewState: memento.get<ViewState>(viewStateKey) ?? null };
    },
    providers: async (_, { signal }) => (await document.session()).client.providers(undefined, { signal }),
    machineDifferences: async (request, { signal }) =>
      (await document.session()).client.machineDifferences(request, { signal }),
    profile: async (request) => {
      await document.rememberProfile(request);
      await profile(document, request, inView);
    },
    sweep: async (request) => void (await sweep(document, request, inView)),
    optimize: async (request) => void (await optimize(document, request, inView)),
    quantize: async (request) => void (await quantize(document, request, inView)),
    openCandidate: async (request) => void (await openCandidate(document, request, inView)),
    compare: async (request) => void (await compare(document, request, inView)),
    mend: ({ pass }) => mend(document, pass, inView),
    cancel: async () => document.cancelJob(),
    showVersion: async ({ version }) => document.show(version),
    command: async ({ command }) => {
      if (!viewCommands.has(command)) throw new Error(`The view may not run ${command}.`);
      await vscode.commands.executeCommand(command, document.uri);
    },
    pickPath: async ({ title, folders }) => {
      const picked = await vscode.window.showOpenDialog({
        title,
        canSelectFolders: folders,
        canSelectFiles: !folders,
        defaultUri: vscode.Uri.joinPath(document.uri, '..'),
      });
      return picked?.[0]?.fsPath ?? null;
    },
    saveFile: async ({ name, content }) => {
      const target = await vscode.window.showSaveDialog({ defaultUri: vscode.Uri.joinPath(document.uri, '..', name) });
      if (target) {
        await vscode.workspace.fs.writeFile(
          target,
          typeof content === 'string' ? new TextEncoder().encode(content) : content,
        );
      }
    },
    // Unlike the other jobs it leaves nothing behind in the view that would say where the file went.
    exportTensor: (request) => exportTensor(document, request, { notify: true }),
    copy: async ({ text }) => vscode.env.clipboard.writeText(text),
    saveViewState: async (state) => {
      listener.onSelect(state.selected);
      await memento.update(viewStateKey, state);
    },
    setSettings: (settings) => document.remember(settings),
    log: async ({ message }) => log().warn(`View: ${message}`),
  };
}

/** Reads go to the worker with the document filled in. */
function passOn(document: ModelDocument): Handlers<ViewReads> {
  const handler =
    (method: (typeof reads)[number]) =>
    async (argument: never, { signal }: { signal: AbortSignal }) => {
      const session = await document.session();
      const call = session.client[method] as (argument: unknown, options: object) => Promise<never>;
      return call({ ...(argument as object), document: session.document }, { signal });
    };
  return Object.fromEntries(reads.map((method) => [method, handler(method)])) as unknown as Handlers<ViewReads>;
}
