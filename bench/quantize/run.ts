/**
 * Opscope against ONNX Runtime's Python quantizer, on the same models and data, in one run.
 *
 * OPSCOPE_BENCH_MODELS: folder of models. OPSCOPE_PYTHON: a Python with onnxruntime and onnx. OPSCOPE_CORPUS: where
 * RFB-320 lies.
 * node bench/quantize/run.ts [model …] [--auto] [--memory]; writes bench/results/quantize.{md,json}.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TensorValue } from '../../src/core/evaluator.ts';
import type { Model } from '../../src/core/graph/model.ts';
import { median } from '../../src/core/profile/statistics.ts';
import { decibels } from '../../src/core/quantize/rounding-error.ts';
import type { QuantizeReport } from '../../src/core/report/report.ts';
import { toFloat32 } from '../../src/core/tensor/convert.ts';
import { writeNpz } from '../../src/core/tensor/npz.ts';
import { compareLatency } from '../../src/worker/compare-latency.ts';
import { createEvaluator } from '../../src/worker/evaluator.ts';
import { makeInputs } from '../../src/worker/inputs.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { corpusModel, corpusModels, corpusPresent } from '../../test/corpus.ts';
import { machine, measure } from '../process.ts';

const models = process.env.OPSCOPE_BENCH_MODELS;
const python = process.env.OPSCOPE_PYTHON;
if (!models || !python)
  throw new Error('Set OPSCOPE_BENCH_MODELS to a folder of models and OPSCOPE_PYTHON to a Python with onnxruntime.');
const flags = new Set(process.argv.slice(2).filter((each) => each.startsWith('--')));
const wanted = process.argv.slice(2).filter((each) => !each.startsWith('--'));
const defaults: readonly (readonly [name: string, scheme: string])[] = [
  ['mobilenet_v2', 'static-int8'],
  ['resnet50', 'static-int8'],
  ['efficientnet_b0', 'static-int8'],
  ['densenet121', 'static-int8'],
  ['RFB-320', 'static-int8'],
  ['bert_base', 'dynamic-int8'],
  ['roberta_tiny', 'dynamic-int8'],
];
/** Where each model lies: exported ones in one folder, RFB-320 in the corpus. */
const pathOf = (name: string): string => {
  const exported = join(models, `${name}.onnx`);
  if (existsSync(exported) || !corpusPresent) return exported;
  return corpusModels.some((path) => path.endsWith(`${name}.onnx`)) ? corpusModel(`${name}.onnx`) : exported;
};
const chosen = defaults.filter(([name]) => wanted.length === 0 || wanted.includes(name));
const folder = mkdtempSync(join(tmpdir(), 'opscope-bench-'));
const manager = createRuntimeManager();
const evaluator = createEvaluator(manager);
const here = import.meta.dirname;
const results = resolve(here, '../results');
/** A search measures for minutes: once is enough. */
const turns = flags.has('--auto') ? 1 : 3;
const settings = { provider: 'cpu', threads: 1, timeLimit: 30, dims: {}, seed: 99 };

interface Side {
  readonly seconds: number;
  readonly peakMB: number;
  readonly sqnrDb: number;
  readonly megabytes: number;
}

interface Row {
  readonly model: string;
  readonly scheme: string;
  readonly theirs: Side;
  /** The better one of both. */
  readonly theirRange: Range;
  readonly ours: Side;
  readonly fused: string;
  /** Ours over theirs, and each over the float model. */
  readonly latency: Readonly<
    Record<
      'oursOverTheirs' | 'oursOverFloat' | 'theirsOverFloat',
      { ratio: number; interval95: readonly [number, number]; verdict: string }
    >
  >;
}

const open = async (path: string) => {
  const { model, bytes } = await openModel(path);
  return { model, path, identity: { path, bytes, irVersion: model.irVersion, producer: '', opsets: {} } };
};

/** One file a sample, as both tools read them. */
async function writeSamples(model: Model, count: number): Promise<string> {
  const data = mkdtempSync(join(folder, 'data-'));
  for (let index = 0; index < count; index++) {
    const { feeds } = await makeInputs(model, { dims: {}, seed: index + 1 });
    writeFileSync(join(data, `${String(index).padStart(4, '0')}.npz`), writeNpz(new Map(Object.entries(feeds[0]!))));
  }
  return data;
}

async function outputsOf(model: Model, feeds: readonly ReadonlyMap<string, TensorValue>[]) {
  return evaluator.run({ model, feeds, level: 'all' });
}

