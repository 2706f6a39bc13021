import { english } from '../core/english.ts';
import type { Model, NodeId } from '../core/graph/model.ts';
import type { Overlay } from '../core/overlay.ts';
import type { Recipe, Scheme } from '../core/quantize/quantize-model.ts';
import type { ExplainedRewrite, QuantizeReport } from '../core/report/report.ts';
import { collectGarbage } from '../protocol/garbage.ts';
import type { SampleData } from './calibration-data.ts';
import { createCalibrator } from './calibrator.ts';
import { compareLatency } from './compare-latency.ts';
import { createEvaluator, type RuntimeEvaluator } from './evaluator.ts';
import { type KeptCandidate, keptCandidates } from './kept-candidates.ts';
import { kernelUse } from './kernels-as-run.ts';
import { openLabelled } from './labelled-data.ts';
import type { MeasuredModel, MeasurementContext } from './profile.ts';
import { integerMachine, machineAdvice } from './quantize-advice.ts';
import {
  type DecidedOptions,
  decisionOf,
  nodeTypesOf,
  producersOf,
  type QuantizeDecision,
  refuseNothing,
  refuseUntaken,
  usableSqnr,
} from './quantize-decision.ts';
import { outputError, referenceRuns } from './quantize-error.ts';
import {
  cacheFor,
  checked,
  comparedInputs,
  comparedRuns,
  type QuantizeOptions,
  samplesFor,
} from './quantize-options.ts';
import {
  composed,
  equalized,
  explained,
  type Prepared,
  prepareForQuantization,
  pruned,
  suitable,
} from './quantize-preparation.ts';
import { failsToLoad, failsToRun, notRunning, refusing } from './quantize-refusal.ts';
import { bytesOf, type QuantizeOutcome, quantizeReport, withProvenance } from './quantize-report.ts';
import { findRecipe, type SearchResult } from './quantize-search.ts';
import { errorsOf, leaveOneOut, overlaysOf } from './quantize-sensitivity.ts';
import { smoothFor } from './quantize-smoothing.ts';
import { accuracyOf, type QuantizeWork } from './quantize-work.ts';
import { createRuntimeManager, type RuntimeManager, returningMemory } from './runtime-client.ts';
import { createSpill, type Spill } from './spill.ts';

export type { QuantizeOptions } from './quantize-options.ts';
export { QuantizeError } from './quantize-preparation.ts';

export interface QuantizeResult {
  readonly model: Model;
  readonly report: QuantizeReport;
  /** Nodes of the new model → nodes of the one given. */
  readonly origins: ReadonlyMap<NodeId, ReadonlySet<NodeId>>;
  readonly overlays: readonly Overlay[];
  readonly rewrites: readonly ExplainedRewrite[];
  /** What a search tried, when it was told where to keep it. */
  readonly candidates: readonly KeptCandidate[];
  /** What decided the result, so that a recipe can name it. */
  readonly decided: QuantizeDecision;
}

export interface QuantizeContext extends MeasurementContext {
  /** Told what speaks against the scheme on this machine, before anything else is heard. */
  readonly onAdvice?: (advice: readonly string[]) => void;
}

/**
 * What speaks against a scheme on this machine, for those who want to know before they start. Rejects when ONNX Runtime
 * cannot be started.
 */
export async function quantizeAdvice(
  model: Model,
  scheme: Scheme | 'auto',
  provider: string,
  { manager, signal }: Pick<MeasurementContext, 'manager' | 'signal'>,
): Promise<readonly string[]> {
  const evaluator = createEvaluator(manager);
  try {
    return machineAdvice(await integerMachine(evaluator, signal), scheme, model, provider);
  } finally {
    await evaluator.dispose();
  }
}

/**
 * A quantized model with what it costs and gains; it loads, and with `verify` it runs. Rejects with `QuantizeError`,
 * `InputError`, or when cancelled.
 */
