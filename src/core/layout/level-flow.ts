/** One level laid out around the levels inside it. */
import { boxOf, fontSize } from './boxes.ts';
import { labelRoom } from './edge-labels.ts';
import { type Flow, flowSteps } from './flow.ts';
import type { Level, Levels } from './levels.ts';
import { pinned } from './rank.ts';
import { textWidth } from './text-width.ts';

/** Room between a frame and what it holds; values that cross the frame bring a row of ports, whose gap is room enough. */
const framePadding = { side: 16, top: 36, bottom: 16, besidePorts: 2 };

/** Longer labels do not make a frame wider: they are cut, or stand elsewhere. */
const mostLabel = 140;

export function paddingOf({ ports }: Level): { readonly top: number; readonly bottom: number } {
  const crossing = (way: string) => [...ports.keys()].some((key) => key.startsWith(way));
  return {
    top: crossing('in:') ? framePadding.besidePorts : framePadding.top,
    bottom: crossing('out:') ? framePadding.besidePorts : framePadding.bottom,
  };
}

/**
 * Lays a level out once those inside it are. Where lines cross because ports of the frames in it stand in another order
 * than what leads to them, the frames are laid out again with that order, and stay so when less crosses in all.
 */
export function* levelSteps(
  level: Level,
  levels: Levels,
  places: ReadonlyMap<string, number> | undefined,
): Generator<void, void> {
  const placeOf = (of: Level) => (box: number) => places?.get(of.boxes[box]?.key ?? '');
  yield* layOut(level, levels, places && placeOf(level));
  if (level.flow!.crossings === 0) return;
  const changed = [keepFor(level)];
  let before = level.flow!.crossings;
  let after = 0;
  for (const [inner, order] of portOrders(level, levels)) {
    changed.push(keepFor(inner));
    before += inner.flow!.crossings;
    yield* layOut(inner, levels, (box) => order.get(box) ?? placeOf(inner)(box));
    after += inner.flow!.crossings;
  }
  if (after < before && changed.length > 1) {
    yield* layOut(level, levels, places && placeOf(level));
    if (level.flow!.crossings + after < before) return;
  }
  for (const restore of changed) restore();
}

/** Gives a level back the layout that it has now. */
function keepFor(level: Level): () => void {
  const { flow, width, height } = level;
  return () => Object.assign(level, { flow, width, height });
}

/** By frame in a level whose ports are not in the order of the lines that lead to them: places that say this order. */
function portOrders({ boxes, links, flow }: Level, levels: Levels): Map<Level, Map<number, number>> {
  const orders = new Map<Level, Map<number, number>>();
  const note = (box: number, key: string, x: number) => {
    const inner = box < boxes.length ? levels.get(boxes[box]!) : undefined;
    const port = inner?.ports.get(key);
    if (port === undefined) return;
    const order = orders.get(inner!) ?? new Map<number, number>();
    orders.set(inner!, order.set(port, x));
  };
  for (const [index, { from, to, value }] of links.entries()) {
    if (flow!.isStub[index]) continue;
    const route = flow!.routes[index]!;
    note(from, `out:${value}`, route[2]!);
    note(to, `in:${value}`, route[route.length - 4]!);
  }
  for (const [inner, order] of orders) {
    const isOrdered = (way: string) => {
      const ports = [...inner.ports].filter(([key, port]) => key.startsWith(way) && order.has(port));
      ports.sort(([, a], [, b]) => inner.flow!.x[a]! - inner.flow!.x[b]!);
      return ports.every(([, port], at) => at === 0 || order.get(ports[at - 1]![1])! <= order.get(port)!);
    };
    if (isOrdered('in:') && isOrdered('out:')) orders.delete(inner);
  }
  return orders;
}

/** `keep` gives the places of boxes and ports whose order from left to right is to be kept. */
function* layOut(level: Level, levels: Levels, keep?: (box: number) => number | undefined): Generator<void, void> {
  const { boxes, ports, links } = level;
  const count = boxes.length + ports.size;
  level.width = new Float64Array(count).fill(1);
  level.height = new Float64Array(count);
  for (const [index, item] of boxes.entries()) {
    const inner = levels.get(item);
    const box = inner ? frameSize(inner) : boxOf(item);
    level.width[index] = box.width;
    level.height[index] = box.height;
  }
  const pin = new Int8Array(count);
  for (const [key, port] of ports) pin[port] = key.startsWith('in:') ? pinned.top : pinned.bottom;
  const values = new Map<string, number>();
  const numberOf = (value: string) => {
    const number = values.get(value) ?? values.size;
    values.set(value, number);
    return number;
  };
  const portAt = (box: number, key: string) => {
    const inner = box < boxes.length ? levels.get(boxes[box]!) : undefined;
    return inner ? portPlace(inner, key) : Number.NaN;
  };
  const kept = keep && Float64Array.from({ length: count }, (_, box) => keep(box) ?? Number.NaN);
  level.flow = yield* flowSteps({
    width: level.width,
    height: level.height,
    links: {
      count: links.length,
      from: Int32Array.from(links, ({ from }) => from),
      to: Int32Array.from(links, ({ to }) => to),
    },
    value: Int32Array.from(links, ({ value }) => numberOf(value)),
    fromAt: Float64Array.from(links, ({ from, value }) => portAt(from, `out:${value}`)),
    toAt: Float64Array.from(links, ({ to, value }) => portAt(to, `in:${value}`)),
    pin,
    ...(kept && { kept }),
  });
}

function frameSize(inner: Level): { readonly width: number; readonly height: number } {
  const { top, bottom } = paddingOf(inner);
  const flow: Flow = inner.flow!;
  const side = Math.max(framePadding.side, labelOverhang(inner));
  return {
    width: Math.max(flow.width + 2 * side, textWidth(inner.item.label, fontSize) + 60),
    height: flow.height + top + bottom,
  };
}

/** How far labels at the right of lines stand out over the boxes of a level. */
function labelOverhang({ links, boxes, flow }: Level): number {
  let overhang = 0;
  for (const [index, { from, label }] of links.entries()) {
    // Lines from the frame itself have their label outside.
    if (from >= boxes.length || flow!.isStub[index]) continue;
    const end = flow!.routes[index]!.at(-2)!;
    overhang = Math.max(overhang, end + Math.min(mostLabel, labelRoom(label)) - flow!.width);
  }
  return overhang;
}

/** Where a value crosses the frame, in pixels right of its middle; NaN when it ends at the frame itself. */
function portPlace({ ports, flow, width }: Level, key: string): number {
  const port = ports.get(key);
  return port === undefined ? Number.NaN : flow!.x[port]! + width[port]! / 2 - flow!.width / 2;
}
