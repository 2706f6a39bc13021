import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { TensorValue } from '../../src/core/evaluator.ts';
import type { DataType } from '../../src/core/graph/data-type.ts';
import { fromNumbers } from '../../src/core/tensor/convert.ts';
import { CancelledError } from '../../src/protocol/rpc.ts';
import { prepareModel } from '../../src/worker/model-source.ts';
import { createRuntimeManager, TimeLimitError } from '../../src/worker/runtime-client.ts';
import { buildGraph, buildModel } from './build-model.ts';

const corpus = process.env.OPSCOPE_CORPUS ?? resolve(import.meta.dirname, '../../../shared/models');
const present = existsSync(join(corpus, 'MANIFEST.csv'));
if (!present) console.warn(`No models at ${corpus} (OPSCOPE_CORPUS): the tests that run models are skipped.`);
const node = join(corpus, 'intel__onnxruntime/js/node/test/testdata');
const cpu = { provider: 'cpu', level: 'all', threads: 1 } as const;

const manager = createRuntimeManager();
afterAll(() => manager.dispose());

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

describe('runtime process', () => {
  test('says its version, its providers and its process id', async () => {
    const facts = await manager.use(({ client }) => client.describe(undefined));
    expect(facts.version).toBe('1.30.0');
    expect(facts.backends).toContainEqual({ name: 'cpu', bundled: true });
    expect(facts.pid).toBe(manager.pid);
  });

  test('what wants a process in which nothing ran gets another one, where something ran', async () => {
    const own = createRuntimeManager();
    try {
      const untouched = await own.use(async ({ pid }) => pid);
      expect(await own.use(async ({ pid }) => pid, { fresh: true })).toBe(untouched);
      const { source, dispose } = await prepareModel(
        buildModel({
          inputs: { x: ['float32', [1]] },
          outputs: { y: ['float32', [1]] },
          nodes: [{ opType: 'Neg', inputs: ['x'], outputs: ['y'] }],
        }),
      );
      await own.use(({ client }) => client.createSession({ model: source, options: cpu }));
      await dispose();
      expect(await own.use(async ({ pid }) => pid)).toBe(untouched);
      expect(await own.use(async ({ pid }) => pid, { fresh: true })).not.toBe(untouched);
      const ending = new AbortController();
      const cancelled = own.use(async ({ client }) => client.describe(undefined), {
        fresh: true,
        signal: ending.signal,
      });
      // While it is asked whether something ran.
      setImmediate(() => ending.abort());
      await expect(cancelled).rejects.toBeInstanceOf(CancelledError);
    } finally {
      own.dispose();
    }
  });

  test('refuses a file that is no model with its reason', async () => {
    const model = { bytes: new TextEncoder().encode('no model') };
    await expect(manager.use(({ client }) => client.createSession({ model, options: cpu }))).rejects.toMatchObject({
      name: 'RuntimeError',
      message: expect.stringContaining('protobuf'),
    });
  });

  test('a process that dies rejects what waits, says why, and the next use gets a fresh one', async () => {
    const before = manager.pid!;
    const dying = manager.use(async ({ client, pid }) => {
      process.kill(pid, 'SIGSEGV');
      await client.describe(undefined);
    });
    await expect(dying).rejects.toMatchObject({
      name: 'ConnectionClosedError',
      message: expect.stringMatching(/crashed on this model \(SIGSEGV\)/),
    });
    const { pid } = await manager.use(({ client }) => client.describe(undefined));
    expect(pid).not.toBe(before);
  });

  test('a signal that is aborted already starts nothing', async () => {
    const use = manager.use(() => Promise.reject(new Error('was called')), { signal: AbortSignal.abort() });
    await expect(use).rejects.toBeInstanceOf(CancelledError);
  });
});

test("ONNX Runtime's own telemetry is off: nothing is written to the home or the temporary folder", async () => {
  const home = await mkdtemp(join(tmpdir(), 'opscope-test-'));
  const env = { HOME: home, TMPDIR: home, XDG_CACHE_HOME: home, XDG_CONFIG_HOME: home };
  const quiet = createRuntimeManager({ env });
  try {
    const model = { path: join(import.meta.dirname, '../../samples/image-classifier/image-classifier.onnx') };
    const pid = await quiet.use(async ({ client, pid: own }) => {
      await client.release(await client.createSession({ model, options: cpu }));
      return own;
    });
    expect(await readdir(home)).toEqual([]);
    expect(existsSync(`/tmp/mat-debug-${pid}.log`)).toBe(false);
  } finally {
    quiet.dispose();
    await rm(home, { recursive: true });
  }
});

