/**
 * Every way to quantize, over every real model at hand: each result loads, runs and keeps its stated error, or is
 * refused with the reason. Results are judged here, beside what their report says.
 *
 * OPSCOPE_CORPUS: where the models lie. node bench/quantize/corpus.ts [part of a path …] [--scheme NAME …] [--missing];
 * `--missing` leaves out what has a result already. Smallest models first, two at a time, each way with a time limit.
 * Writes bench/results/quantize-corpus.{md,json}, the second after every result; what was not asked for stays in it.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { OpenedModel } from '../../src/worker/open-model.ts';
import { openModel, UnreadableModelError } from '../../src/worker/open-model.ts';
import { type QuantizeOptions, quantizeModel } from '../../src/worker/quantize.ts';
import { usableSqnr } from '../../src/worker/quantize-decision.ts';
import { createRuntimeManager, type RuntimeManager } from '../../src/worker/runtime-client.ts';
import { corpusFolder } from '../../test/corpus.ts';
import { markdown, type Row } from './corpus-table.ts';
import { judge } from './judge.ts';

/** Milliseconds that one way may take before it is stopped. */
const patience = 240_000;
/** Models at a time. */
const lanes = 2;
/** Seconds that `auto` measures a candidate for: it is to come to an end here, not to choose well. */
const measuring = 0.2;

type Way = Pick<QuantizeOptions, 'scheme'> & Partial<QuantizeOptions> & { readonly half?: boolean };
const fixed = { scheme: 'static-int8' } as const;
const blocks = { scheme: 'int4-weights' } as const;
/** Every scheme and form; the options that static ones have are spread over a few of them. */
const ways: Readonly<Record<string, Way>> = {
  'dynamic-int8': { scheme: 'dynamic-int8' },
  'dynamic-int8, per tensor': { scheme: 'dynamic-int8', perChannel: false },
  'static-int8': fixed,
  'static-int8, per tensor, uint8 weights, moving-average': {
    ...fixed,
    perChannel: false,
    weights: 'uint8',
    method: 'moving-average',
  },
  'static-int8, qoperator, entropy': { ...fixed, format: 'qoperator', method: 'entropy' },
  'static-int8, for arm, lean, percentile': {
    ...fixed,
    activations: 'int8',
    reduceRange: false,
    density: 'lean',
    method: 'percentile',
  },
  'static-int8, symmetric, equalized, mse': { ...fixed, symmetric: true, equalize: true, method: 'mse' },
  'static-int8, for npu (uint16)': { ...fixed, activations: 'uint16', reduceRange: false },
  'static-int8, int16': { ...fixed, activations: 'int16' },
  'static-int8, smoothed, pruned 2:4': { ...fixed, smooth: 0.5, prune: '2:4' },
  'int8-weights': { scheme: 'int8-weights' },
  'int4-weights': blocks,
  'int4-weights, blocks of 128': { ...blocks, blockSize: 128 },
  'int4-weights, hqq': { ...blocks, blockMethod: 'hqq' },
  'int4-weights, gptq': { ...blocks, blockMethod: 'gptq' },
  fp16: { scheme: 'fp16' },
  'fp16, every second node float': { scheme: 'fp16', half: true },
  // Last: only where integers came to something, as there is nothing to search otherwise.
  auto: { scheme: 'auto' },
};

const args = process.argv.slice(2);
const given = (option: string) => args.filter((_, at) => args[at - 1] === option);
const schemes = given('--scheme');
const parts = args.filter((each) => !each.startsWith('--') && !schemes.includes(each));
const wanted = Object.keys(ways).filter((way) => schemes.length === 0 || schemes.includes(ways[way]!.scheme));
const files = readFileSync(join(corpusFolder, 'MANIFEST.csv'), 'utf8')
  .split('\n')
  .map((line) => line.split(','))
  .filter(([file]) => file?.endsWith('.onnx'))
  .toSorted((a, b) => Number(a[1]) - Number(b[1]))
  .map(([file]) => file!);
const chosen = files.filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)));

const results = resolve(import.meta.dirname, '../results');
const jsonPath = join(results, 'quantize-corpus.json');
const rows = new Map<string, Row>();
const keyOf = ({ model, way }: Pick<Row, 'model' | 'way'>) => `${model}\n${way}`;
const unreadable = new Set<string>();
readEarlier();

/** Errors that say what is the matter with the model, or that its inputs cannot be made up. */
const saysWhy: ReadonlySet<string> = new Set(['QuantizeError', 'InputError', 'UnreadableModelError']);
const isBroken = /The quantized model does not/;
const noWeights = /The weights file .* is missing|outside its own folder/;
const settings = { provider: 'cpu', threads: 1, timeLimit: 5, dims: {}, seed: 1 };

