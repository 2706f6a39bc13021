/** What our layout draws with all groups open, without the groups: so that another layout can be given the same. */
import type { Draft } from '../../src/core/graph/draft.ts';
import { boxOf } from '../../src/core/layout/boxes.ts';
import { connect } from '../../src/core/layout/connect.ts';
import { buildHierarchy, type Item } from '../../src/core/layout/hierarchy.ts';
import { layoutGraph } from '../../src/core/layout/layout-graph.ts';
import { openLevels } from '../../src/core/layout/levels.ts';
import type { Scene } from '../../src/core/layout/scene.ts';
import type { FlatGraph } from './dagre.ts';

/**
 * Every box of the scene that is no group, those of bodies and functions included, and every line from one to another,
 * through whatever frames. A value that any frame on its way draws as a stub is left out, as are frames that no line ends at.
 */
export function drawnGraph({ main, functions }: Pick<Draft, 'main' | 'functions'>): FlatGraph {
  const scene = layoutGraph({ main, functions, open: 'all' });
  const hierarchy = buildHierarchy(main, functions);
  const { root } = hierarchy;
  const items = [root];
  for (let at = 0; at < items.length; at++) items.push(...items[at]!.children);
  const chains = new Map(items.map((item) => [item, chainOf(item)]));
  // One group with all boxes in it: then every link leads from box to box.
  const all = items.filter((item) => item !== root && (item.kind !== 'group' || item.node));
  for (const item of all) Object.assign(item, { parent: root });
  Object.assign(root, { children: all });
  const levels = openLevels(root, new Set());
  for (const _ of connect(hierarchy, levels, undefined));
  const isLine = lineTest(scene);
  const links = levels
    .get(root)!
    .links.filter(({ from, to, value }) => isLine(chains.get(all[from]!)!, chains.get(all[to]!)!, value));
  const linked = new Set(links.flatMap(({ from, to }) => [from, to]));
  const boxes = all.filter(({ kind }, index) => kind !== 'group' || linked.has(index));
  const place = new Map(boxes.map((item, index) => [item, index]));
  const end = (of: number) => place.get(all[of]!)!;
  return {
    width: Float64Array.from(boxes, (item) => boxOf(item).width),
    height: Float64Array.from(boxes, (item) => boxOf(item).height),
    links: {
      count: links.length,
      from: Int32Array.from(links, ({ from }) => end(from)),
      to: Int32Array.from(links, ({ to }) => end(to)),
    },
  };
}

/** An item and what it stands in, the outermost first, without the root. */
function chainOf(item: Item): Item[] {
  const chain: Item[] = [];
  for (let each = item; each.parent; each = each.parent) chain.push(each);
  return chain.reverse();
}

/** Tells whether a value is drawn as a line all the way between two boxes, given what each stands in. */
function lineTest({ nodes, edges }: Scene): (from: readonly Item[], to: readonly Item[], value: string) => boolean {
  const lines = new Set<string>();
  for (let edge = 0; edge < edges.count; edge++) {
    if (edges.kind[edge] !== 'line') continue;
    const way = `${nodes.key[edges.from[edge]!]}>${nodes.key[edges.to[edge]!]}`;
    // Between two closed boxes one line stands for all values.
    lines.add(way).add(`${way}:${edges.value[edge]}`);
  }
  return (from, to, value) => {
    let common = 0;
    while (from[common] && from[common] === to[common]) common++;
    if (!from[common] || !to[common]) return false;
    const ways = [[from[common]!, to[common]!]];
    for (let at = common + 1; at < from.length; at++) ways.push([from[at]!, from[at - 1]!]);
    for (let at = common + 1; at < to.length; at++) ways.push([to[at - 1]!, to[at]!]);
    return ways.every(([a, b]) => {
      const way = `${a!.key}>${b!.key}`;
      return lines.has(`${way}:${value}`) || (ways.length === 1 && lines.has(way));
    });
  };
}
