/**
 * From a model to a scene. Every open group is laid out by itself and then stands as one box in the group around it,
 * so that opening a group moves the rest as little as can be. Values that cross a frame pass through a port on its edge.
 */
import type { Node } from '../graph/model.ts';
import type { GraphView } from '../graph/view.ts';
import type { Facts } from '../shapes/facts.ts';
import { type Flow, layoutFlow } from './flow.ts';
import { allGroups, autoOpen, buildHierarchy, type Hierarchy, type Item, isFolded } from './hierarchy.ts';
import { categoryOf, constantLines, detailOf, valueLabel } from './labels.ts';
import type { Scene } from './scene.ts';
import { textWidth } from './text-width.ts';

export interface LayoutOptions {
  readonly main: GraphView;
  readonly functions?: readonly GraphView[];
  /** Types and shapes for the labels on edges. */
  readonly facts?: Facts;
  /** Keys of the groups to open; `auto`: as many as a window holds. */
  readonly open: readonly string[] | 'auto' | 'all';
  readonly signal?: AbortSignal;
}

/** Lays a view of the graph out. Deterministic. Rejects when the signal aborts. */
export function layoutGraph({ main, functions = [], facts, open, signal }: LayoutOptions): Scene {
  const start = performance.now();
  const hierarchy = buildHierarchy(main, functions);
  const opened =
    open === 'auto' ? autoOpen(hierarchy.root) : open === 'all' ? allGroups(hierarchy.root) : new Set(open);
  const levels = openLevels(hierarchy.root, opened);
  connect(hierarchy, levels, facts);
  for (const level of [...levels.values()].reverse()) {
    signal?.throwIfAborted();
    layoutLevel(level, levels);
  }
  return assemble(hierarchy.root, levels, performance.now() - start);
}

/** An open group while it is laid out: what stands in it and how that is linked. */
interface Level {
  readonly item: Item;
  /** The visible children, and after them one port for every value that crosses the frame. */
  readonly boxes: readonly Item[];
  readonly indexOf: ReadonlyMap<Item, number>;
  readonly ports: Map<string, number>;
  readonly links: { from: number; to: number; value: string; label: string }[];
  readonly seen: Set<string>;
  portCount: number;
  flow?: Flow;
  width: Float64Array;
  height: Float64Array;
}

/** Room between a frame and what it holds; values that cross the frame bring a row of ports, whose gap is room enough. */
const framePadding = { side: 16, top: 36, bottom: 16, besidePorts: 2 };

function paddingOf({ ports }: Level): { readonly top: number; readonly bottom: number } {
  const crossing = (way: string) => [...ports.keys()].some((key) => key.startsWith(way));
  return {
    top: crossing('in:') ? framePadding.besidePorts : framePadding.top,
    bottom: crossing('out:') ? framePadding.besidePorts : framePadding.bottom,
  };
}

/** The open groups, outer before inner. */
function openLevels(root: Item, opened: ReadonlySet<string>): Map<Item, Level> {
  const levels = new Map<Item, Level>();
  const work = [root];
  for (let at = 0; at < work.length; at++) {
    const item = work[at]!;
    const indexOf = new Map(item.children.map((child, index) => [child, index]));
    levels.set(item, {
      item,
      boxes: item.children,
      indexOf,
      ports: new Map(),
      links: [],
      seen: new Set(),
      portCount: 0,
      width: new Float64Array(0),
      height: new Float64Array(0),
    });
    for (const child of item.children) if (child.kind === 'group' && opened.has(child.key)) work.push(child);
  }
  return levels;
}

/** Puts every value that flows between visible boxes into the levels it passes. */
function connect(
  { byNode, inputs, outputs }: Hierarchy,
  levels: ReadonlyMap<Item, Level>,
  facts: Facts | undefined,
): void {
  const labels = new Map<string, string>();
  const labelOf = (graph: GraphView, value: string): string => {
    const key = `${graph.owner?.node ?? ''}:${graph.owner?.attribute ?? ''}:${value}`;
    let label = labels.get(key);
    if (label === undefined) {
      label = valueLabel(facts, graph, value);
      labels.set(key, label);
    }
    return label;
  };
  const read = (reader: Item, graph: GraphView, value: string) => {
    const found = producerOf(graph, value, byNode, inputs);
    if (found) link(found.item, reader, value, labelOf(found.graph, value), levels);
  };
  for (const item of byNode.values()) {
    const { node, graph } = item as Item & { node: Node };
    const names = new Set(node.inputs);
    for (const value of names) if (value !== '') read(item, graph, value);
  }
  for (const [value, item] of outputs) read(item, item.graph, value);
}

