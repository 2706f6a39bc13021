/** Crossings that no order of the rows can avoid, but other rows can: some links made longer. */
import type { Ordered, Rows } from './order.ts';
import type { Links } from './rank.ts';
import { crossedLinks } from './row-crossings.ts';

/** Boxes in rows, the rows in order. */
export interface Arranged {
  readonly rank: Int32Array;
  readonly rows: Rows;
  readonly ordered: Ordered;
  /** By link between rows: the link of the graph that it is a part of. */
  readonly partOf: Int32Array;
  /** Bends of a link of the graph: the first, and one past the last. */
  readonly bendsOf: (link: number) => readonly [number, number];
  /** In pixels. */
  readonly height: number;
}

/** Rows that links are made longer by, and the height that a crossing is worth, about that of two rows of plain boxes. */
const extras = [1, 2];
const heightOfCrossing = 160;

/**
 * While lines cross, makes all links that leave or that enter one box at a crossing longer, and keeps what has fewer
 * crossings. `arrange` puts the boxes in rows given the least rows that links lead down.
 */
export function* stretch(
  start: Arranged,
  links: Links,
  attempts: number,
  arrange: (length: Uint8Array) => Generator<void, Arranged>,
): Generator<void, Arranged> {
  let best = start;
  let length = new Uint8Array(links.count).fill(1);
  let left = attempts;
  for (let isBetter = true; isBetter && best.ordered.crossings > 0 && left > 0; ) {
    isBetter = false;
    for (const [end, box] of crossedBoxes(best, links)) {
      for (const extra of extras) {
        if (left-- <= 0) return best;
        const longer = length.map((each, link) => (links[end][link] === box ? each + extra : each));
        const next = yield* arrange(longer);
        const saved = best.ordered.crossings - next.ordered.crossings;
        if (saved <= 0 || next.height > best.height + saved * heightOfCrossing) continue;
        [best, length, isBetter] = [next, longer, true];
        break;
      }
      if (isBetter) break;
    }
  }
  return best;
}

/** The ends of links that cross, the lower ends first. */
function crossedBoxes({ ordered, rows, partOf }: Arranged, links: Links): (readonly ['from' | 'to', number])[] {
  const crossed = [...new Set(crossedLinks(ordered.rows, rows).map((part) => partOf[part]!))];
  return (['to', 'from'] as const).flatMap((end) =>
    [...new Set(crossed.map((link) => links[end][link]!))].map((box) => [end, box] as const),
  );
}
