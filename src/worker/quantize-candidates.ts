import { join } from 'node:path';
import { english } from '../core/english.ts';
import type { NodeId } from '../core/graph/model.ts';
import type { CalibrationMethod, Recipe } from '../core/quantize/quantize-model.ts';
import type { Verdict } from '../core/report/report.ts';
import { accuracy } from './labelled-data.ts';
import { idsOf, type NodeIds, withIds } from './node-ids.ts';
import { type OpenedModel, openModel } from './open-model.ts';
import { outputError } from './quantize-error.ts';
import { equalized } from './quantize-preparation.ts';
import { withProvenance } from './quantize-report.ts';
import { oneIn, type Quantized } from './quantize-sensitivity.ts';
import { smoothFor } from './quantize-smoothing.ts';
import type { QuantizeWork } from './quantize-work.ts';
import { saveModel } from './save-model.ts';

/** A candidate that was made and runs. Its model lies in a file, so that many cost no memory. */
export interface Tried extends Quantized {
  readonly label: string;
  readonly method: CalibrationMethod | undefined;
  readonly equalize: boolean;
  readonly smooth: number | undefined;
  readonly file: OpenedModel;
  readonly ids: NodeIds;
  readonly bytes: number;
  readonly sqnrDb: number | null;
  /** Of the outputs: whether they are equal. */
  readonly verdict: Verdict;
  /** Share of labelled samples that are right. */
  readonly metric?: number;
}

/** What a candidate starts from, before its recipe. */
type Start = Pick<Tried, 'prepared' | 'calibrator' | 'method' | 'equalize' | 'smooth'>;

/** Shares of the nodes that stay float, the most sensitive first. */
const excludedShares = [0.05, 0.12, 0.25];

/** Makes every candidate there is for a model and its data, each as a file in a folder. What fails or repeats another is left out. */
export async function makeCandidates(work: QuantizeWork, base: Recipe, folder: string): Promise<readonly Tried[]> {
  const tried: Tried[] = [];
  const attempt = async (label: string, from: Start, choices: Partial<Recipe>) => {
    work.say(english`Trying ${label}`);
    const path = join(folder, `candidate-${tried.length + 1}.onnx`);
    const made = await make(work, { label, from, recipe: { ...base, ...choices }, path });
    if (!made) return;
    if (tried.some((each) => isSame(each, made))) await made.file.close();
    else tried.push(made);
  };
  const { prepared, calibrator, options } = work;
  const plain = { prepared, calibrator, method: undefined, equalize: options.equalize ?? false, smooth: work.smooth };
  if (calibrator) {
    await makeStatic(work, plain, base, attempt);
    const label = (count: number) => english`static-int8, ${count} nodes float`;
    const lean = (count: number) => english`static-int8, lean, ${count} nodes float`;
    const best = tried.toSorted((a, b) => quality(b) - quality(a))[0];
    const order = best ? await oneIn(work, best) : [];
    for (const share of order.length > 0 ? excludedShares : []) {
      const count = Math.max(1, Math.round(order.length * share));
      const exclude: ReadonlySet<NodeId> = new Set([...(base.exclude ?? []), ...order.slice(0, count)]);
      await attempt(label(count), best!, { ...best!.recipe, density: 'full', exclude });
      await attempt(lean(count), best!, { ...best!.recipe, density: 'lean', exclude });
    }
  }
  await attempt('dynamic-int8', plain, { scheme: 'dynamic-int8' });
  await attempt('int8-weights', plain, { scheme: 'int8-weights' });
  await attempt('int4-weights', plain, { scheme: 'int4-weights' });
  await attempt(english`int4-weights, blocks of ${128}`, plain, { scheme: 'int4-weights', blockSize: 128 });
  await attempt('int4-weights, hqq', plain, { scheme: 'int4-weights', blockMethod: 'hqq' });
  if (calibrator) await attempt('int4-weights, gptq', plain, { scheme: 'int4-weights', blockMethod: 'gptq' });
  await attempt('fp16', plain, { scheme: 'fp16' });
  return tried;
}

