/**
 * What quantization is said to bring beside the comparison with ONNX Runtime's tools: int4 at one row, the search on
 * a model that int8 harms, the samples' accuracy, and models that are better kept in float.
 *
 * OPSCOPE_BENCH_MODELS: folder of models. OPSCOPE_PYTHON: a Python with onnxruntime and onnx, for efficientnet_b0.
 * node bench/quantize/claims.ts [int4 | auto | samples | keep …]; writes bench/results/quantize-claims.{md,json}, in which
 * what was not asked for stays.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TensorValue } from '../../src/core/evaluator.ts';
import type { Model } from '../../src/core/graph/model.ts';
import { decibels } from '../../src/core/quantize/rounding-error.ts';
import type { QuantizeReport } from '../../src/core/report/report.ts';
import { toFloat32 } from '../../src/core/tensor/convert.ts';
import { writeNpz } from '../../src/core/tensor/npz.ts';
import { compareLatency } from '../../src/worker/compare-latency.ts';
import { createEvaluator } from '../../src/worker/evaluator.ts';
import { makeInputs } from '../../src/worker/inputs.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { saveModel } from '../../src/worker/save-model.ts';
import { parseModel } from '../../test/core/passes/graph-text.ts';
import { machine, measure } from '../process.ts';
import { type Claim, claimsTable, type Part } from './claims-table.ts';
import { keptAndQuantized } from './keep-models.ts';

const models = process.env.OPSCOPE_BENCH_MODELS;
const python = process.env.OPSCOPE_PYTHON;
if (!models || !python)
  throw new Error('Set OPSCOPE_BENCH_MODELS to a folder of models and OPSCOPE_PYTHON to a Python with onnxruntime.');
const here = import.meta.dirname;
const root = resolve(here, '../..');
const cli = join(root, 'dist/cli.js');
execFileSync(process.execPath, ['esbuild.mjs'], { cwd: root, stdio: 'ignore' });
const folder = mkdtempSync(join(tmpdir(), 'opscope-claims-'));
const manager = createRuntimeManager();
const evaluator = createEvaluator(manager);

/** Seconds for one comparison of latencies. */
const timeLimit = 6;

interface Opened {
  readonly model: Model;
  readonly path: string;
  readonly identity: {
    readonly path: string;
    readonly bytes: number;
    readonly irVersion: number;
    readonly producer: string;
    readonly opsets: Readonly<Record<string, number>>;
  };
}

const pathOf = (name: string): string => join(models, `${name}.onnx`);
const sample = (name: string, file: string): string => join(root, 'samples', name, file);
let written = 0;

/** The command line as users have it, single-threaded. */
async function quantize(
  path: string,
  ...given: readonly string[]
): Promise<{ report: QuantizeReport; path: string; output: string }> {
  const output = join(folder, `result-${written++}.onnx`);
  const shared = ['-o', output, '--threads', '1', '--time-limit', String(timeLimit), '--json', '--quiet'];
  const { output: json } = await measure(process.execPath, [cli, 'quantize', path, ...shared, ...given], {
    withChildren: true,
    mayEndWith: [0, 1],
  });
  const report = JSON.parse(json) as QuantizeReport;
  return { report, path: report.keepFloat ? path : output, output };
}

async function open(path: string): Promise<Opened> {
  const { model, bytes } = await openModel(path);
  return { model, path, identity: { path, bytes, irVersion: model.irVersion, producer: '', opsets: {} } };
}

const timed = ({ ratio, interval95: [low, high], verdict }: NonNullable<QuantizeReport['latency']>): string =>
  `${ratio.toFixed(2)} × the time (${low.toFixed(2)}–${high.toFixed(2)}), ${verdict}`;

/** Bytes of weights in blocks over those of the same weights as floats. */
function blockBytesShare({ graph }: Model): number {
  let blocks = 0;
  let floats = 0;
  for (const { opType, inputs, attributes } of graph.nodes) {
    if (opType !== 'MatMulNBits') continue;
    const size = (name: string) => {
      const attribute = attributes.get(name);
      return attribute?.type === 'int' ? Number(attribute.value) : 0;
    };
    floats += size('K') * size('N') * 4;
    for (const name of inputs.slice(1, 4)) blocks += graph.initializers.get(name)?.data.byteLength ?? 0;
  }
  return blocks / floats;
}

