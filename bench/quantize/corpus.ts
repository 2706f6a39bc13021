/**
 * Every way to quantize, over every real model at hand: each result loads, runs and keeps its stated error, or is
 * refused with the reason.
 *
 * OPSCOPE_CORPUS: where the models lie. node bench/quantize/corpus.ts [part of a path …] [--large]; without --large,
 * files below 20 MB. Writes bench/results/quantize-corpus.{md,json}, the second after every model.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openModel, UnreadableModelError } from '../../src/worker/open-model.ts';
import { type QuantizeOptions, quantizeModel } from '../../src/worker/quantize.ts';
import { usableSqnr } from '../../src/worker/quantize-decision.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { corpusFolder } from '../../test/corpus.ts';

const largest = 20_000_000;
/** Milliseconds that one result may take before it is counted as unfinished. */
const patience = 60_000;

const ways: Readonly<Record<string, Pick<QuantizeOptions, 'scheme'> & Partial<QuantizeOptions>>> = {
  'dynamic-int8': { scheme: 'dynamic-int8' },
  'static-int8': { scheme: 'static-int8' },
  'static-int8, per tensor': { scheme: 'static-int8', perChannel: false },
  'int8-weights': { scheme: 'int8-weights' },
  'int4-weights': { scheme: 'int4-weights' },
  'int4-weights, gptq': { scheme: 'int4-weights', blockMethod: 'gptq' },
  fp16: { scheme: 'fp16' },
};

/** What came of one way: `broken` would be a fault of the quantizer's. */
type Outcome = 'within' | 'said to differ' | 'not run' | 'refused' | 'unfinished' | 'broken';
const outcomes: readonly Outcome[] = ['within', 'said to differ', 'not run', 'refused', 'unfinished', 'broken'];

interface Row {
  readonly model: string;
  readonly way: string;
  readonly outcome: Outcome;
  readonly sqnrDb?: number | null;
  readonly reason?: string;
}

const args = process.argv.slice(2);
const parts = args.filter((each) => !each.startsWith('--'));
const files = readFileSync(join(corpusFolder, 'MANIFEST.csv'), 'utf8')
  .split('\n')
  .map((line) => line.split(','))
  .filter(([file, bytes]) => file?.endsWith('.onnx') && (args.includes('--large') || Number(bytes) < largest))
  .toSorted((a, b) => Number(a[1]) - Number(b[1]))
  .map(([file]) => file!)
  .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)));
const results = resolve(import.meta.dirname, '../results');
const manager = createRuntimeManager();
const rows: Row[] = [];
let unreadable = 0;
/** Errors that say what is the matter with the model, or that its inputs cannot be made up. */
const saysWhy: ReadonlySet<string> = new Set(['QuantizeError', 'InputError', 'UnreadableModelError']);
const isBroken = /The quantized model does not/;
const noWeights = /The weights file .* is missing|outside its own folder/;

async function tryWay(path: string, model: string, way: string): Promise<Row> {
  const opened = await openModel(path);
  const { irVersion } = opened.model;
  const identity = { path: model, bytes: opened.bytes, irVersion, producer: '', opsets: {} };
  const settings = { provider: 'cpu', threads: 1, timeLimit: 5, dims: {}, seed: 1 };
  const signal = AbortSignal.timeout(patience);
  try {
    const { report } = await quantizeModel(
      { model: opened.model, path, identity },
      { ...ways[way]!, settings, randomCalibration: true, verify: true, measure: false },
      { manager, opscope: 'bench', signal },
    );
    const { verdict, sqnrDb } = report;
    const outcome = { different: 'said to differ', 'not-run': 'not run', equal: 'within', close: 'within' } as const;
    const why = verdict.reason === undefined ? {} : { reason: verdict.reason };
    return { model, way, outcome: outcome[verdict.status], sqnrDb, ...why };
  } catch (error) {
    const { name, message } = error as Error;
    const reason = message.slice(0, 400).replaceAll(corpusFolder, '').replaceAll('\n', ' ');
    if (signal.aborted) return { model, way, outcome: 'unfinished', reason };
    const isRefused = (saysWhy.has(name) || noWeights.test(message)) && !isBroken.test(message);
    return { model, way, outcome: isRefused ? 'refused' : 'broken', reason };
  } finally {
    await opened.close();
  }
}

