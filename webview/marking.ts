import { type ReadonlySignal, signal } from '@preact/signals';
import type { NodeId } from '../src/core/graph/model.ts';
import type { NodeTable } from '../src/protocol/worker.ts';
import type { Finder } from './finder.ts';
import { t } from './l10n.ts';
import { type Direction, paths, reach } from './reach.ts';

/** Marks what hangs together with a node, in the place of what a search finds. */
export function createMarking(finder: Finder, table: ReadonlySignal<NodeTable | null>) {
  const operatorOf = (node: NodeId) => {
    const rows = table.value;
    return rows?.opType[rows.id.indexOf(node)] ?? t('node');
  };

  /** Marks everything that feeds a node, or that it feeds. */
  const markReach = (node: NodeId, direction: Direction) => {
    const rows = table.value;
    if (!rows) return;
    finder.query.value = '';
    finder.marked.value = {
      title: direction === 'upstream' ? t('Feeds {0}', operatorOf(node)) : t('Fed by {0}', operatorOf(node)),
      list: reach(rows, node, direction),
    };
  };

  /** Where a path begins, once the user has said so. */
  const pathStart = signal<NodeId | null>(null);

  /** Begins a path at a node; at a second node marks how one leads to the other, to be stepped through. */
  const markPath = (node: NodeId) => {
    const rows = table.value;
    const start = pathStart.value;
    if (!rows) return;
    pathStart.value = start === null ? node : null;
    if (start === null || start === node) return;
    const found = paths(rows, start, node);
    const ends = (list: Int32Array) => [operatorOf(list[0] as NodeId), operatorOf(list.at(-1) as NodeId)] as const;
    finder.query.value = '';
    finder.marked.value = found
      ? { title: t('Path from {0} to {1}', ...ends(found.shortest)), list: found.shortest, also: found.all }
      : { title: t('No path from {0} to {1}', operatorOf(start), operatorOf(node)), list: new Int32Array(0) };
  };

  return { markReach, pathStart, markPath };
}
