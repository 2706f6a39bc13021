import { expect, test } from 'vitest';
import type { NodeId } from '../../../src/core/graph/model.ts';
import { aboveCeilings, mainKernel, placeKernel, rooflineOf } from '../../../src/core/profile/roofline.ts';
import type { ProfiledKernel } from '../../../src/core/report/profile-report.ts';

const ceilings = { gflops: 100, gbPerSecond: 10, callMs: 0.002 };

test('a kernel is limited by what takes longest at the ceilings', () => {
  // 2 GFLOP take 20 ms at least, 40 MB take 4 ms.
  const product = placeKernel({ macs: 1e9, bytes: 4e7, milliseconds: 40, calls: 1 }, ceilings);
  expect(product).toMatchObject({ bound: 'compute', intensity: 50, gflops: 50, gbPerSecond: 1, attained: 0.5 });
  const copy = placeKernel({ macs: 0, bytes: 4e7, milliseconds: 5, calls: 1 }, ceilings);
  expect(copy).toMatchObject({ bound: 'memory', intensity: 0, gflops: 0, gbPerSecond: 8, attained: 0.8 });
  // Ten calls of 2 µs outweigh the 4 µs that 40 kB take.
  expect(placeKernel({ macs: 0, bytes: 4e4, milliseconds: 0.1, calls: 10 }, ceilings).bound).toBe('overhead');
});

const traced = (bytes: number) => ({
  name: '',
  opType: '',
  index: 0,
  provider: 'CPU',
  parent: -1,
  inputs: ['float32 [4]'],
  outputs: [],
  parameterBytes: bytes,
  activationBytes: bytes,
  outputBytes: bytes,
  memoryBefore: Number.NaN,
  memoryPeak: Number.NaN,
});
const kernel = (milliseconds: number, calls: number, nodes: NodeId[]): ProfiledKernel => ({
  name: '',
  opType: '',
  provider: 'CPU',
  milliseconds,
  calls,
  nodes,
  inserted: false,
});

test('work counts once, at the longest kernel of a node; conversions do none, and what is unknown is left out', () => {
  const [a, b, c] = [1, 2, 3] as NodeId[] as [NodeId, NodeId, NodeId];
  const nodes = [[a, b], [a], [c], [], [a]];
  const work = {
    kernels: nodes.map((own, index) => kernel([4, 2, 1, 1, 1][index]!, 2, own)),
    traced: [traced(100), traced(100), traced(100), traced(100), traced(Number.NaN)],
    covers: nodes.map((own, index) => ({ nodes: own, shares: own.map(() => 1 / own.length), inserted: index === 1 })),
    costs: new Map([
      [a, { macs: 1000, weightBytes: 0 }],
      [b, { macs: 2000, weightBytes: 300 }],
      [c, { macs: null, weightBytes: 0 }],
    ]),
  };
  const { kernels, gflops, unjudged } = rooflineOf(work, ceilings);
  expect(gflops).toBe(100);
  expect(kernels.map(({ kernel, macs, bytes }) => [kernel, macs, bytes])).toEqual([
    [0, 6000, 1000],
    [1, 0, 600],
  ]);
  expect(unjudged).toEqual([2, 3, 4]);
});

test('a lookup in a table reads the rows that it gives, not the table', () => {
  const work = {
    kernels: [kernel(1, 1, [1 as NodeId])],
    traced: [{ ...traced(1e9), opType: 'Gather', outputBytes: 100 }],
    covers: [{ nodes: [1 as NodeId], shares: [1], inserted: false }],
    costs: new Map([[1 as NodeId, { macs: 0, weightBytes: 1e9 }]]),
  };
  expect(rooflineOf(work, ceilings).kernels[0]!.bytes).toBe(200);
});

test('kernels of 8 and 16 bits are held against their own ceiling; what has none is not judged', () => {
  const given = [
    ['MatMulInteger', 'uint8 [4]', 'int8 [4]'],
    ['DynamicQuantizeMatMul', 'float32 [4]', 'int8 [4]'],
    ['MatMul', 'float32 [4]', 'float32 [4]'],
    ['MatMul', 'float16 [4]', 'float16 [4]'],
    ['MatMulNBits', 'float32 [4]', 'uint8 [4]', 'float32 [1]'],
    // Only moves data: the type does not matter.
    ['Transpose', 'float16 [4]'],
  ] as const;
  const work = {
    kernels: given.map((_, index) => kernel(40, 1, [index as NodeId])),
    traced: given.map(([opType, ...inputs]) => ({ ...traced(1e6), opType, inputs })),
    covers: given.map((_, index) => ({ nodes: [index as NodeId], shares: [1], inserted: false })),
    costs: new Map(
      given.map(([opType], index) => [index as NodeId, { macs: opType === 'Transpose' ? 0 : 1e9, weightBytes: 0 }]),
    ),
  };
  const { kernels, unjudged } = rooflineOf(work, { ...ceilings, int8Gops: 400 });
  // 2 GFLOP in 40 ms: half of 100 GFLOP/s, an eighth of 400 GOP/s.
  expect(kernels.map(({ kernel, arithmetic, attained }) => [kernel, arithmetic, attained])).toEqual([
    [0, 'int8', 0.125],
    [1, 'int8', 0.125],
    [2, 'float32', 0.5],
    [5, 'float32', expect.any(Number)],
  ]);
  expect(unjudged).toEqual([3, 4]);
  const { kernels: withHalf } = rooflineOf(work, { ...ceilings, int8Gops: 400, fp16Gflops: 200 });
  expect(withHalf[3]).toMatchObject({ kernel: 3, arithmetic: 'float16', attained: 0.25 });
  // Without a ceiling of int8, as in earlier reports.
  expect(rooflineOf(work, ceilings).unjudged).toEqual([0, 1, 3, 4]);
});

test('the main kernel of a node is the longest', () => {
  const kernels = [kernel(1, 1, []), kernel(3, 1, []), kernel(2, 1, [])];
  const node = { id: 1 as NodeId, name: '', opType: '', milliseconds: 1, spread: 0, share: 1, calls: 1, provider: '' };
  expect(mainKernel({ ...node, kernels: [0, 1, 2] }, { kernels })).toBe(1);
  expect(mainKernel({ ...node, kernels: [] }, { kernels })).toBe(-1);
});

test('kernels that multiply faster than the ceiling tell that it is too low; caches explain only memory', () => {
  const placed = (bytes: number, milliseconds: number) => ({
    kernel: 0,
    ...placeKernel({ macs: 1e9, bytes, milliseconds, calls: 1 }, ceilings),
  });
  // 20 ms at least for the products; 400 ms for 4 GB.
  expect(aboveCeilings({ ...ceilings, kernels: [placed(4e7, 9), placed(4e9, 15)] })).toEqual([]);
  expect(aboveCeilings({ ...ceilings, kernels: [placed(4e7, 7), placed(4e7, 30)] })).toEqual([
    expect.stringMatching(/^1 of 2 kernels multiply faster/),
  ]);
});