for (const [index, model] of files.entries()) {
  const path = join(corpusFolder, model);
  const readable = await openModel(path).then(
    ({ close }) => close().then(() => true),
    (error: unknown) => {
      if (error instanceof UnreadableModelError) return false;
      throw error;
    },
  );
  if (!readable) unreadable++;
  for (const way of readable ? Object.keys(ways) : []) {
    const row = await tryWay(path, model, way);
    rows.push(row);
    if (row.outcome === 'broken' || row.outcome === 'unfinished')
      console.info(`${row.outcome}: ${model}, ${way}: ${row.reason}`);
    // What runs on for minutes, such as thirty nested loops, does so whatever the scheme.
    if (row.outcome === 'unfinished') break;
  }
  writeFileSync(join(results, 'quantize-corpus.json'), `${JSON.stringify(summary(index + 1), null, 1)}\n`);
  if (index % 20 === 19) console.info(`${index + 1} of ${files.length}`);
}
manager.dispose();
writeFileSync(join(results, 'quantize-corpus.md'), markdown());
console.info(markdown());

/** Results one by one, refusals by reason: of most models there is nothing else to say. */
function summary(done: number) {
  const refusals: Record<string, Record<string, number>> = {};
  for (const { way, outcome, reason = '' } of rows) {
    if (outcome !== 'refused') continue;
    refusals[way] ??= {};
    refusals[way][reason] = (refusals[way][reason] ?? 0) + 1;
  }
  const results = rows.filter(({ outcome }) => outcome !== 'refused');
  return {
    files: files.length,
    done,
    unreadable,
    results: results.map(({ sqnrDb, ...row }) => ({ ...row, sqnrDb: rounded(sqnrDb) })),
    refusals,
  };
}

/** Folder and file: many models are called alike. */
const shortened = (model: string): string => model.split('/').slice(-2).join('/');

function rounded(decibels: number | null | undefined): number | null {
  return decibels == null ? null : Math.round(decibels * 10) / 10;
}

function markdown(): string {
  const count = (way: string, outcome: Outcome) =>
    rows.filter((row) => row.way === way && row.outcome === outcome).length;
  const named = (outcome: Outcome) =>
    rows
      .filter((row) => row.outcome === outcome)
      .map(({ model, way, reason }) => `- ${shortened(model)}, ${way}: ${reason}`);
  const table = Object.keys(ways).map((way) => `| ${way} | ${outcomes.map((each) => count(way, each)).join(' | ')} |`);
  const section = (title: string, lines: readonly string[]) =>
    lines.length > 0 ? ['', `## ${title}`, '', ...lines] : [];
  return [
    '# Quantizing every model of the corpus',
    '',
    `${files.length} models${args.includes('--large') ? '' : ` below ${largest / 1e6} MB`}, ${unreadable} of them not readable; made-up data, so the decibels are of random inputs.`,
    `Each result was loaded and run beside the float model. *Within*: signal to noise of at least ${usableSqnr('static-int8')} dB, ${usableSqnr('int4-weights')} dB with 4 bits. *Said to differ*: below that, and the report and the exit code say so. *Not run*: the float model itself does not run on made-up inputs.`,
    '',
    `| | ${outcomes.join(' | ')} |`,
    `|---|${outcomes.map(() => '--:').join('|')}|`,
    ...table,
    ...section('Broken', named('broken')),
    ...section('Unfinished', named('unfinished')),
    '',
  ].join('\n');
}