export async function quantizeModel(
  target: MeasuredModel,
  options: QuantizeOptions,
  context: QuantizeContext,
): Promise<QuantizeResult> {
  // What calibrates is large and gone before anything is timed, by a process that nothing has been done to.
  const values = createRuntimeManager({ env: returningMemory });
  const spill = createSpill();
  // Threads that spin would take the processor from reading the next sample.
  const evaluator = createEvaluator(values, { config: { 'session.intra_op.allow_spinning': '0' }, sparing: true });
  const tools = { values, evaluator, spill };
  try {
    return await refusing(
      (why) => english`ONNX Runtime fails on this model: ${why}`,
      target.model,
      context,
      async () => {
        const result = await quantize(target, options, context, tools);
        return { ...result, model: await spill.restored(result.model) };
      },
    );
  } finally {
    values.dispose();
    await tools.evaluator.dispose();
    await spill.dispose();
  }
}

/** What quantizing works with, until it is done. */
interface QuantizeTools {
  /** The process that runs models for what they compute; timing has its own. */
  readonly values: RuntimeManager;
  readonly evaluator: RuntimeEvaluator;
  readonly spill: Spill;
}

async function quantize(
  target: MeasuredModel,
  options: QuantizeOptions,
  context: QuantizeContext,
  { values, evaluator, spill }: QuantizeTools,
): Promise<QuantizeResult> {
  const start = performance.now();
  const request = checked(options);
  const { signal } = context;
  const say = (message: string, fraction?: number) =>
    context.onProgress?.(fraction === undefined ? { message } : { message, fraction });
  // A process takes a quarter of a second to start, in which the passes run; what they say comes after the advice.
  let isAdvised = false;
  const advised = integerMachine(evaluator, signal).then((machine) => {
    const advice = machineAdvice(machine, request.scheme, target.model, options.settings.provider);
    context.onAdvice?.(advice);
    isAdvised = true;
    say(english`Simplifying`);
    return { machine, advice };
  });
  const [{ machine, advice }, simplified] = await Promise.all([
    advised,
    prepareForQuantization(target.model, {
      evaluator,
      spill,
      signal,
      onProgress: (progress) => (isAdvised ? context.onProgress?.(progress) : undefined),
    }),
  ]);
  // Weights that passes have replaced are as large as the model.
  collectGarbage();
  const fewer =
    options.prune === undefined
      ? simplified
      : await pruned(simplified, options.prune, { exclude: simplified.ids(options.exclude ?? []), signal });
  const even = options.equalize ? await equalized(fewer, signal) : fewer;
  const { calibrating: samples, ...others } = await samplesFor(even.model, options);
  const cache = await cacheFor(options);
  const calibratorOf = ({ model }: Prepared, data: SampleData) =>
    createCalibrator(model, data, request.method, { ...options, evaluator, signal, say, cache });
  const wished: Recipe = {
    scheme: request.scheme === 'auto' ? 'static-int8' : request.scheme,
    perChannel: options.perChannel ?? true,
    exclude: new Set([...even.ids(options.exclude ?? []), ...producersOf(even.model, options.keepFloat ?? [])]),
    nodeTypes: nodeTypesOf(options, even),
    density: options.density,
    activations: options.activations,
    symmetricActivations: options.symmetric,
    weights: options.weights,
    format: options.format,
    correctBias: options.correctBias ?? true,
    searchWeights: options.searchWeights ?? false,
    reduceRange: options.reduceRange ?? machine.saturates,
    blockSize: options.blockSize,
    blockMethod: options.blockMethod,
  };
  const baseRecipe = request.scheme === 'auto' ? wished : suitable(wished, even.model);
  const smoothing =
    options.smooth !== undefined && samples
      ? await smoothFor(
          even,
          samples,
          { alpha: options.smooth, recipe: baseRecipe, calibratorOf: (each) => calibratorOf(each, samples) },
          { evaluator, signal, say },
        )
      : undefined;
  const prepared = smoothing?.prepared ?? even;
  const calibrator = samples && calibratorOf(prepared, samples);
  if (request.scheme !== 'auto') say(english`Quantizing`);
  const wanted = request.scheme === 'auto' ? undefined : await prepared.quantize(baseRecipe, calibrator, signal);
  // Before the float model runs, which may take longer than everything else.
  if (wanted) {
    refuseNothing(wanted, baseRecipe.scheme);
    refuseUntaken(options.typed, wanted, prepared);
  }
  const labelled =
    options.labelled === undefined
      ? undefined
      : await openLabelled(target.model, options.labelled, options.settings.dims);
  const isCompared = options.verify || request.scheme === 'auto';
  const compared = isCompared
    ? (labelled?.data ?? others.compared ?? (await comparedInputs(target.model, options)))
    : undefined;
  const reference = compared
    ? await referenceRuns(target.model, compared, comparedRuns, { evaluator, signal })
    : { feeds: [], results: [] };
  const floatMetric = labelled && (await accuracyOf(target.model, labelled, { evaluator, context, say }));
  const work: QuantizeWork = {
    target,
    prepared,
    evaluator,
    calibrator,
    reference,
    options,
    context,
    say,
    labelled,
    floatMetric: floatMetric?.share,
    smooth: smoothing?.alpha,
    ...(samples ? { calibratorOf: (each: Prepared) => calibratorOf(each, samples) } : {}),
  };
  const search = wanted ? undefined : await findRecipe(work, baseRecipe, options.candidatesFolder);
  const source = search?.prepared ?? prepared;
  const recipe = search?.recipe ?? baseRecipe;
  const method = search?.method ?? request.method;
  const quantized = wanted ?? search!.quantized;
  const decided = { ...options, smooth: smoothing?.alpha, ...(search ? decidedBy(search) : {}) };
  refuseNothing(quantized, request.scheme);
  const model = withProvenance(quantized.model, recipe, target, context.opscope);
  // The sessions that calibrated are as large as the model, and none of them is used again.
  await evaluator.dispose();
  say(english`Reading ONNX Runtime's graph`);
  const kernels = await refusing(failsToLoad, target.model, context, () =>
    kernelUse(values, { ...quantized, model }, recipe.scheme, signal),
  );
  const error = options.verify
    ? await refusing(failsToRun, target.model, context, () => outputError(model, reference, { evaluator, signal }))
    : undefined;
  if (error?.failure !== undefined)
    throw await notRunning(error.failure, target.model, reference.feeds[0]!, { evaluator, signal });
  const found = { ...work, prepared: source };
  const isRun = options.verify && error?.verdict.status !== 'not-run';
  const errors = isRun ? await errorsOf(found, { prepared: source, model, quantized }) : [];
  const sensitivity =
    isRun && options.sensitivity
      ? await leaveOneOut(
          { prepared: source, calibrator: search ? search.calibrator : calibrator, reference, errors },
          { recipe, quantized },
          { evaluator, signal, say },
        )
      : undefined;
  const judged = labelled && (await accuracyOf(model, labelled, work));
  const after: MeasuredModel = { model, identity: { ...target.identity, bytes: bytesOf(model) } };
  // What is not used need not be measured as long as a result.
  const measures = options.measure && search?.keepFloat === undefined;
  if (measures) say(english`Measuring against the float model`);
  const latency = measures
    ? await compareLatency(target, after, { settings: options.settings, level: 'all' }, context)
    : undefined;
  const outcome: QuantizeOutcome = {
    recipe,
    method,
    quantized,
    model,
    kernels,
    error,
    latency,
    judged,
    search,
    accepted: search !== undefined && search.keepFloat === undefined,
    samples,
    comparedOn: labelled ? 'labelled' : others.comparedOn,
    decided,
    advice,
    errors,
    sensitivity,
    milliseconds: performance.now() - start,
  };
  return {
    model,
    report: quantizeReport(found, outcome),
    candidates: search && options.candidatesFolder !== undefined ? keptCandidates(work, search, outcome) : [],
    origins: composed(quantized.origins, source.origins),
    overlays: isRun ? overlaysOf(quantized, errors, sensitivity) : [],
    rewrites: [...source.rewrites, ...quantized.rewrites.map(explained)],
    decided: decisionOf(recipe, method, source.model, decided),
  };
}

/** What a search decided beside the recipe. What it accepted is the limit from now on. */
function decidedBy({ equalize, smooth, sqnrDb, recipe }: SearchResult): Partial<DecidedOptions> {
  const minSqnr = Math.min(usableSqnr(recipe.scheme), Math.floor(sqnrDb ?? Number.POSITIVE_INFINITY));
  return { smooth, minSqnr, ...(equalize ? { equalize } : {}) };
}
