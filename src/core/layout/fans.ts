import type { Node, NodeId } from '../graph/model.ts';
import type { GraphView } from '../graph/view.ts';
import { scopesOf } from './scopes.ts';

/** Where a node of a fan stands: in a group of its own beside the node that reads them all. */
export interface Fan {
  readonly name: string;
  readonly reader: Node;
}

/** More boxes than this side by side in front of one are a group. */
export const maxFan = 24;

/**
 * Nodes that stand side by side in front of the one node that reads them all, by the hundred in models of tables, with
 * the name of the group they make: `Imputer ×201`. What only leads to one of them belongs to it.
 */
export function findFans(graph: GraphView, nodes: readonly Node[]): Map<NodeId, Fan> {
  const fans = new Map<NodeId, Fan>();
  const names = new Map<string, number>();
  const drawn = new Set(nodes.map(({ id }) => id));
  for (const reader of nodes) {
    if (reader.inputs.length <= maxFan) continue;
    const path = scopesOf(reader).join('/');
    const feedersOf = (node: Node) =>
      [...new Set(node.inputs.map((value) => graph.producer(value)))].filter(
        (each): each is Node =>
          each !== undefined &&
          drawn.has(each.id) &&
          !each.outputs.some((output) => graph.isOutput(output)) &&
          each.outputs.every((output) => graph.consumers(output).every(({ id }) => id === node.id)) &&
          scopesOf(each).join('/') === path,
      );
    const fan = feedersOf(reader);
    if (fan.length <= maxFan) continue;
    const name = `${mostFrequent(fan.map(({ opType }) => opType))} ×${fan.length}`;
    const before = names.get(`${path}/${name}`) ?? 0;
    names.set(`${path}/${name}`, before + 1);
    for (let at = 0; at < fan.length; at++) {
      fans.set(fan[at]!.id, { name: before === 0 ? name : `${name} (${before + 1})`, reader });
      fan.push(...feedersOf(fan[at]!));
    }
  }
  return fans;
}

function mostFrequent(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].reduce((best, each) => (each[1] > best[1] ? each : best))[0];
}
