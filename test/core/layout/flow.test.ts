import { expect, test } from 'vitest';
import { type FlowInput, layoutFlow } from '../../../src/core/layout/flow.ts';
import { pinned } from '../../../src/core/layout/rank.ts';

const flowOf = (boxes: number, links: readonly (readonly [number, number])[], more: Partial<FlowInput> = {}) =>
  layoutFlow({
    width: new Float64Array(boxes).fill(100),
    height: new Float64Array(boxes).fill(28),
    links: {
      count: links.length,
      from: Int32Array.from(links, ([from]) => from),
      to: Int32Array.from(links, ([, to]) => to),
    },
    ...more,
  });

test('lines into a box end apart from each other, in the order they come from', () => {
  const { routes, x } = flowOf(4, [
    [0, 3],
    [1, 3],
    [2, 3],
  ]);
  const ends = [0, 1, 2].map((source) => ({ from: x[source]!, to: routes[source]!.at(-2)! }));
  ends.sort((a, b) => a.from - b.from);
  expect(ends[1]!.to - ends[0]!.to).toBeGreaterThanOrEqual(18);
  expect(ends[2]!.to - ends[1]!.to).toBeGreaterThanOrEqual(18);
});

test('a value leaves a box at one place, another value at another', () => {
  const links = [
    [0, 1],
    [0, 2],
    [0, 3],
  ] as const;
  const { routes } = flowOf(4, links, { value: Int32Array.of(7, 7, 8) });
  const [first, second, third] = routes.map((route) => route[0]!);
  expect(first).toBe(second);
  expect(third).not.toBe(first);
});

test('a line ends where a frame has its port', () => {
  const toAt = Float64Array.of(30);
  const { routes, x } = flowOf(2, [[0, 1]], { toAt });
  expect(routes[0]!.at(-2)).toBeCloseTo(x[1]! + 50 + 30);
});

test('what is pinned has the first row or the last alone', () => {
  // 0 and 4 are ports; 3 is read late and not fed.
  const links = [
    [0, 1],
    [1, 2],
    [3, 2],
    [1, 4],
  ] as const;
  const { y } = flowOf(5, links, { pin: Int8Array.of(pinned.top, 0, 0, 0, pinned.bottom) });
  const others = [1, 2, 3].map((box) => y[box]!);
  expect(y[0]!).toBeLessThan(Math.min(...others));
  expect(y[4]!).toBeGreaterThan(Math.max(...others));
});

test('beside a higher box a line runs straight to the edge of the row, not over that box', () => {
  const links = [
    [0, 2],
    [1, 2],
  ] as const;
  const { routes, x, y } = flowOf(3, links, { height: Float64Array.of(300, 28, 28) });
  const [startX, startY, nextX, nextY] = routes[1]!;
  expect(startY).toBe(y[1]! + 28);
  expect(nextX).toBe(startX);
  expect(nextY).toBe(y[0]! + 300);
  expect(startX).toBe(x[1]! + 50);
});

test('a trunk hangs straight, and what nothing feeds comes to it', () => {
  // 0 → 1 → 2 → 3, each but the first with two inputs of its own.
  const links = [1, 2, 3].flatMap(
    (box) =>
      [
        [box - 1, box],
        [2 * box + 2, box],
        [2 * box + 3, box],
      ] as const,
  );
  const { x, width } = flowOf(10, links);
  for (const box of [2, 3]) expect(Math.abs(x[box]! - x[1]!)).toBeLessThan(0.1);
  expect(width).toBeLessThanOrEqual(5 * 124);
});

test('a link that leads up is a stub', () => {
  const { isStub, y } = flowOf(2, [
    [0, 1],
    [1, 0],
  ]);
  expect([...isStub]).toEqual([0, 1]);
  expect(y[0]!).toBeLessThan(y[1]!);
});

test('branches that can be drawn without a crossing are', () => {
  // Two residual branches and a mask that is read inside: the mask has to take the side that no branch takes.
  const { crossings } = flowOf(8, [
    [0, 2],
    [1, 3],
    [2, 3],
    [0, 4],
    [3, 4],
    [4, 5],
    [5, 6],
    [4, 7],
    [6, 7],
    [1, 6],
  ]);
  expect(crossings).toBe(0);
});
