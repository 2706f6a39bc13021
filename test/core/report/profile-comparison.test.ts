import { describe, expect, test } from 'vitest';
import type { NodeId } from '../../../src/core/graph/model.ts';
import { compareProfiles, readProfileReport } from '../../../src/core/report/profile-comparison.ts';
import type { Environment, ProfiledNode, ProfileReport } from '../../../src/core/report/profile-report.ts';

const environment: Environment = {
  cpu: 'One',
  features: null,
  cores: 4,
  governor: null,
  load: 0,
  memory: 1,
  os: 'linux 6 x64',
  provider: 'cpu',
  threads: 0,
  level: 'all',
  onnxruntime: '1.30.0',
  opscope: '0.1.0',
  date: '2026-01-01T10:00:00Z',
};

const node = (name: string, milliseconds: number, id = 0): ProfiledNode => ({
  id: id as NodeId,
  name,
  opType: 'Relu',
  milliseconds,
  spread: 0.3,
  share: 1,
  calls: 1,
  provider: 'CPU',
  kernels: [0],
});

function report(median: number, nodes: readonly ProfiledNode[], sha256 = 'a'.repeat(64)): ProfileReport {
  return {
    schema: 1,
    model: { path: 'm.onnx', bytes: 1, sha256, irVersion: 8, producer: '', opsets: { '': 17 } },
    environment,
    inputs: [{ name: 'x', dtype: 'float32', shape: [1, 3], source: 'random' }],
    latency: {
      runs: 100,
      warmup: 2,
      median,
      interval95: [median - 0.1, median + 0.1],
      mean: median,
      min: median,
      max: median,
      stable: true,
      problems: [],
    },
    sessionMs: 1,
    nodes,
    kernels: [],
    kernelMs: 1,
    unattributedMs: 0,
    insertedMs: 0,
    transferMs: 0,
    gapsMs: 0,
    frameworkMs: 0,
    callMs: 0,
    wallMs: 1,
    overheadRatio: 1,
    profiledRuns: 10,
    problems: [],
  };
}

describe('two saved profiles', () => {
  test('have a ratio with what both intervals allow, and no verdict', () => {
    const { latency, problems } = compareProfiles(report(2, []), report(1, []));
    expect(latency.ratio).toBe(0.5);
    expect(latency.interval95).toEqual([0.9 / 2.1, 1.1 / 1.9]);
    expect(latency).not.toHaveProperty('verdict');
    expect(problems).toEqual([expect.stringMatching(/not in turns/)]);
  });

  test('are compared by the names of nodes, largest change first', () => {
    const a = report(2, [node('same', 1), node('slower', 1), node('gone', 0.5), node('', 1, 7)]);
    const b = report(2, [node('same', 1.1), node('slower', 4), node('new', 2), node('', 1, 7)]);
    const { nodes } = compareProfiles(a, b);
    expect(nodes.map(({ name, before, after }) => [name, before, after])).toEqual([
      ['slower', 1, 4],
      ['new', 0, 2],
      ['gone', 0.5, 0],
      ['same', 1, 1.1],
      ['#7', 1, 1],
    ]);
    expect(nodes[0]!.within).toBeCloseTo(Math.hypot(0.3, 0.3));
  });

  test('say when they are of other machines, settings, inputs or models, and when one is not stable', () => {
    const a = report(2, []);
    const b = report(2, [], 'b'.repeat(64));
    const there = { ...environment, cpu: 'Two', threads: 3, provider: 'cuda' };
    const inputs = [{ ...b.inputs[0]!, shape: [8, 3] }];
    const latency = { ...b.latency, stable: false, problems: ['It drifts.'] };
    const { problems } = compareProfiles(a, { ...b, environment: there, inputs, latency });
    expect(problems.slice(0, -1)).toEqual([
      'The models are different files.',
      'Processor: One for the first, Two for the second.',
      'Execution provider: cpu for the first, cuda for the second.',
      'Threads (0: chosen by ONNX Runtime): 0 for the first, 3 for the second.',
      'Inputs: x float32 1×3 for the first, x float32 8×3 for the second.',
      'The times of report 2 were not stable: It drifts.',
    ]);
    const { sha256: _, ...unknown } = a.model;
    expect(compareProfiles({ ...a, model: unknown }, a).problems[0]).toMatch(/no checksum/);
  });
});

describe('a report is read', () => {
  test('as it was written', () => {
    const written = report(2, [node('n', 1)]);
    expect(readProfileReport(`\uFEFF ${JSON.stringify(written)}\n`)).toEqual(written);
  });

  test.each([
    ['{"schema": 1,', /damaged or incomplete/],
    ['{"schema": 1, "graph": {}}', /not a report of a profile \(see report\.model\)/],
    [JSON.stringify({ ...report(2, []), nodes: [{ id: 0 }] }), /see report\.nodes\[0\]\.name/],
    [JSON.stringify({ ...report(2, []), schema: 99 }), /newer Opscope/],
  ])('or what is wrong is said: %.30s', (text, said) => {
    expect(readProfileReport(text)).toMatch(said);
  });
});
