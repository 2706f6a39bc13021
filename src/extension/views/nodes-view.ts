import * as vscode from 'vscode';
import type { NodeId } from '../../core/graph/model.ts';
import { log } from '../log.ts';
import type { ModelDocument } from '../model-document.ts';
import type { ModelEditor } from '../model-editor.ts';

/** A scope of names with what is in it, or a node. */
interface Entry {
  readonly label: string;
  readonly description: string;
  readonly children: Map<string, Entry>;
  /** Absent for a scope. */
  readonly node?: NodeId;
}

/** The nodes of the model in front as an outline by the scopes of their names; a click shows one in the graph. */
export function registerNodesView(editor: ModelEditor): vscode.Disposable {
  const changed = new vscode.EventEmitter<void>();
  let listed: { document: ModelDocument; version: number } | undefined;
  const provider: vscode.TreeDataProvider<Entry> = {
    onDidChangeTreeData: changed.event,
    getChildren: async (parent) => {
      if (parent) return [...parent.children.values()];
      const document = editor.active;
      if (!document) return [];
      listed = { document, version: document.current };
      return [...(await outlineOf(document)).children.values()];
    },
    getTreeItem: ({ label, description, children, node }) => {
      const { None, Collapsed } = vscode.TreeItemCollapsibleState;
      const item = new vscode.TreeItem(label, children.size > 0 ? Collapsed : None);
      item.description = description;
      item.tooltip = `${label} ${description}`;
      if (node !== undefined && listed) {
        const shown = [listed.document.uri, node];
        item.command = { command: 'opscope.showNode', title: vscode.l10n.t('Show in the Graph'), arguments: shown };
      }
      return item;
    },
  };
  const view = vscode.window.createTreeView('opscope.nodes', { treeDataProvider: provider, showCollapseAll: true });
  const refresh = () => {
    const document = editor.active;
    if (document === listed?.document && document?.current === listed?.version) return;
    listed = undefined;
    view.description = document?.name ?? '';
    changed.fire();
  };
  return vscode.Disposable.from(
    changed,
    view,
    editor.onDidChangeActive(refresh),
    editor.onDidOpen((document) => {
      document.onDidChange(refresh);
    }),
  );
}

async function outlineOf(document: ModelDocument): Promise<Entry> {
  const root: Entry = { label: '', description: '', children: new Map() };
  try {
    const { client, document: id } = await document.session();
    const {
      id: ids,
      name,
      opType,
      scope,
      outputType,
    } = await client.nodeTable({ document: id, version: document.current });
    for (const [row, node] of ids.entries()) {
      const path = [scope[row]!, ...name[row]!.split('/')].filter((part) => part !== '');
      const label = path.pop() ?? opType[row]!;
      let at = root;
      for (const part of path) {
        const inner: Entry = at.children.get(part) ?? { label: part, description: '', children: new Map() };
        at.children.set(part, inner);
        at = inner;
      }
      const description = [label === opType[row] ? '' : opType[row], outputType[row]].filter(Boolean).join('  ');
      at.children.set(`${label} ${node}`, { label, description, children: new Map(), node: node as NodeId });
    }
  } catch (error) {
    // The editor itself says why the model cannot be read.
    log().debug(`Nodes: ${(error as Error).message}`);
  }
  return root;
}