/** Where a value comes from, as seen from a graph: a node that is drawn, or an input of the model. */
function producerOf(
  graph: GraphView,
  value: string,
  byNode: Hierarchy['byNode'],
  inputs: Hierarchy['inputs'],
): { item: Item; graph: GraphView } | undefined {
  for (let scope: GraphView | undefined = graph; scope; scope = scope.owner?.graph) {
    const node = scope.producer(value);
    if (node) {
      if (isFolded(node, scope)) return undefined;
      const item = byNode.get(node.id);
      return item && { item, graph: scope };
    }
    if (scope.defines(value)) {
      const item = scope.kind === 'main' ? inputs.get(value) : undefined;
      return item && { item, graph: scope };
    }
  }
  return undefined;
}

/** Links two items through every open group between them. */
function link(from: Item, to: Item, value: string, label: string, levels: ReadonlyMap<Item, Level>): void {
  const fromChain = visibleChain(from, levels);
  const toChain = visibleChain(to, levels);
  let common = 0;
  while (common < fromChain.length && common < toChain.length && fromChain[common] === toChain[common]) common++;
  // One inside the other, or both in one closed group: nothing flows between boxes that are drawn.
  if (common === fromChain.length || common === toChain.length) return;
  addLink(
    levels.get(fromChain[common]!.parent!)!,
    indexIn(levels, fromChain[common]!),
    indexIn(levels, toChain[common]!),
    value,
    label,
  );
  for (let depth = common + 1; depth < fromChain.length; depth++) {
    const level = levels.get(fromChain[depth]!.parent!)!;
    addLink(level, indexIn(levels, fromChain[depth]!), portOf(level, `out:${value}`), value, label);
  }
  for (let depth = common + 1; depth < toChain.length; depth++) {
    const level = levels.get(toChain[depth]!.parent!)!;
    addLink(level, portOf(level, `in:${value}`), indexIn(levels, toChain[depth]!), value, label);
  }
}

/** An item's visible stand-ins from the outermost level inwards; the last is the box that is drawn for it. */
function visibleChain(item: Item, levels: ReadonlyMap<Item, Level>): Item[] {
  const chain: Item[] = [];
  for (let each: Item = item; each.parent; each = each.parent) chain.push(each);
  chain.reverse();
  const hidden = chain.findIndex((each) => !levels.has(each.parent!));
  return hidden < 0 ? chain : chain.slice(0, hidden);
}

function indexIn(levels: ReadonlyMap<Item, Level>, item: Item): number {
  return levels.get(item.parent!)!.indexOf.get(item)!;
}

function portOf(level: Level, key: string): number {
  let port = level.ports.get(key);
  if (port === undefined) {
    port = level.boxes.length + level.portCount++;
    level.ports.set(key, port);
  }
  return port;
}

function addLink(level: Level, from: number, to: number, value: string, label: string): void {
  const key = `${from}:${to}`;
  if (from === to || level.seen.has(key)) return;
  level.seen.add(key);
  level.links.push({ from, to, value, label });
}

function layoutLevel(level: Level, levels: ReadonlyMap<Item, Level>): void {
  const count = level.boxes.length + level.portCount;
  level.width = new Float64Array(count).fill(1);
  level.height = new Float64Array(count);
  for (const [index, item] of level.boxes.entries()) {
    const inner = levels.get(item);
    if (inner) {
      level.width[index] = Math.max(inner.flow!.width + 2 * framePadding.side, textWidth(item.label, fontSize) + 60);
      const { top, bottom } = paddingOf(inner);
      level.height[index] = inner.flow!.height + top + bottom;
    } else {
      const box = boxOf(item);
      level.width[index] = box.width;
      level.height[index] = box.height;
    }
  }
  const from = Int32Array.from(level.links, (each) => each.from);
  const to = Int32Array.from(level.links, (each) => each.to);
  level.flow = layoutFlow({ width: level.width, height: level.height, links: { count: from.length, from, to } });
}

interface Box {
  readonly width: number;
  readonly height: number;
  readonly detail: string;
  readonly constants: readonly string[];
}

const boxes = new WeakMap<Item, Box>();

/** Pixels, as the canvas and the SVG write a box's title and its constants. */
const fontSize = 12;
const smallFontSize = 10.5;