/** Integers throughout, with every way to find ranges, granularities, and what evens layers out first. */
async function makeStatic(
  work: QuantizeWork,
  plain: Start,
  base: Recipe,
  attempt: (label: string, from: Start, choices: Partial<Recipe>) => Promise<void>,
): Promise<void> {
  const { calibratorOf, prepared, options, evaluator, context, say } = work;
  const { signal } = context;
  const calibrator = plain.calibrator!;
  const full = { scheme: 'static-int8', density: 'full' } as const;
  await attempt('static-int8', plain, full);
  for (const method of ['percentile', 'entropy', 'mse'] as const)
    await attempt(`static-int8, ${method}`, { ...plain, calibrator: calibrator.with(method), method }, full);
  await attempt('static-int8, lean', plain, { ...full, density: 'lean' });
  await attempt(english`static-int8, one scale a tensor`, plain, { ...full, perChannel: false });
  const counted = (type: string) => prepared.model.graph.nodes.filter(({ opType }) => opType === type).length;
  if (!options.equalize && counted('Conv') > 1) {
    const even = await equalized(prepared, signal);
    const start = { ...plain, prepared: even, calibrator: calibratorOf!(even), equalize: true };
    await attempt(english`static-int8, equalized`, start, full);
    await attempt(english`static-int8, equalized, one scale a tensor`, start, { ...full, perChannel: false });
  }
  // Channels far larger than the rest are the trouble of transformers.
  if (work.smooth === undefined && counted('MatMul') > counted('Conv')) {
    const found = await smoothFor(
      prepared,
      calibrator.samples,
      { alpha: 'search', recipe: { ...base, ...full }, calibratorOf: calibratorOf! },
      { evaluator, signal, say },
    );
    const start = {
      ...plain,
      prepared: found.prepared,
      calibrator: calibratorOf!(found.prepared),
      smooth: found.alpha,
    };
    await attempt(english`static-int8, smoothed`, start, full);
  }
}

/** Signal to noise in dB; equal outputs have infinitely much. */
export const quality = ({ sqnrDb }: Pick<Tried, 'sqnrDb'>): number => sqnrDb ?? Number.POSITIVE_INFINITY;

async function make(
  { target, evaluator, reference, labelled, context }: QuantizeWork,
  {
    label,
    from,
    recipe,
    path,
  }: { readonly label: string; readonly from: Start; readonly recipe: Recipe; readonly path: string },
): Promise<Tried | undefined> {
  const { signal, opscope } = context;
  const { model, ...quantized } = await from.prepared.quantize(recipe, from.calibrator, signal);
  if (quantized.nodes.length === 0) return undefined;
  const { sqnrDb, verdict } = await outputError(model, reference, { evaluator, signal });
  if (verdict.status === 'different') return undefined;
  const share = labelled && (await accuracy(model, labelled, { evaluator, signal })).share;
  const marked = withProvenance(model, recipe, target, opscope);
  const { bytes } = await saveModel(marked, path, { temporary: true, ...(signal ? { signal } : {}) });
  const file = await openModel(path);
  const ids = idsOf(marked);
  return {
    ...from,
    label,
    recipe,
    quantized,
    model: withIds(file.model, ids),
    file,
    ids,
    bytes,
    sqnrDb,
    verdict,
    ...(share === undefined ? {} : { metric: share }),
  };
}

/** Two ways that came to the same model, as far as can be told: one of them is enough to measure. */
function isSame(a: Tried, b: Tried): boolean {
  const operators = ({ model }: Tried) => model.graph.nodes.map(({ opType }) => opType).join();
  return (
    a.recipe.scheme === b.recipe.scheme && a.sqnrDb === b.sqnrDb && a.bytes === b.bytes && operators(a) === operators(b)
  );
}
