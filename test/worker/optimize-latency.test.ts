import { afterAll, expect, test } from 'vitest';
import { catalog } from '../../src/core/passes/catalog.ts';
import type { Pass } from '../../src/core/passes/pass.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { optimizeModel } from '../../src/worker/optimize.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { sampleModels } from '../corpus.ts';

const manager = createRuntimeManager();
afterAll(() => manager.dispose());

/** So many that the result takes a multiple of the time on any machine. */
const negations = 400;

/** Right and slow: turns the sign of an activation back and forth. */
const slow: Pass = {
  name: 'negate-often',
  title: 'Slow',
  summary: 'Negates what a Clip gives an even number of times.',
  exactness: 'exact',
  run: (draft) => {
    const clip = draft.main.nodes().find(({ opType }) => opType === 'Clip');
    const [output] = clip?.outputs ?? [];
    if (!clip || !output || output.startsWith('negated')) return;
    draft.main.rewrite(clip, 'It takes long.', (edit) => {
      edit.change(clip, { outputs: ['negated0'] });
      for (let n = 0; n < negations; n++) {
        const next = n === negations - 1 ? output : `negated${n + 1}`;
        edit.add({ opType: 'Neg', inputs: [`negated${n}`], outputs: [next] });
      }
    });
  },
};

test('a pass that makes the result slower is found by measuring, taken back and named', {
  timeout: 300_000,
}, async () => {
  const passes = catalog as Pass[];
  passes.splice(
    passes.findIndex(({ name }) => name === 'fuse-conv-bn'),
    0,
    slow,
  );
  try {
    const opened = await openModel(sampleModels[0]!);
    const { model, report } = await optimizeModel(opened, {
      preset: 'default',
      passes: ['hoist-constants', slow.name, 'fuse-conv-bn', 'eliminate-dead-code'],
      verify: true,
      // On a busy machine two seconds are too few to tell anything.
      measure: { provider: 'cpu', threads: 1, timeLimit: 8, dims: {}, seed: 1 },
      manager,
      opscope: '1.2.3',
    });
    expect(report.rolledBack).toEqual([
      { pass: slow.name, kind: 'latency', reason: expect.stringMatching(/^With it, a run takes \d+\.\d % longer\.$/) },
    ]);
    expect(model.graph.nodes.filter(({ opType }) => opType === 'Neg')).toEqual([]);
    expect(report.passes.map(({ name }) => name)).toContain('fuse-conv-bn');
    expect(report.verdict.status).toMatch(/equal|close/);
    expect(report.latency!.rounds).toBeGreaterThan(5);
    expect(report.latency!.verdict).not.toBe('slower');
    await opened.close();
  } finally {
    passes.splice(passes.indexOf(slow), 1);
  }
});

test('what cannot be measured is still simplified, and the report says so', async () => {
  const opened = await openModel(sampleModels[0]!);
  const { report } = await optimizeModel(opened, {
    preset: 'default',
    verify: false,
    measure: { provider: 'nowhere', threads: 1, timeLimit: 2, dims: {}, seed: 1 },
    manager,
    opscope: '1.2.3',
  });
  expect(report.after.nodes).toBeLessThan(report.before.nodes);
  expect(report.latency).toBeUndefined();
  expect(report.problems).toEqual([expect.stringMatching(/^Latency was not measured: .*nowhere/)]);
  await opened.close();
});
