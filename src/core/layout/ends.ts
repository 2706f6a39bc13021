import type { PlacedLinks } from './order.ts';
import { nearestInOrder } from './place.ts';

/** Ends of lines on one side of a box stand this far apart where the box is wide enough, and this far from its corners. */
const endGap = 18;
const cornerGap = 10;

interface EndsInput {
  readonly boxes: number;
  readonly links: PlacedLinks;
  readonly isStub: Uint8Array;
  readonly width: Float64Array;
  /** Of boxes and bends. */
  readonly center: Float64Array;
  readonly bendsOf: (link: number) => readonly [number, number];
}

/** Links that end at one place, and where each comes from or goes next. */
interface End {
  readonly next: number[];
  readonly links: number[];
}

/** The median, the left one of two: by it ends stand in one order whether places are counted or measured. */
export function middle(places: readonly number[]): number {
  return places.toSorted((a, b) => a - b)[(places.length - 1) >> 1]!;
}

/**
 * Where every link leaves its box and enters the next, in the coordinates of the centres. What is fixed stays; the
 * others are spread along the side of the box in the order they come from, so that each can be told apart and labelled.
 * A value leaves a box at one place for all its lines, and at another for its stubs.
 */
export function spreadEnds(input: EndsInput): { readonly from: Float64Array; readonly to: Float64Array } {
  return { from: spreadSide(input, 'from'), to: spreadSide(input, 'to') };
}

function spreadSide({ boxes, links, isStub, width, center, bendsOf }: EndsInput, side: 'from' | 'to'): Float64Array {
  const box = links[side];
  const other = links[side === 'from' ? 'to' : 'from'];
  const [fixed, otherFixed] = side === 'from' ? [links.fromAt, links.toAt] : [links.toAt, links.fromAt];
  const x = new Float64Array(links.count);
  const groups = new Map<number, End>();
  const ofBox: End[][] = Array.from({ length: boxes }, () => []);
  for (let link = 0; link < links.count; link++) {
    const own = box[link]!;
    if (!Number.isNaN(fixed[link]!)) {
      x[link] = center[own]! + fixed[link]!;
      continue;
    }
    const [first, last] = bendsOf(link);
    const next =
      first < last ? center[side === 'from' ? first : last - 1]! : center[other[link]!]! + (otherFixed[link]! || 0);
    const key = side === 'to' ? link : (links.value[link]! * 2 + isStub[link]!) * boxes + own;
    const group = groups.get(key);
    if (group) {
      group.next.push(next);
      group.links.push(link);
    } else {
      const made: End = { next: [next], links: [link] };
      groups.set(key, made);
      ofBox[own]!.push(made);
    }
  }
  for (const [own, ends] of ofBox.entries()) {
    if (ends.length === 0) continue;
    const room = Math.max(0, width[own]! - 2 * cornerGap);
    const left = center[own]! - room / 2;
    const mean = ({ next }: End) => next.reduce((sum, each) => sum + each, 0) / next.length;
    const wish = (end: End) => Math.max(left, Math.min(left + room, mean(end)));
    ends.sort((a, b) => middle(a.next) - middle(b.next) || a.links[0]! - b.links[0]!);
    const places = ends.length === 1 ? [center[own]!] : spread(Float64Array.from(ends, wish), left, room);
    for (const [index, { links: members }] of ends.entries()) for (const link of members) x[link] = places[index]!;
  }
  return x;
}

/** Places in a stretch, in the order of the wishes and near to them, as far apart as the stretch allows. */
function spread(wishes: Float64Array, left: number, room: number): Float64Array {
  const gap = Math.min(endGap, room / (wishes.length - 1));
  const offset = Float64Array.from(wishes, (_, index) => index * gap);
  const places = nearestInOrder(wishes, offset, new Float64Array(wishes.length).fill(1));
  // What stands out on one side moves in, as one row.
  return places.map((place, index) =>
    Math.max(left + offset[index]!, Math.min(left + room - (offset[places.length - 1]! - offset[index]!), place)),
  );
}
