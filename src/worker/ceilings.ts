import { join } from 'node:path';
import { english } from '../core/english.ts';
import type { TensorValue } from '../core/evaluator.ts';
import { modelBytes } from '../core/onnx/model-bytes.ts';
import { mean, median } from '../core/profile/statistics.ts';
import type { Trace } from '../core/profile/trace.ts';
import type { Ceilings } from '../core/report/profile-report.ts';
import { fromNumbers } from '../core/tensor/convert.ts';
import { makeTemporaryFolder } from './model-source.ts';
import { probeModel } from './probe-model.ts';
import type { RuntimeManager } from './runtime-client.ts';
import { readTraceFile } from './trace-file.ts';

/** Side of the square matrices: 2 GFLOP a product, and still done in a tenth of a second by one slow core. */
const side = 1024;
/** Elements of the large vector: 64 MB, more than most caches hold. */
const elements = 1 << 24;
const smallKernels = 48;
/** The first runs allocate; the best of the others counts, as a ceiling is what the machine does undisturbed. */
const runs = { warmup: 2, most: 12, timeLimit: 1500 } as const;

export interface Probed {
  /** 0: as ONNX Runtime likes. */
  readonly threads: number;
  /** Half precision as well, which takes longer, and matters to few models. */
  readonly half: boolean;
}

/** What has been seen so far, by what was asked for. */
const known = new Map<string, { readonly ceilings: Ceilings; readonly probes: number }>();
/** Something else may run beside a probe: the best of so many counts, made as they are asked for. */
const mostProbes = 3;

/** What this machine does at most on the CPU. Takes up to 2 s, three times a process. */
export async function measureCeilings(
  manager: RuntimeManager,
  probed: Probed,
  signal?: AbortSignal,
): Promise<Ceilings> {
  const key = `${probed.threads} ${probed.half}`;
  const before = known.get(key);
  if (before && before.probes >= mostProbes) return before.ceilings;
  const now = await probe(manager, probed, signal);
  const ceilings = before ? better(before.ceilings, now) : now;
  known.set(key, { ceilings, probes: (before?.probes ?? 0) + 1 });
  return ceilings;
}

function better(a: Ceilings, b: Ceilings): Ceilings {
  return {
    gflops: Math.max(a.gflops, b.gflops),
    int8Gops: Math.max(a.int8Gops ?? 0, b.int8Gops ?? 0),
    ...(a.fp16Gflops === undefined ? {} : { fp16Gflops: Math.max(a.fp16Gflops, b.fp16Gflops ?? 0) }),
    gbPerSecond: Math.max(a.gbPerSecond, b.gbPerSecond),
    callMs: Math.min(a.callMs, b.callMs),
  };
}

async function probe(
  manager: RuntimeManager,
  { threads, half }: Probed,
  signal: AbortSignal | undefined,
): Promise<Ceilings> {
  const folder = await makeTemporaryFolder();
  try {
    const bytes = await modelBytes(ceilingModel(half));
    const path = await manager.use(
      async ({ client }) => {
        const options = {
          provider: 'cpu',
          level: 'basic',
          threads,
          profilePrefix: join(folder.path, 'trace'),
        } as const;
        const { session } = await client.createSession({ model: { bytes }, options });
        const x: TensorValue = { dtype: 'float32', dims: [1], bytes: fromNumbers('float32', [1]) };
        await client.time({ session, feeds: { x }, count: runs.most, timeLimit: runs.timeLimit });
        const { tracePath } = await client.endProfiling({ session });
        await client.release({ session });
        return tracePath;
      },
      { signal, silence: 60_000 },
    );
    return readCeilings(await readTraceFile(path));
  } finally {
    await folder.remove();
  }
}

/** Where the provider has no kernel for half precision, ONNX Runtime casts what goes in and out. */
const halfProduct = [
  { opType: 'CastLike', inputs: ['matrix', 'weights16'], output: 'matrix16' },
  { opType: 'MatMul', inputs: ['matrix16', 'weights16'], output: 'half' },
  { opType: 'CastLike', inputs: ['half', 'x'], output: 'half_float' },
  { opType: 'ReduceMax', inputs: ['half_float'], output: 'half_most' },
];

