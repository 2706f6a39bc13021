/** One level laid out around the levels inside it. */
import { boxOf, fontSize } from './boxes.ts';
import { labelRoom } from './edge-labels.ts';
import { type Flow, type FlowInput, flowSteps } from './flow.ts';
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

/** What layouts of levels have in common. */
export interface LevelContext {
  readonly levels: Levels;
  /** Places from left to right of what was on view before, by key. */
  readonly places: ReadonlyMap<string, number> | undefined;
  /** Boxes and ports on view. */
  readonly size: number;
  /** Layouts by what they are of: the layers of a model are laid out once. */
  readonly known: Map<string, Flow>;
}

/** For saving the last crossings of all levels together: large models have to be there at once, in small ones each is seen. */
const comparisons = 2_000_000;

/** Rounds of turning the frames in a level, each as its lines lead to it and as it would be best for the level. */
const turningRounds = 3;

/**
 * Lays a level out once those inside it are. Where lines cross, the frames in it are turned, with the frames in these:
 * laid out again with their ports in the order of what leads to them. They stay so when less crosses in all.
 */
export function* levelSteps(level: Level, context: LevelContext): Generator<void, void> {
  yield* layOut(level, context);
  if (level.flow!.crossings === 0) return;
  const inside = levelsIn(level, context.levels);
  const total = () => inside.reduce((sum, { flow }) => sum + flow!.crossings, 0);
  for (let round = 0; round < turningRounds; round++) {
    const before = total();
    for (const isFree of [false, true]) {
      const reached = total();
      const restore = inside.map(keepFor);
      yield* turnFrames(level, context, isFree);
      if (total() >= reached) for (const each of restore) each();
      if (total() === 0) return;
    }
    if (total() === before) return;
  }
}

function levelsIn(level: Level, levels: Levels): Level[] {
  const inside = [level];
  for (let at = 0; at < inside.length; at++)
    for (const box of inside[at]!.boxes) if (levels.has(box)) inside.push(levels.get(box)!);
  return inside;
}

/** Gives a level back the layout that it has now. */
function keepFor(level: Level): () => void {
  const { flow, width, height } = level;
  return () => Object.assign(level, { flow, width, height });
}

/**
 * From the outside in, gives frames the order of ports that the lines around them want, then lays out again from the
 * inside out. `isFree`: on the way in, each level is laid out as if the frames in it could have their ports anywhere.
 */
function* turnFrames(level: Level, context: LevelContext, isFree: boolean): Generator<void, void> {
  const turned: { readonly level: Level; readonly order?: ReadonlyMap<number, number> }[] = [{ level }];
  for (let at = 0; at < turned.length; at++) {
    const { level: each, order } = turned[at]!;
    if (order || isFree) yield* layOut(each, context, order, isFree);
    for (const [inner, wanted] of portOrders(each, context.levels)) turned.push({ level: inner, order: wanted });
  }
  if (turned.length === 1 && !isFree) return;
  for (const { level: each, order } of turned.reverse()) yield* layOut(each, context, order);
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
    note(from, `out:${value}`, flow!.leavesTo[index]!);
    note(to, `in:${value}`, flow!.comesFrom[index]!);
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

/** `order` gives places of ports whose order from left to right is to be kept; `isFree`: frames have no ports yet. */
function* layOut(
  level: Level,
  { levels, places, size, known }: LevelContext,
  order?: ReadonlyMap<number, number>,
  isFree = false,
): Generator<void, void> {
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
    const inner = box < boxes.length && !isFree ? levels.get(boxes[box]!) : undefined;
    return inner ? portPlace(inner, key) : Number.NaN;
  };
  const keep = (box: number) => order?.get(box) ?? places?.get(boxes[box]?.key ?? '') ?? Number.NaN;
  const kept = (order || places) && Float64Array.from({ length: count }, (_, box) => keep(box));
  const input: FlowInput = {
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
    comparisons: (comparisons * count) / size,
    ...(kept && { kept }),
  };
  const key = keyOf(input);
  level.flow = known.get(key) ?? (yield* flowSteps(input));
  known.set(key, level.flow);
}

/** Text that is the same for inputs that are laid out alike. */
function keyOf({ width, height, links, value, fromAt, toAt, pin, kept }: FlowInput): string {
  const places = kept && [...new Set(kept)].filter((place) => !Number.isNaN(place)).sort((a, b) => a - b);
  const ranks = new Map(places?.map((place, rank) => [place, rank]));
  const order = kept && Array.from(kept, (place) => ranks.get(place));
  return [width, height, links.from, links.to, value, fromAt, toAt, pin, order].join(';');
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
