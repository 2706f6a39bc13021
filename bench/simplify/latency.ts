/**
 * Whether models run slower after `optimize`: every .onnx file of OPSCOPE_BENCH_MODELS and of OPSCOPE_CORPUS that the
 * simplifier changes is compared before and after, as `opscope compare` does it, at ONNX Runtime's default level.
 * One interval of 95 % in forty is "slower" by chance, so what comes out slower is compared again, for longer and with
 * another seed, and counts when it is slower again. Writes bench/results/simplify-latency.{md,json}.
 *
 *     OPSCOPE_BENCH_MODELS=… OPSCOPE_CORPUS=… node bench/simplify/latency.ts [seconds per model]
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { compareLatency } from '../../src/worker/compare-latency.ts';
import { modelIdentity } from '../../src/worker/inspect.ts';
import { type OpenedModel, openModel } from '../../src/worker/open-model.ts';
import { optimizeModel } from '../../src/worker/optimize.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { saveModel } from '../../src/worker/save-model.ts';
import { machine } from '../process.ts';

interface Comparison {
  readonly verdict: 'faster' | 'slower' | 'no-difference';
  readonly ratio: number;
  readonly interval95: readonly [number, number];
}
interface Row {
  readonly file: string;
  readonly nodes: readonly [before: number, after: number];
  readonly comparisons: readonly Comparison[];
}

const seconds = Number(process.argv[2] ?? 8);
const results = join(import.meta.dirname, '../results');
const scratch = mkdtempSync(join(tmpdir(), 'opscope-bench-'));
const manager = createRuntimeManager();
const rows: Row[] = [];
const unmeasured: { readonly file: string; readonly why: string }[] = [];
let unchanged = 0;

for (const path of models()) {
  try {
    const row = await measureModel(path);
    if (row) rows.push(row);
    else unchanged++;
  } catch (error) {
    unmeasured.push({ file: basename(path), why: String(error).split('\n')[0]!.slice(0, 160) });
  }
}
manager.dispose();
rmSync(scratch, { recursive: true });
writeFileSync(
  join(results, 'simplify-latency.json'),
  `${JSON.stringify({ machine: machine(), secondsPerModel: seconds, rows, unmeasured }, null, 1)}\n`,
);
writeFileSync(join(results, 'simplify-latency.md'), table());

function models(): readonly string[] {
  const { OPSCOPE_BENCH_MODELS: exported, OPSCOPE_CORPUS: corpus } = process.env;
  if (!exported && !corpus) throw new Error('Set OPSCOPE_BENCH_MODELS, OPSCOPE_CORPUS or both to folders of models.');
  const ofFolder = (folder: string) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.onnx'))
      .map((name) => join(folder, name));
  const listed = (folder: string) =>
    readFileSync(join(folder, 'MANIFEST.csv'), 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.split(',')[0]!)
      .filter((name) => name !== '')
      .map((name) => join(folder, name));
  return [...(exported ? ofFolder(exported) : []), ...(corpus ? listed(corpus) : [])];
}

/** Nothing when the simplifier leaves the model as it is. */
async function measureModel(path: string): Promise<Row | undefined> {
  const after = join(scratch, 'after.onnx');
  const before = await openModel(path);
  try {
    const { model, report } = await optimizeModel(before, {
      preset: 'default',
      verify: true,
      manager,
      opscope: '1.2.3',
    });
    if (report.passes.every(({ rewrites }) => rewrites === 0)) return undefined;
    await saveModel(model, after);
    const optimized = await openModel(after);
    try {
      const comparisons = [await compare(before, optimized, 1, seconds)];
      if (comparisons[0]!.verdict === 'slower') comparisons.push(await compare(before, optimized, 2, 4 * seconds));
      return { file: basename(path), nodes: [report.before.nodes, report.after.nodes], comparisons };
    } finally {
      await optimized.close();
    }
  } finally {
    await before.close();
  }
}

async function compare(a: OpenedModel, b: OpenedModel, seed: number, timeLimit: number): Promise<Comparison> {
  const measured = async (opened: OpenedModel) => ({
    model: opened.model,
    path: opened.path,
    identity: await modelIdentity(opened),
  });
  const { verdict, ratio, interval95 } = await compareLatency(
    await measured(a),
    await measured(b),
    { settings: { provider: 'cpu', threads: 1, timeLimit, dims: {}, seed }, level: 'all' },
    { manager, opscope: 'bench' },
  );
  return { verdict, ratio, interval95 };
}

function table(): string {
  const last = ({ comparisons }: Row) => comparisons.at(-1)!;
  const counted = (verdict: Comparison['verdict']) => rows.filter((row) => last(row).verdict === verdict);
  const percent = (ratio: number) => `${((ratio - 1) * 100).toFixed(1)} %`;
  const line = (row: Row) => {
    const { ratio, interval95 } = last(row);
    return `| ${row.file} | ${row.nodes[0]} → ${row.nodes[1]} | ${percent(ratio)} | ${interval95.map(percent).join(' to ')} |`;
  };
  const ordered = [...rows].sort((a, b) => last(a).ratio - last(b).ratio);
  const once = rows.filter(({ comparisons }) => comparisons.length > 1 && comparisons[1]!.verdict !== 'slower');
  return `# Latency after \`optimize\` against before

${machine()}. ONNX Runtime's default level, one thread, inputs at their default sizes, ${seconds} s per model.
Made by \`node bench/simplify/latency.ts\`.

| verdict | models |
|---|---:|
| faster | ${counted('faster').length} |
| no difference | ${counted('no-difference').length} |
| slower | ${counted('slower').length} |

${unchanged} files the simplifier leaves as they are; ${unmeasured.length} do not run in ONNX Runtime with random inputs.
${once.length} came out slower in the first comparison and not in the longer second one.

| slower | nodes | change | interval |
|---|---|---:|---:|
${counted('slower').map(line).join('\n')}

| faster, the first thirty | nodes | change | interval |
|---|---|---:|---:|
${ordered
  .filter((row) => last(row).verdict === 'faster')
  .slice(0, 30)
  .map(line)
  .join('\n')}
`;
}