async function sqnr(reference: Model, other: Model): Promise<number> {
  const feeds: ReadonlyMap<string, TensorValue>[] = [];
  for (let seed = 500; seed < 508; seed++)
    feeds.push(new Map(Object.entries((await makeInputs(reference, { dims: {}, seed })).feeds[0]!)));
  const [a, b] = [await outputsOf(reference, feeds), await outputsOf(other, feeds)];
  const [name] = reference.graph.outputs.map((output) => output.name);
  let signal = 0;
  let noise = 0;
  for (const [index, results] of a.entries()) {
    const x = toFloat32('float32', results.get(name!)!.bytes);
    const y = toFloat32('float32', b[index]!.get(name!)!.bytes);
    for (let at = 0; at < x.length; at++) {
      signal += x[at]! ** 2;
      noise += (x[at]! - y[at]!) ** 2;
    }
  }
  return decibels({ signal, noise });
}

/** The command line as users have it. */
const cli = join(here, '../../dist/cli.js');
execFileSync(process.execPath, ['esbuild.mjs'], { cwd: join(here, '../..'), stdio: 'ignore' });

interface Run {
  readonly seconds: number;
  readonly peakMB: number;
  readonly report?: QuantizeReport;
}

/** Quantizes in a process of its own, which may start more; time and memory are those of all of it. */
async function quantizeOurs(model: string, scheme: string, data: string, output: string): Promise<Run> {
  // Searching measures; else both sides only quantize, and the comparison is made here.
  const only = scheme === 'auto' ? [] : ['--no-measure', '--no-verify'];
  const given = ['quantize', model, '-o', output, '--scheme', scheme, '--calibration', data, '--json', ...only];
  const run = await measure(process.execPath, [cli, ...given], { withChildren: true, mayEndWith: [0, 1] });
  return { seconds: run.seconds, peakMB: run.peak / 1e6, report: JSON.parse(run.output) };
}

/** Bits of their weights: all eight, or the seven that suit processors whose sums of products saturate. */
type Range = 'full' | 'reduced';

async function quantizeTheirs(model: string, scheme: string, data: string, output: string, range: Range): Promise<Run> {
  const given = [join(here, 'peer.py'), model, scheme, data, output, range];
  const { seconds, peak } = await measure(python!, given, { withChildren: true });
  return { seconds, peakMB: peak / 1e6 };
}

/** Medians of several runs. */
function middleOf(runs: readonly Run[]): Run {
  const of = (figure: (run: Run) => number) => median(runs.map(figure));
  return { ...runs[0]!, seconds: of(({ seconds }) => seconds), peakMB: of(({ peakMB }) => peakMB) };
}

async function benchmark(name: string, path: string, scheme: string): Promise<Row> {
  const float = await open(path);
  const data = await writeSamples(float.model, 16);
  const [theirPath, ourPath] = ['theirs', 'ours'].map((side) => join(folder, `${name}.${side}.onnx`)) as [
    string,
    string,
  ];
  // Their tools leave the range to the user, who tries both.
  const tried: { range: Range; db: number }[] = [];
  for (const range of ['full', 'reduced'] as const) {
    await quantizeTheirs(path, scheme, data, theirPath, range);
    tried.push({ range, db: await sqnr(float.model, (await open(theirPath)).model) });
  }
  const { range } = tried.reduce((a, b) => (b.db > a.db ? b : a));
  const runs: { theirs: Run; ours: Run }[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const theirs = await quantizeTheirs(path, scheme, data, theirPath, range);
    runs.push({ theirs, ours: await quantizeOurs(path, flags.has('--auto') ? 'auto' : scheme, data, ourPath) });
  }
  const [theirRun, ourRun] = [middleOf(runs.map(({ theirs }) => theirs)), middleOf(runs.map(({ ours }) => ours))];
  // A search that finds the float model best writes nothing.
  const [theirs, ours] = [await open(theirPath), await open(ourRun.report!.keepFloat ? path : ourPath)];
  const sideOf = async (run: Run, quantized: typeof float): Promise<Side> => ({
    seconds: run.seconds,
    peakMB: run.peakMB,
    sqnrDb: await sqnr(float.model, quantized.model),
    megabytes: statSync(quantized.path).size / 1e6,
  });
  const compare = async (a: typeof float, b: typeof float) => {
    const { ratio, interval95, verdict } = await compareLatency(
      a,
      b,
      { settings, level: 'all' },
      { manager, opscope: 'bench' },
    );
    return { ratio, interval95, verdict };
  };
  const row = {
    model: name,
    scheme: flags.has('--auto') ? 'auto' : scheme,
    theirs: await sideOf(theirRun, theirs),
    theirRange: range,
    ours: await sideOf(ourRun, ours),
    fused: `${ourRun.report!.fused.nodes} of ${ourRun.report!.fused.of}`,
    latency: {
      oursOverTheirs: await compare(theirs, ours),
      oursOverFloat: await compare(float, ours),
      theirsOverFloat: await compare(float, theirs),
    },
  };
  rmSync(data, { recursive: true });
  return row;
}

