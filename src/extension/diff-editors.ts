import * as vscode from 'vscode';
import { counterparts, type Side } from '../core/diff/counterparts.ts';
import type { NodeId } from '../core/graph/model.ts';
import type { Client } from '../protocol/rpc.ts';
import type { ViewContract } from '../protocol/webview.ts';
import type { Compared } from '../protocol/worker.ts';
import { log } from './log.ts';
import type { ModelDocument } from './model-document.ts';

/** A model on screen. */
export interface ShownEditor {
  readonly document: ModelDocument;
  readonly panel: vscode.WebviewPanel;
  readonly view: Client<ViewContract>;
  /** Settles when the view can be told things. */
  readonly ready: Promise<void>;
}

/** The editors on screen, of which VS Code may show two as the sides of one diff. */
export interface DiffEditors {
  /** An editor was opened. */
  add(editor: ShownEditor): void;
  /** Somebody chose a node in an editor: the other side of its diff, if it is one, follows. */
  selected(editor: ShownEditor, node: NodeId | null): void;
}

/** Two sides of a diff, and what was chosen last in each. */
interface Pair {
  readonly sides: Readonly<Record<Side, ShownEditor>>;
  readonly mapping: Compared['mapping'];
  readonly last: Record<Side, NodeId | null>;
}

/**
 * Finds the sides of a diff, which VS Code opens as two editors that know nothing of each other: two in one column, in a
 * tab that is not of one of them. Both then show what differs, and what is chosen in one is shown in the other. Nothing
 * is run for it.
 */
export function createDiffEditors(): DiffEditors {
  const shown = new Set<ShownEditor>();
  const pairs = new Map<ShownEditor, Pair>();
  const pending = new Set<ShownEditor>();

  const lookFor = async (editor: ShownEditor) => {
    if (pairs.has(editor) || pending.has(editor)) return;
    // An editor that was in front until now may still count as visible: the newest comes first.
    const other = [...shown].reverse().find((each) => each !== editor && isInOneDiff(each, editor));
    if (!other) return;
    for (const each of [editor, other]) pending.add(each);
    try {
      await Promise.all([editor.ready, other.ready]);
      if (!isInOneDiff(other, editor)) return;
      const sides = inOrder(other, editor);
      const pair = { sides, mapping: await showDifference(sides), last: { a: null, b: null } };
      for (const each of [editor, other]) pairs.set(each, pair);
    } finally {
      for (const each of [editor, other]) pending.delete(each);
    }
  };

  return {
    add: (editor) => {
      shown.add(editor);
      const look = () => void lookFor(editor).catch((error: Error) => log().debug(`Diff: ${error.message}`));
      // The tab may be known later than the editor in it.
      const listeners = [vscode.window.tabGroups.onDidChangeTabs(look), editor.panel.onDidChangeViewState(look)];
      editor.panel.onDidDispose(() => {
        shown.delete(editor);
        pairs.delete(editor);
        for (const listener of listeners) listener.dispose();
      });
      look();
    },
    selected: (editor, node) => {
      const pair = pairs.get(editor);
      if (!pair) return;
      const side: Side = pair.sides.a === editor ? 'a' : 'b';
      const opposite: Side = side === 'a' ? 'b' : 'a';
      // What this side was told to show is no choice of anybody's.
      if (node === null || node === pair.last[side]) return;
      pair.last[side] = node;
      const [partner] = counterparts(pair.mapping, side, node);
      if (partner === undefined || partner === pair.last[opposite]) return;
      pair.last[opposite] = partner;
      pair.sides[opposite].view
        .reveal({ node: partner })
        .catch((error: Error) => log().debug(`View: ${error.message}`));
    },
  };
}

function isInOneDiff(one: ShownEditor, other: ShownEditor): boolean {
  const { viewColumn } = other.panel;
  const inOneColumn = one.panel.visible && other.panel.visible && one.panel.viewColumn === viewColumn;
  if (!inOneColumn || one.document === other.document) return false;
  const tab = vscode.window.tabGroups.all.find((group) => group.viewColumn === viewColumn)?.activeTab;
  // VS Code says nothing of a tab with two custom editors.
  return tab !== undefined && tab.input === undefined;
}

/** What there is now is on the right: a file rather than an earlier state of it; else as the tab names them. */
function inOrder(one: ShownEditor, other: ShownEditor): Readonly<Record<Side, ShownEditor>> {
  const isFile = ({ document }: ShownEditor) => document.uri.scheme === 'file';
  if (isFile(one) !== isFile(other)) return isFile(other) ? { a: one, b: other } : { a: other, b: one };
  const tab = vscode.window.tabGroups.all.find(({ viewColumn }) => viewColumn === one.panel.viewColumn)?.activeTab;
  return tab?.label.startsWith(`${other.document.name} `) && one.document.name !== other.document.name
    ? { a: other, b: one }
    : { a: one, b: other };
}

/** Shows in both editors what differs, and gives what belongs together. */
async function showDifference({ a, b }: Readonly<Record<Side, ShownEditor>>): Promise<Compared['mapping']> {
  const [before, after] = await Promise.all([a.document.session(), b.document.session()]);
  const { report, mapping } = await after.client.diff({
    a: { document: before.document, version: a.document.current },
    b: { document: after.document, version: b.document.current },
  });
  a.document.setComparison(a.document.current, nameOf(b.document), report, mapping);
  b.document.setComparison(nameOf(a.document), b.document.current, report, mapping);
  await Promise.all([a, b].map(({ view }) => view.showDifference(undefined)));
  return mapping;
}

const nameOf = ({ name, uri }: ModelDocument): string => (uri.scheme === 'file' ? uri.fsPath : name);
