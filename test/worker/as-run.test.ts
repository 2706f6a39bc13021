import { afterAll, expect, test } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { fromNumbers } from '../../src/core/tensor/convert.ts';
import { asRunScene } from '../../src/worker/as-run.ts';
import { profileModel } from '../../src/worker/profile.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { buildModel } from './build-model.ts';

const manager = createRuntimeManager();
afterAll(() => manager.dispose());

test('in the graph as run every box has the time of its own kernel, what ONNX Runtime put in too', async () => {
  const random = createRandom(1);
  const values = Array.from({ length: 16 * 16 * 9 }, () => random.next());
  const model = buildModel({
    inputs: { x: ['float32', [1, 16, 32, 32]] },
    outputs: { y: ['float32', [1, 16, 32, 32]] },
    initializers: { w: { dtype: 'float32', dims: [16, 16, 3, 3], bytes: fromNumbers('float32', values) } },
    nodes: [
      { opType: 'Conv', name: 'conv', inputs: ['x', 'w'], outputs: ['c'], attributes: { pads: [1, 1, 1, 1] } },
      { opType: 'Relu', name: 'relu', inputs: ['c'], outputs: ['r'] },
      { opType: 'Sin', name: 'sin', inputs: ['r'], outputs: ['y'] },
    ],
  });
  const settings = { provider: 'cpu', threads: 1, timeLimit: 10, dims: {}, seed: 1 };
  const target = { model, identity: { path: 'test.onnx', bytes: 0, irVersion: 10, producer: '', opsets: {} } };
  const options = { settings, runs: 4, warmup: 1, level: 'all' } as const;
  const { asRun, report } = await profileModel(target, options, { manager, opscope: '0' });
  const scene = await asRunScene(asRun!, 'all', new AbortController().signal);
  const { kind, label, milliseconds } = scene.nodes;
  const boxes = label.flatMap((name, box) =>
    kind[box] === 'node' || kind[box] === 'group' ? [[name, milliseconds![box]!] as const] : [],
  );
  // The reorders before and after the convolution serve it, and are not as hot as it.
  const inBoxes = boxes.map(([, time]) => time).sort();
  expect(inBoxes).toEqual(report.kernels.map((kernel) => kernel.milliseconds).sort());
  expect(report.kernels.some(({ inserted }) => inserted)).toBe(true);
});