async function tryWay(opened: OpenedModel, model: string, way: string, manager: RuntimeManager): Promise<Row> {
  const { half, ...asked } = ways[way]!;
  const { irVersion, graph } = opened.model;
  const identity = { path: model, bytes: opened.bytes, irVersion, producer: '', opsets: {} };
  const options: QuantizeOptions = {
    ...asked,
    settings: { ...settings, ...(way === 'auto' ? { timeLimit: measuring } : {}) },
    ...(half ? { exclude: graph.nodes.filter((_, at) => at % 2 === 1).map(({ id }) => id) } : {}),
    randomCalibration: true,
    verify: true,
    measure: false,
  };
  const signal = AbortSignal.timeout(patience);
  let at = '';
  const onProgress = ({ message }: { readonly message: string }) => (at = message);
  try {
    const target = { model: opened.model, path: join(corpusFolder, model), identity };
    const { model: made, report } = await quantizeModel(target, options, {
      manager,
      opscope: 'bench',
      signal,
      onProgress,
    });
    const { verdict, sqnrDb } = report;
    const { status } = verdict;
    const why = verdict.reason === undefined ? {} : { reason: verdict.reason };
    if (status === 'not-run') return { model, way, outcome: 'not run', ...why };
    const fault = await judge(opened.model, made, { report, settings, manager, signal });
    if (fault !== undefined) return { model, way, outcome: 'broken', sqnrDb, reason: fault };
    return { model, way, outcome: status === 'different' ? 'said to differ' : 'within', sqnrDb, ...why };
  } catch (error) {
    const { name, message } = error as Error;
    const reason = message.slice(0, 400).replaceAll(corpusFolder, '').replaceAll('\n', ' ');
    if (signal.aborted)
      return { model, way, outcome: 'unfinished', reason: `stopped after ${patience / 1000} s at: ${at}` };
    const isRefused = (saysWhy.has(name) || noWeights.test(message)) && !isBroken.test(message);
    return { model, way, outcome: isRefused ? 'refused' : 'broken', reason };
  }
}

async function tryModel(model: string, manager: RuntimeManager): Promise<void> {
  const open = wanted.filter((way) => !args.includes('--missing') || !rows.has(keyOf({ model, way })));
  if (open.length === 0) return;
  const opened = await openModel(join(corpusFolder, model)).catch((error: unknown) => {
    if (error instanceof UnreadableModelError) return undefined;
    throw error;
  });
  if (!opened) {
    unreadable.add(model);
    return;
  }
  try {
    for (const way of open) {
      if (way === 'auto' && !hasIntegers(model)) {
        rows.delete(keyOf({ model, way }));
        continue;
      }
      const row = await tryWay(opened, model, way, manager);
      rows.set(keyOf(row), row);
      writeFileSync(jsonPath, text(summary()));
      if (row.outcome === 'broken' || row.outcome === 'unfinished')
        console.info(`${row.outcome}: ${model}, ${way}: ${row.reason}`);
    }
  } finally {
    await opened.close();
  }
}

const hasIntegers = (model: string) =>
  Object.keys(ways).some((way) => {
    const outcome = rows.get(keyOf({ model, way }))?.outcome;
    return ways[way]!.scheme !== 'fp16' && (outcome === 'within' || outcome === 'said to differ');
  });

const start = performance.now();
const queue = [...chosen];
await Promise.all(
  Array.from({ length: lanes }, async () => {
    const manager = createRuntimeManager();
    for (let model = queue.shift(); model !== undefined; model = queue.shift()) {
      await tryModel(model, manager);
      const done = chosen.length - queue.length;
      if (done % 20 === 0) console.info(`${done} of ${chosen.length}, ${seconds()} s`);
    }
    manager.dispose();
  }),
);
const isOpen = (model: string) =>
  !unreadable.has(model) && Object.keys(ways).some((way) => way !== 'auto' && !rows.has(keyOf({ model, way })));
const about = {
  files: files.length,
  unreadable: unreadable.size,
  ways: Object.keys(ways),
  open: files.filter(isOpen),
};
const table = markdown(inOrder(), { ...about, usable: [usableSqnr('static-int8'), usableSqnr('int4-weights')] });
writeFileSync(join(results, 'quantize-corpus.md'), table);
console.info(`${table}\n${seconds()} s`);

function seconds(): string {
  return ((performance.now() - start) / 1000).toFixed(0);
}

function inOrder(): readonly Row[] {
  return files.flatMap((model) =>
    Object.keys(ways).flatMap((way) => {
      const row = rows.get(keyOf({ model, way }));
      return row ? [row] : [];
    }),
  );
}

/** Results one by one; of most models there is only a refusal to say, which many share: its ways by number. */
function summary() {
  const names = Object.keys(ways);
  const refusals: Record<string, Record<string, number[]>> = {};
  for (const { model, way, outcome, reason = '' } of inOrder()) {
    if (outcome !== 'refused') continue;
    const models = refusals[reason] ?? {};
    refusals[reason] = { ...models, [model]: [...(models[model] ?? []), names.indexOf(way)] };
  }
  return {
    files: files.length,
    unreadable: [...unreadable].sort(),
    ways: names,
    results: inOrder()
      .filter(({ outcome }) => outcome !== 'refused')
      .map(({ sqnrDb, ...row }) => ({ ...row, sqnrDb: sqnrDb == null ? null : Math.round(sqnrDb * 10) / 10 })),
    refusals: Object.entries(refusals).map(([reason, models]) => ({ reason, models })),
  };
}

/** JSON with a result a line. */
function text({ results, refusals, ...rest }: ReturnType<typeof summary>): string {
  const lines = (items: readonly object[]) => items.map((item) => `  ${JSON.stringify(item)}`).join(',\n');
  const about = JSON.stringify(rest, null, 1).slice(0, -2);
  return `${about},\n "results": [\n${lines(results)}\n ],\n "refusals": [\n${lines(refusals)}\n ]\n}\n`;
}

/** What an earlier run found, for the ways that there still are. */
function readEarlier(): void {
  if (!existsSync(jsonPath)) return;
  const earlier = JSON.parse(readFileSync(jsonPath, 'utf8')) as ReturnType<typeof summary>;
  const found: Row[] = [...earlier.results];
  for (const { reason, models } of earlier.refusals) {
    for (const [model, refused] of Object.entries(models))
      found.push(...refused.map((at) => ({ model, way: earlier.ways[at]!, outcome: 'refused', reason }) as const));
  }
  for (const row of found) if (row.way in ways) rows.set(keyOf(row), row);
  for (const model of earlier.unreadable) unreadable.add(model);
}
