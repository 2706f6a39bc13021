import { expect, test } from 'vitest';
import { profileOverlays } from '../../../src/core/profile/overlays.ts';
import type { ProfileReport } from '../../../src/core/report/profile-report.ts';
import { buildModel } from '../../worker/build-model.ts';

const model = buildModel({
  inputs: {},
  outputs: {},
  nodes: ['MatMul', 'Gelu', 'Relu'].map((opType) => ({ opType, inputs: [], outputs: [] })),
});
const [product, activation, folded] = model.graph.nodes.map(({ id }) => id);

/** Two kernels, one under a ceiling and one without; the third node was folded. */
const reportOf = (unjudged: readonly number[], written: number | undefined) =>
  ({
    kernels: [{ milliseconds: 2 }, { milliseconds: 1 }],
    nodes: [product, activation].map((id, kernel) => ({
      id,
      milliseconds: 1,
      provider: 'CPU',
      kernels: [kernel],
      ...(written === undefined ? {} : { outputBytes: written }),
    })),
    roofline: { kernels: [{ kernel: 0, bound: 'memory', attained: 0.5 }], unjudged },
  }) as unknown as ProfileReport;

const overlayOf = (report: ProfileReport, wanted: string) =>
  profileOverlays(model, report).find(({ id }) => id === wanted);

test('what has no ceiling is coloured as not judged, where there is such a kernel', () => {
  const { values, categories } = overlayOf(reportOf([1], 8), 'bound')!;
  expect([product, activation, folded].map((id) => categories![values[id!]!])).toEqual([
    'memory',
    'not judged',
    undefined,
  ]);
  expect(overlayOf(reportOf([], 8), 'bound')!.categories).not.toContain('not judged');
});

test('memory is there when the trace tells it, and a folded node takes none', () => {
  const { values } = overlayOf(reportOf([], 8), 'measured-memory')!;
  expect([product, activation, folded].map((id) => values[id!])).toEqual([8, 8, 0]);
  expect(overlayOf(reportOf([], undefined), 'measured-memory')).toBeUndefined();
});