/** Size and text of a box that is drawn closed. */
function boxOf(item: Item): Box {
  const known = boxes.get(item);
  if (known) return known;
  const plain = item.kind === 'node';
  const detail = plain
    ? detailOf(item.node!, item.graph)
    : item.kind === 'group'
      ? `${item.size} node${item.size === 1 ? '' : 's'}`
      : '';
  const constants = plain ? constantLines(item.node!, item.graph) : [];
  const title = textWidth(item.label, fontSize) + (detail ? textWidth(detail, fontSize) + 8 : 0);
  const width = Math.min(
    260,
    Math.max(64, title + 24, ...constants.map((line) => textWidth(line, smallFontSize) + 24)),
  );
  const box = {
    width: Math.ceil(width),
    height: 28 + constants.length * 14 + (constants.length > 0 ? 4 : 0),
    detail,
    constants,
  };
  boxes.set(item, box);
  return box;
}

/** Moves every level to its place and writes the scene's arrays: frames before what they hold. */
function assemble(root: Item, levels: ReadonlyMap<Item, Level>, milliseconds: number): Scene {
  const items: Item[] = [];
  const x: number[] = [];
  const y: number[] = [];
  const width: number[] = [];
  const height: number[] = [];
  const place = new Map<Item, number>();
  const edges: { from: number; to: number; value: string; label: string; isStub: boolean; points: number[] }[] = [];
  const margin = 24;
  const work: { level: Level; left: number; top: number }[] = [{ level: levels.get(root)!, left: margin, top: margin }];
  for (let at = 0; at < work.length; at++) {
    const { level, left, top } = work[at]!;
    const flow = level.flow!;
    for (const [index, item] of level.boxes.entries()) {
      place.set(item, items.length);
      items.push(item);
      x.push(left + flow.x[index]!);
      y.push(top + flow.y[index]!);
      width.push(level.width[index]!);
      height.push(level.height[index]!);
      const inner = levels.get(item);
      if (inner) {
        const spare = level.width[index]! - inner.flow!.width;
        work.push({
          level: inner,
          left: left + flow.x[index]! + spare / 2,
          top: top + flow.y[index]! + paddingOf(inner).top,
        });
      }
    }
    const frame = place.get(level.item) ?? -1;
    const boxIndex = (index: number) => (index < level.boxes.length ? place.get(level.boxes[index]!)! : frame);
    for (const [index, { from, to, value, label }] of level.links.entries()) {
      const points = Array.from(flow.routes[index]!, (coordinate, each) => coordinate + (each % 2 === 0 ? left : top));
      // Ports lie on the frame itself.
      if (from >= level.boxes.length) points[1] = y[frame]!;
      if (to >= level.boxes.length) points[points.length - 1] = y[frame]! + height[frame]!;
      edges.push({ from: boxIndex(from), to: boxIndex(to), value, label, isStub: flow.isStub[index] === 1, points });
    }
  }
  const offsets = new Uint32Array(edges.length + 1);
  for (const [index, { points }] of edges.entries()) offsets[index + 1] = offsets[index]! + points.length;
  const rootFlow = levels.get(root)!.flow!;
  const closed = items.map((item) => (levels.has(item) ? undefined : boxOf(item)));
  return {
    nodes: {
      count: items.length,
      kind: items.map((item) => (levels.has(item) ? 'frame' : item.kind)),
      id: Int32Array.from(items, (item) => item.node?.id ?? -1),
      key: items.map(({ key }) => key),
      x: Float32Array.from(x),
      y: Float32Array.from(y),
      width: Float32Array.from(width),
      height: Float32Array.from(height),
      label: items.map(({ label }) => label),
      detail: closed.map((box) => box?.detail ?? ''),
      constants: closed.map((box) => box?.constants ?? []),
      category: Uint8Array.from(items, ({ node }) => (node ? categoryOf(node) : 0)),
      size: Int32Array.from(items, ({ size }) => size),
      members: items.map((item) => (item.kind === 'group' ? membersOf(item) : null)),
    },
    edges: {
      count: edges.length,
      from: Int32Array.from(edges, (edge) => edge.from),
      to: Int32Array.from(edges, (edge) => edge.to),
      value: edges.map((edge) => edge.value),
      label: edges.map((edge) => edge.label),
      kind: edges.map((edge) => (edge.isStub ? 'stub' : 'line')),
      points: Float32Array.from(edges.flatMap((edge) => edge.points)),
      offsets,
    },
    width: rootFlow.width + 2 * margin,
    height: rootFlow.height + 2 * margin,
    milliseconds,
  };
}

/** Ids of all nodes inside a group. */
function membersOf(item: Item): Int32Array {
  const ids: number[] = [];
  const work = [item];
  while (work.length > 0) {
    const each = work.pop()!;
    if (each.node) ids.push(each.node.id);
    work.push(...each.children);
  }
  return Int32Array.from(ids).sort();
}