/** One row at a time, where reading weights is what takes time. */
async function int4(): Promise<Claim[]> {
  const mlp = join(folder, 'mlp.onnx');
  const layers = [1, 2, 3, 4];
  await saveModel(
    parseModel(
      [
        'opset 17',
        'in x0 float32 [1, 1024]',
        ...layers.flatMap((layer) => [
          `const w${layer} float32 [1024, 1024] = random`,
          `m${layer} = MatMul(x${layer - 1}, w${layer})`,
          `x${layer} = Tanh(m${layer})`,
        ]),
        'out x4 float32 [1, 1024]',
      ].join('\n'),
    ),
    mlp,
  );
  const claims: Claim[] = [];
  for (const [name, path, dims] of [
    ['MLP, 4 × 1024', mlp, []],
    ['llama_tiny', pathOf('llama_tiny'), ['--dim', 'batch=1', '--dim', 'seq=1']],
  ] as const) {
    const { report, path: result } = await quantize(path, '--scheme', 'int4-weights', ...dims);
    const share = blockBytesShare((await open(result)).model);
    claims.push({
      model: name,
      claim: 'int4 at one row: faster than float, weights in at most 0.2 of the bytes',
      holds: report.latency!.verdict === 'faster' && share <= 0.2,
      figures: `${timed(report.latency!)}; ${share.toFixed(3)} of the bytes`,
    });
  }
  return claims;
}

async function samplesOf(model: Model, count: number): Promise<string> {
  const data = mkdtempSync(join(folder, 'data-'));
  for (let index = 0; index < count; index++) {
    const { feeds } = await makeInputs(model, { dims: {}, seed: index + 1 });
    writeFileSync(join(data, `${String(index).padStart(4, '0')}.npz`), writeNpz(new Map(Object.entries(feeds[0]!))));
  }
  return data;
}

/** Of the first output, over inputs that calibrated neither. */
async function sqnr(reference: Model, other: Model): Promise<number> {
  const feeds: ReadonlyMap<string, TensorValue>[] = [];
  for (let seed = 500; seed < 508; seed++)
    feeds.push(new Map(Object.entries((await makeInputs(reference, { dims: {}, seed })).feeds[0]!)));
  const name = reference.graph.outputs[0]!.name;
  const outputsOf = async (model: Model) =>
    (await evaluator.run({ model, feeds, level: 'all' })).map((results) =>
      toFloat32('float32', results.get(name)!.bytes),
    );
  const [a, b] = [await outputsOf(reference), await outputsOf(other)];
  let signal = 0;
  let noise = 0;
  for (const [run, values] of a.entries()) {
    for (const [index, value] of values.entries()) {
      signal += value ** 2;
      noise += (value - b[run]![index]!) ** 2;
    }
  }
  return decibels({ signal, noise });
}

/** The search against ONNX Runtime's quantizer at its best settings. */
async function auto(): Promise<Claim[]> {
  const path = pathOf('efficientnet_b0');
  const float = await open(path);
  const data = await samplesOf(float.model, 8);
  const theirPath = join(folder, 'theirs.onnx');
  await measure(python!, [join(here, 'peer.py'), path, 'static-int8', data, theirPath], { withChildren: true });
  const { report, path: ourPath } = await quantize(path, '--scheme', 'auto', '--calibration', data, '--no-measure');
  const [theirs, ours] = [await open(theirPath), await open(ourPath)];
  const [theirDb, ourDb] = [await sqnr(float.model, theirs.model), await sqnr(float.model, ours.model)];
  const settings = { provider: 'cpu', threads: 1, timeLimit: 20, dims: {}, seed: 99 };
  const latency = await compareLatency(theirs, ours, { settings, level: 'all' }, { manager, opscope: 'bench' });
  const kept = report.keepFloat ? ' (keep fp32)' : '';
  return [
    {
      model: 'efficientnet_b0',
      claim: 'auto: at least 6 dB above ONNX Runtime, no slower',
      holds: ourDb >= theirDb + 6 && latency.verdict !== 'slower',
      figures: `${theirDb.toFixed(1)} → ${ourDb.toFixed(1)} dB${kept}; ${timed(latency)} than theirs`,
      candidates: report.candidates,
    },
  ];
}

