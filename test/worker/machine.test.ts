import { readdir } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { modelBytes } from '../../src/core/onnx/model-bytes.ts';
import { coresIn, describeEnvironment, physicalCores } from '../../src/worker/machine.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { buildModel } from './build-model.ts';

const manager = createRuntimeManager();
afterAll(() => manager.dispose());

const processor = (number: number, socket: number, core: number) =>
  `processor\t: ${number}\nphysical id\t: ${socket}\ncore id\t\t: ${core}\n`;

describe('cores', () => {
  test('threads of one core count once, and cores of the same number in two sockets twice', () => {
    const text = [processor(0, 0, 0), processor(1, 0, 0), processor(2, 1, 0), processor(3, 1, 0)].join('\n');
    expect(coresIn(text)).toBe(2);
  });

  test('processors without such numbers count each; a list without any gives nothing', () => {
    expect(coresIn('processor\t: 0\n\nprocessor\t: 1\n\nHardware\t: Board\n')).toBe(2);
    expect(coresIn('')).toBeNull();
  });

  // Threads of another process are listed in a folder on Linux alone.
  test.skipIf(process.platform !== 'linux')(
    'are as many as ONNX Runtime takes threads when it may choose',
    async () => {
      const model = buildModel({
        inputs: { x: ['float32', [1]] },
        outputs: { y: ['float32', [1]] },
        nodes: [{ opType: 'Neg', inputs: ['x'], outputs: ['y'] }],
      });
      const bytes = await modelBytes(model);
      const threadsBeside = (threads: number) =>
        manager.use(async ({ client }) => {
          const count = async () => (await readdir(`/proc/${manager.pid}/task`)).length;
          const before = await count();
          await client.createSession({ model: { bytes }, options: { provider: 'cpu', threads, level: 'all' } });
          return (await count()) - before;
        });
      // The first session starts what all share.
      await threadsBeside(1);
      expect(await threadsBeside(3)).toBe(2);
      // The caller's own thread is one of them.
      expect(await threadsBeside(0)).toBe((await physicalCores())! - 1);
    },
  );
});

test('an environment names the threads that ONNX Runtime chooses, where it may choose', async () => {
  const settings = { provider: 'cpu', level: 'all', onnxruntime: '1', opscope: '1' };
  expect((await describeEnvironment({ ...settings, threads: 2 })).defaultThreads).toBeUndefined();
  expect((await describeEnvironment({ ...settings, threads: 0 })).defaultThreads).toBe(
    (await physicalCores()) ?? undefined,
  );
});