/** The large tensors are made inside: nothing of size goes in or out, so the trace has the kernels undisturbed. */
function ceilingModel(half: boolean) {
  const small = Array.from({ length: smallKernels }, (_, index) => ({
    // Two alike in a row would be one.
    opType: index % 2 === 0 ? 'Neg' : 'Relu',
    inputs: [index === 0 ? 'x' : `small${index - 1}`],
    output: `small${index}`,
  }));
  return probeModel({
    inputs: { x: [1] },
    outputs: {
      product_most: [1, 1],
      whole_most_float: [1, 1],
      ...(half ? { half_most: [1, 1] } : {}),
      copy_most: [1],
      sum_most: [1],
      [small.at(-1)!.output]: [1],
    },
    shapes: { square: [side, side], long: [elements] },
    zeros: { int8: { weights8: [side, side] }, ...(half ? { float16: { weights16: [side, side] } } : {}) },
    nodes: [
      { opType: 'Expand', inputs: ['x', 'square'], output: 'matrix' },
      // Folded into a constant, as weights are: ONNX Runtime lays those out for its kernels beforehand.
      { opType: 'ConstantOfShape', inputs: ['square'], output: 'weights' },
      { opType: 'MatMul', inputs: ['matrix', 'weights'], output: 'product' },
      { opType: 'ReduceMax', inputs: ['product'], output: 'product_most' },
      // Unsigned activations and signed weights are what processors have instructions for.
      { opType: 'DynamicQuantizeLinear', inputs: ['matrix'], output: 'matrix8', more: ['scale', 'zero'] },
      { opType: 'MatMulInteger', inputs: ['matrix8', 'weights8'], output: 'whole' },
      { opType: 'ReduceMax', inputs: ['whole'], output: 'whole_most' },
      { opType: 'CastLike', inputs: ['whole_most', 'x'], output: 'whole_most_float' },
      ...(half ? halfProduct : []),
      { opType: 'Expand', inputs: ['x', 'long'], output: 'vector' },
      { opType: 'Add', inputs: ['vector', 'x'], output: 'sum' },
      { opType: 'ReduceMax', inputs: ['sum'], output: 'sum_most' },
      { opType: 'Relu', inputs: ['vector'], output: 'copy' },
      { opType: 'ReduceMax', inputs: ['copy'], output: 'copy_most' },
      ...small,
    ],
  });
}

function readCeilings({ kernels, runs: all }: Trace): Ceilings {
  const counted = all.length > runs.warmup ? all.slice(runs.warmup) : all;
  const timesOf = (name: string): readonly number[] => {
    const place = kernels.findIndex((kernel) => kernel.name === name);
    const times = counted.flatMap(({ kernel, durations }) => {
      const at = kernel.indexOf(place);
      return at < 0 ? [] : [durations[at]!];
    });
    if (times.length === 0)
      throw new Error(english`The machine's ceilings could not be measured: the trace lacks a kernel.`);
    return times;
  };
  const fastest = (name: string) => Math.min(...timesOf(name));
  const moved = 2 * 4 * elements;
  const computesInHalf = kernels.some(({ name, inputs }) => name === 'half' && inputs[0]?.startsWith('float16'));
  const small = Array.from({ length: smallKernels }, (_, index) => median(timesOf(`small${index}`)));
  return {
    gflops: (2 * side ** 3) / (fastest('product') * 1e6),
    int8Gops: (2 * side ** 3) / (fastest('whole') * 1e6),
    ...(computesInHalf ? { fp16Gflops: (2 * side ** 3) / (fastest('half') * 1e6) } : {}),
    gbPerSecond: moved / (Math.min(fastest('copy'), fastest('sum')) * 1e6),
    callMs: mean(small),
  };
}
