/**
 * Whether tune reaches a target that the model as it is misses, and says the same when it runs again: three models of
 * the corpus, each asked twice for 0.8 of its own 90th percentile.
 *
 * OPSCOPE_CORPUS: the models. node bench/tune/run.ts [--time-limit SECONDS]; writes bench/results/tune.{md,json}.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TuneReport } from '../../src/core/report/report.ts';
import { tuneVerdict } from '../../src/core/report/tune-document.ts';
import { writeNpz } from '../../src/core/tensor/npz.ts';
import { makeInputs } from '../../src/worker/inputs.ts';
import { type OpenedModel, openModel } from '../../src/worker/open-model.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { type TuneOptions, tuneModel } from '../../src/worker/tune.ts';
import { corpusModel } from '../../test/corpus.ts';
import { machine } from '../process.ts';

const models = [
  { name: 'RFB-320', file: 'version-RFB-320.onnx' },
  { name: 'basic-pitch', file: 'nmp.onnx' },
  { name: 'magika', file: 'standard_v3_3/model.onnx' },
];
const share = 0.8;
const samples = 16;
const flag = process.argv.indexOf('--time-limit');
const timeLimit = flag < 0 ? 20 : Number(process.argv[flag + 1]);
const settings = { provider: 'cpu', threads: 0, timeLimit, dims: {}, seed: 1 };
const folder = mkdtempSync(join(tmpdir(), 'opscope-bench-tune-'));
const manager = createRuntimeManager();

interface Row {
  readonly model: string;
  readonly target: number;
  readonly runs: readonly Pick<TuneReport, 'met' | 'p90' | 'steps' | 'settings' | 'advice' | 'sqnrDb'>[];
  readonly sameVerdict: boolean;
  readonly sameSteps: boolean;
}

async function tune(opened: OpenedModel, options: Omit<TuneOptions, 'settings'>): Promise<TuneReport> {
  const { report, close } = await tuneModel(opened, { settings, ...options }, { manager, opscope: 'bench' });
  await close();
  return report;
}

/** Made-up data: what counts here is time, and it is the same for both runs. */
async function writeSamples({ model }: OpenedModel): Promise<string> {
  const data = mkdtempSync(join(folder, 'data-'));
  for (let index = 0; index < samples; index++) {
    const { feeds } = await makeInputs(model, { dims: {}, seed: index + 1 });
    writeFileSync(join(data, `${String(index).padStart(4, '0')}.npz`), writeNpz(new Map(Object.entries(feeds[0]!))));
  }
  return data;
}

const kept = ({ steps }: Pick<TuneReport, 'steps'>): string =>
  steps
    .filter((step) => step.kept && step.step !== 'measure')
    .map(({ step, what }) => (step === 'simplify' ? step : `${step}: ${what}`))
    .join(', ') || 'nothing';

async function benchmark(name: string, file: string): Promise<Row> {
  const opened = await openModel(corpusModel(file));
  try {
    const calibration = await writeSamples(opened);
    // A target that anything meets measures the model as it is, in the rounds that decide later.
    const { p90 } = await tune(opened, { p90: 1e6 });
    const target = p90.before.median * share;
    const runs: TuneReport[] = [];
    for (let run = 0; run < 2; run++) runs.push(await tune(opened, { p90: target, calibration }));
    return {
      model: name,
      target,
      runs: runs.map(({ met, p90, steps, settings, advice, sqnrDb = null }) => {
        return { met, p90, steps, settings, advice, sqnrDb };
      }),
      sameVerdict: runs[0]!.met === runs[1]!.met,
      sameSteps: kept(runs[0]!) === kept(runs[1]!),
    };
  } finally {
    await opened.close();
  }
}

const ms = (value: number): string => value.toPrecision(3);

function lines({ model, target, runs, sameVerdict, sameSteps }: Row): string {
  const rows = runs.map(({ met, p90, steps }, index) => {
    const [low, high] = p90.after.interval;
    const after = `${ms(p90.after.median)} (${ms(low)}–${ms(high)})`;
    return `| ${model} | ${index + 1} | ${ms(target)} | ${ms(p90.before.median)} | ${after} | ${tuneVerdict(met)} | ${kept({ steps })} | ${sameVerdict ? 'yes' : 'no'} | ${sameSteps ? 'yes' : 'no'} |`;
  });
  return rows.join('\n');
}

const rows: Row[] = [];
try {
  for (const { name, file } of models) {
    rows.push(await benchmark(name, file));
    console.log(lines(rows.at(-1)!));
  }
} finally {
  manager.dispose();
  rmSync(folder, { recursive: true, force: true });
}
const about = `${machine()}, load ${loadavg()[0]!.toFixed(1)}, at most ${timeLimit} s a measurement`;
const head =
  '| model | run | target, ms | p90 before | p90 after (rounds between) | target | kept | same verdict | same steps |\n|---|--:|--:|--:|--:|---|---|---|---|';
const why = rows.flatMap(({ model, runs }) =>
  runs.flatMap(({ advice }, index) => advice.map((each) => `${model}, run ${index + 1}: ${each}`)),
);
const results = join(import.meta.dirname, '../results');
mkdirSync(results, { recursive: true });
writeFileSync(
  join(results, 'tune.json'),
  `${JSON.stringify({ machine: about, date: new Date().toISOString(), share, rows }, null, 2)}\n`,
);
writeFileSync(
  join(results, 'tune.md'),
  `# Tuning to a target, twice\n\n${about}\n\nThe target is ${share} of the model's own 90th percentile. Six interleaved rounds decide: met or missed where all agree.\n\n${head}\n${rows.map(lines).join('\n')}\n${why.map((each) => `\n${each}\n`).join('')}`,
);