describe.skipIf(!present)('runs of models (needs the models of OPSCOPE_CORPUS)', () => {
  const types: readonly [file: string, dtype: DataType, bytes: Uint8Array][] = [
    ['test_types_double', 'float64', bytesOf(new Float64Array([1.5, -2, 0, 3, 4]))],
    [
      '../../../../csharp/testdata/test_types_FLOAT16',
      'float16',
      bytesOf(new Uint16Array([0x3c00, 0xbc00, 0, 0x7bff, 1])),
    ],
    ['test_types_int8', 'int8', bytesOf(new Int8Array([-128, 127, 0, 1, 2]))],
    ['test_types_uint8', 'uint8', bytesOf(new Uint8Array([255, 0, 1, 2, 3]))],
    ['test_types_int16', 'int16', bytesOf(new Int16Array([-32768, 32767, 0, 1, 2]))],
    ['test_types_int32', 'int32', bytesOf(new Int32Array([-(2 ** 31), 2 ** 31 - 1, 0, 1, 2]))],
  ];

  test.each(types)('%s goes in and comes out bit for bit', async (file, dtype, bytes) => {
    const value: TensorValue = { dtype, dims: [1, 5], bytes };
    const outputs = await manager.use(async ({ client }) => {
      const model = { path: join(node, `${file}.onnx`) };
      const { session, inputs } = await client.createSession({ model, options: cpu });
      expect(inputs[0]!.dtype).toBe(dtype);
      const result = await client.run({ session, feeds: { [inputs[0]!.name]: value } });
      await client.release({ session });
      return result;
    });
    const [output] = Object.values(outputs);
    expect(output).toMatchObject({ dtype, dims: [1, 5] });
    expect([...output!.bytes]).toEqual([...bytes]);
  });

  test('says which input is missing, unknown, or of the wrong size', async () => {
    const model = { bytes: new Uint8Array(await readFile(join(node, 'test_types_int32.onnx'))) };
    await manager.use(async ({ client }) => {
      const { session, inputs } = await client.createSession({ model, options: cpu });
      const name = inputs[0]!.name;
      const value: TensorValue = { dtype: 'int32', dims: [1, 5], bytes: new Uint8Array(16) };
      await expect(client.run({ session, feeds: {} })).rejects.toThrow(`No data was given for the input ${name}.`);
      await expect(client.run({ session, feeds: { nothing: value } })).rejects.toThrow(
        'The model has no input nothing.',
      );
      await expect(client.run({ session, feeds: { [name]: value } })).rejects.toThrow(
        `Input ${name}: 16 bytes were given; int32 [1, 5] takes 20.`,
      );
      await client.release({ session });
      await expect(client.release({ session })).rejects.toThrow(`There is no session ${session}.`);
    });
  });

  test('times runs, and writes a trace and the optimized graph', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'opscope-test-'));
    try {
      const trace = await manager.use(async ({ client }) => {
        const { session, inputs } = await client.createSession({
          model: { path: join(node, 'test_types_int32.onnx') },
          options: { ...cpu, optimizedModelPath: join(folder, 'as-run.onnx'), profilePrefix: join(folder, 'trace') },
        });
        const value: TensorValue = { dtype: 'int32', dims: [1, 5], bytes: new Uint8Array(20) };
        const feeds = { [inputs[0]!.name]: value };
        const samples = await client.time({ session, feeds, count: 5 });
        expect(samples).toHaveLength(5);
        expect(samples.every((sample) => sample > 0)).toBe(true);
        const order = new Uint8Array([0, 1, 1, 0]);
        const pair = await client.timeInterleaved({
          sessions: [session, session],
          feeds: [feeds, feeds],
          order,
          each: 2,
        });
        expect(pair).toHaveLength(8);
        const limited = await client.time({ session, feeds, count: 1e6, timeLimit: 20 });
        expect(limited.length).toBeLessThan(1e6);
        return (await client.endProfiling({ session })).tracePath;
      });
      expect(JSON.parse(await readFile(trace, 'utf8')).length).toBeGreaterThan(10);
      expect(existsSync(join(folder, 'as-run.onnx'))).toBe(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('a process that says nothing is stopped, one that goes on running is not', async () => {
    const body = buildGraph({
      inputs: { i: ['int64', []], go: ['bool', []], v: ['float32', [1]] },
      outputs: { go_on: ['bool', []], v_next: ['float32', [1]] },
      nodes: [
        { opType: 'Identity', inputs: ['go'], outputs: ['go_on'] },
        { opType: 'Sin', inputs: ['v'], outputs: ['v_next'] },
      ],
    });
    const loop = buildModel({
      inputs: { n: ['int64', []], x: ['float32', [1]] },
      outputs: { y: ['float32', [1]] },
      nodes: [
        {
          opType: 'Loop',
          inputs: ['n', '', 'x'],
          outputs: ['y'],
          attributes: { body: { type: 'graph', value: body } },
        },
      ],
    });
    const prepared = await prepareModel(loop);
    const x: TensorValue = { dtype: 'float32', dims: [1], bytes: new Uint8Array(4) };
    const run = (trips: number, timeLimit: number) =>
      manager.use(
        async ({ client }) => {
          const { session } = await client.createSession({ model: prepared.source, options: cpu });
          const n: TensorValue = { dtype: 'int64', dims: [], bytes: fromNumbers('int64', [trips]) };
          return (await client.time({ session, feeds: { n, x }, count: 1e9, timeLimit })).length;
        },
        { silence: 1000 },
      );
    expect(await run(1, 3000)).toBeGreaterThan(1);
    await expect(run(1e12, 3000)).rejects.toBeInstanceOf(TimeLimitError);
    await prepared.dispose();
  });

  test('aborting stops a run within a second', async () => {
    const endless = (signal: AbortSignal) =>
      manager.use(
        async ({ client }) => {
          const model = { path: join(node, 'test_types_int32.onnx') };
          const { session, inputs } = await client.createSession({ model, options: cpu });
          const value: TensorValue = { dtype: 'int32', dims: [1, 5], bytes: new Uint8Array(20) };
          await client.time({ session, feeds: { [inputs[0]!.name]: value }, count: 1e8 });
        },
        { signal },
      );
    const controller = new AbortController();
    const aborted = endless(controller.signal);
    await new Promise((done) => setTimeout(done, 300));
    const pid = manager.pid!;
    const start = performance.now();
    controller.abort();
    await expect(aborted).rejects.toBeInstanceOf(CancelledError);
    while (isAlive(pid) && performance.now() - start < 5000) await new Promise((done) => setTimeout(done, 10));
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