/** Peak memory of calibrating with 16 and with 512 samples. */
async function memory(path: string): Promise<{ readonly samples: number; readonly peakMB: number }[]> {
  const { model } = await open(path);
  const rows: { samples: number; peakMB: number }[] = [];
  for (const samples of [16, 512]) {
    const data = await writeSamples(model, samples);
    const { peakMB } = await quantizeOurs(path, 'static-int8', data, join(folder, 'memory.onnx'));
    rows.push({ samples, peakMB });
    rmSync(data, { recursive: true });
  }
  return rows;
}

function table(rows: readonly Row[]): string {
  const time = ({ ratio, interval95: [low, high], verdict }: Row['latency']['oursOverTheirs']) =>
    `${ratio.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)}) ${verdict}`;
  const lines = rows.map(({ model, scheme, theirs, theirRange, ours, fused, latency }) =>
    [
      model,
      scheme,
      `${theirs.sqnrDb.toFixed(1)}${theirRange === 'reduced' ? ' (7 bits)' : ''}`,
      ours.sqnrDb.toFixed(1),
      time(latency.oursOverTheirs),
      latency.theirsOverFloat.ratio.toFixed(2),
      latency.oursOverFloat.ratio.toFixed(2),
      theirs.seconds.toFixed(2),
      ours.seconds.toFixed(2),
      (ours.seconds / theirs.seconds).toFixed(2),
      theirs.peakMB.toFixed(0),
      ours.peakMB.toFixed(0),
      (ours.peakMB / theirs.peakMB).toFixed(2),
      theirs.megabytes.toFixed(1),
      ours.megabytes.toFixed(1),
      fused,
    ].join(' | '),
  );
  const heads = [
    'model',
    'scheme',
    'SQNR dB, theirs',
    'ours',
    'time, ours / theirs',
    'theirs / float',
    'ours / float',
    's, theirs',
    'ours',
    'ratio',
    'peak MB, theirs',
    'ours',
    'ratio',
    'MB, theirs',
    'ours',
    'fused, ours',
  ];
  return [
    `| ${heads.join(' | ')} |`,
    `|${heads.map(() => '---').join('|')}|`,
    ...lines.map((line) => `| ${line} |`),
  ].join('\n');
}

const rows: Row[] = [];
const failures: string[] = [];
let peaks: Awaited<ReturnType<typeof memory>> = [];
try {
  for (const [name, scheme] of chosen) {
    const path = pathOf(name);
    try {
      if (!existsSync(path)) throw new Error('The model is not there.');
      rows.push(await benchmark(name, path, scheme));
      console.log(table(rows.slice(-1)));
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message}`);
      console.warn(failures.at(-1));
    }
  }
  if (flags.has('--memory')) peaks = await memory(join(models, 'mobilenet_v2.onnx'));
} finally {
  manager.dispose();
  rmSync(folder, { recursive: true, force: true });
}
const versions = 'import onnx, onnxruntime; print(onnxruntime.__version__, onnx.__version__)';
const peers = execFileSync(python, ['-c', versions], { encoding: 'utf8' }).trim().split(' ');
const about = `${machine()}, load ${loadavg()[0]!.toFixed(1)}; theirs: ONNX Runtime ${peers[0]}, onnx ${peers[1]}`;
const peakLines = peaks.map(
  ({ samples, peakMB }) => `Peak memory, mobilenet_v2, ${samples} samples: ${peakMB.toFixed(0)} MB.`,
);
const how = `Same 16 samples for both, one file each; theirs with weights of 8 or 7 bits, whichever has the smaller error; error over 8 other inputs, first output; times single-threaded, A/B with 95 % interval; seconds and peak memory of the whole command with all its processes, imports included and pages of program files counted once, medians of ${turns}, in turns.`;
mkdirSync(results, { recursive: true });
const suffix = flags.has('--auto') ? '-auto' : '';
writeFileSync(
  join(results, `quantize${suffix}.json`),
  `${JSON.stringify({ machine: about, date: new Date().toISOString(), rows, peaks, failures }, null, 2)}\n`,
);
writeFileSync(
  join(results, `quantize${suffix}.md`),
  `# Quantization against ONNX Runtime's Python tools\n\n${about}\n\n${how}\n\n${table(rows)}\n\n${[...peakLines, ...failures.map((each) => `Not measured: ${each}`)].join('\n\n')}\n`,
);