/** Accuracy as people have it. */
async function samples(): Promise<Claim[]> {
  const claims: Claim[] = [];
  for (const name of ['image-classifier', 'log-classifier']) {
    const data = ['--calibration', sample(name, 'calibration.npz'), '--labelled', sample(name, 'evaluation.npz')];
    const path = sample(name, `${name}.onnx`);
    const { report } = await quantize(path, '--scheme', 'auto', ...data, '--time-limit', '3');
    const { before, after } = report.metric!;
    const lost = report.keepFloat ? 0 : (before - after) * 100;
    const time = report.keepFloat ? 'keep fp32' : timed(report.latency!);
    claims.push({
      model: name,
      claim: 'auto: at most 0.5 points of accuracy lost',
      holds: lost <= 0.5 + 1e-9,
      figures: `${(before * 100).toFixed(1)} → ${(before * 100 - lost).toFixed(1)} %; ${time}`,
      candidates: report.candidates,
    });
  }
  return claims;
}

/** Models that integers make no faster, and others that they do: the search and the plain scheme say which. */
async function keep(): Promise<Claim[]> {
  const claims: Claim[] = [];
  for (const { name, scheme, text, pays } of keptAndQuantized) {
    // A small difference that is there takes longer to see than that there is none.
    const shared = ['--random-calibration', '--time-limit', pays ? '2' : '0.5'];
    const path = join(folder, `${written++}.onnx`);
    await saveModel(parseModel(text), path);
    const { report: auto, output } = await quantize(path, '--scheme', 'auto', ...shared);
    const { report: plain } = await quantize(path, '--scheme', scheme, ...shared);
    const said = (report: QuantizeReport) => report.advice.filter((line) => line.startsWith('Keep fp32')).join(' ');
    const isKept = auto.keepFloat === true && said(auto) !== '' && said(plain) !== '' && !existsSync(output);
    const chosen = auto.candidates?.find((each) => each.chosen);
    claims.push({
      model: name,
      claim: pays ? 'control: integers pay, and are given' : 'integers do not pay: said, and nothing written',
      holds: pays
        ? chosen?.verdict === 'faster' && said(auto) === '' && said(plain) === '' && existsSync(output)
        : isKept,
      figures: [
        `auto: ${chosen ? `${chosen.label}, ${chosen.ratio!.toFixed(2)} × the time` : said(auto)}`,
        `${scheme}: ${timed(plain.latency!)}. ${said(plain)}`,
      ].join('; '),
    });
  }
  return claims;
}

const parts = { int4, auto, samples, keep };
const wanted = process.argv.slice(2);
const results = join(root, 'bench/results');
mkdirSync(results, { recursive: true });
const jsonPath = join(results, 'quantize-claims.json');
const found: Record<string, Part> = existsSync(jsonPath) ? JSON.parse(readFileSync(jsonPath, 'utf8')) : {};
try {
  for (const [name, part] of Object.entries(parts)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const start = performance.now();
    const about = { machine: `${machine()}, load ${loadavg()[0]!.toFixed(1)}`, date: new Date().toISOString() };
    try {
      const claims = await part();
      found[name] = { ...about, claims };
      for (const { model, figures, holds } of claims) console.log(`${holds ? 'holds' : 'FAILS'}: ${model}: ${figures}`);
    } catch (error) {
      found[name] = { ...about, claims: [], failure: (error as Error).message };
      console.warn(`${name}: ${(error as Error).message}`);
    }
    console.log(`${name}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
  }
} finally {
  manager.dispose();
  rmSync(folder, { recursive: true, force: true });
}
writeFileSync(jsonPath, `${JSON.stringify(found, null, 2)}\n`);
writeFileSync(join(results, 'quantize-claims.md'), claimsTable(found, timeLimit));
