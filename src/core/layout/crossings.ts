import type { SceneEdges } from './scene.ts';

/** Segments of routes from top to bottom, cut into bands, so that only those at one height are compared. */
const bandHeight = 64;

/**
 * How often routes cross, corners joined by straight lines; routes that share an end at that point do not count.
 * A route is x and y in turn.
 */
export function routeCrossings(routes: readonly ArrayLike<number>[]): number {
  const bands = new Map<number, number[]>();
  const segments: number[] = [];
  for (const [route, points] of routes.entries()) {
    for (let at = 2; at < points.length; at += 2) {
      const index = segments.length / 5;
      segments.push(points[at - 2]!, points[at - 1]!, points[at]!, points[at + 1]!, route);
      const [low, high] = [Math.min(points[at - 1]!, points[at + 1]!), Math.max(points[at - 1]!, points[at + 1]!)];
      for (let band = Math.floor(low / bandHeight); band <= Math.floor(high / bandHeight); band++) {
        const list = bands.get(band);
        if (list) list.push(index);
        else bands.set(band, [index]);
      }
    }
  }
  let crossings = 0;
  for (const [band, list] of bands) {
    for (let first = 0; first < list.length; first++) {
      for (let second = first + 1; second < list.length; second++) {
        const y = crossingHeight(segments, list[first]! * 5, list[second]! * 5);
        // A pair that meets in several bands is counted in the one it crosses in.
        if (y !== undefined && Math.floor(y / bandHeight) === band) crossings++;
      }
    }
  }
  return crossings;
}

/** Where two segments cross strictly inside both; undefined when they do not, or belong to one route. */
function crossingHeight(s: readonly number[], a: number, b: number): number | undefined {
  if (s[a + 4] === s[b + 4]) return undefined;
  const [x1, y1, x2, y2] = [s[a]!, s[a + 1]!, s[a + 2]!, s[a + 3]!];
  const [x3, y3, x4, y4] = [s[b]!, s[b + 1]!, s[b + 2]!, s[b + 3]!];
  const denominator = (x2 - x1) * (y4 - y3) - (y2 - y1) * (x4 - x3);
  if (Math.abs(denominator) < 1e-9) return undefined;
  const t = ((x3 - x1) * (y4 - y3) - (y3 - y1) * (x4 - x3)) / denominator;
  const u = ((x3 - x1) * (y2 - y1) - (y3 - y1) * (x2 - x1)) / denominator;
  const inside = (value: number) => value > 1e-6 && value < 1 - 1e-6;
  return inside(t) && inside(u) ? y1 + t * (y2 - y1) : undefined;
}

/** The routes of a scene's lines; edges that are drawn as stubs have none. */
export function lineRoutes({ count, kind, points, offsets }: SceneEdges): readonly Float32Array[] {
  const lines = Array.from({ length: count }, (_, edge) => edge).filter((edge) => kind[edge] === 'line');
  return lines.map((edge) => points.subarray(offsets[edge]!, offsets[edge + 1]!));
}
