import { english } from '../core/english.ts';
import type { Model, NodeId } from '../core/graph/model.ts';
import type { Overlay } from '../core/overlay.ts';
import { errorOverlays, valueErrors } from '../core/quantize/error.ts';
import type { QuantizedModel, Recipe, Scheme } from '../core/quantize/quantize-model.ts';
import type { ExplainedRewrite, QuantizeReport } from '../core/report/report.ts';
import type { SampleData } from './calibration-data.ts';
import { createCalibrator } from './calibrator.ts';
import { compareLatency } from './compare-latency.ts';
import { createEvaluator, type RuntimeEvaluator } from './evaluator.ts';
import { type KeptCandidate, keptCandidates } from './kept-candidates.ts';
import { countFused, operatorsAsRun } from './kernels-as-run.ts';
import { accuracy, type LabelledData, openLabelled } from './labelled-data.ts';
import { describeEnvironment } from './machine.ts';
import type { MeasuredModel, MeasurementContext } from './profile.ts';
import { machineAdvice, reducesRange } from './quantize-advice.ts';
import {
  type DecidedOptions,
  decisionOf,
  nodeTypesOf,
  producersOf,
  type QuantizeDecision,
  refuseUntaken,
  usableSqnr,
} from './quantize-decision.ts';
import { outputError, referenceRuns } from './quantize-error.ts';
import { checked, comparedInputs, comparedRuns, type QuantizeOptions, samplesFor } from './quantize-options.ts';
import {
  composed,
  equalized,
  explained,
  type Prepared,
  prepareForQuantization,
  pruned,
  QuantizeError,
} from './quantize-preparation.ts';
import { failsToLoad, failsToRun, notRunning, refusing } from './quantize-refusal.ts';
import { bytesOf, quantizeReport, withProvenance } from './quantize-report.ts';
import { findRecipe, type SearchResult } from './quantize-search.ts';
import { smoothFor } from './quantize-smoothing.ts';

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

/**
 * A quantized model with what it costs and gains; it loads, and with `verify` it runs. Rejects with `QuantizeError`,
 * `InputError`, or when cancelled.
 */
export function quantizeModel(
  target: MeasuredModel,
  options: QuantizeOptions,
  context: MeasurementContext,
): Promise<QuantizeResult> {
  const evaluator = createEvaluator(context.manager);
  return refusing(
    (why) => english`ONNX Runtime fails on this model: ${why}`,
    target.model,
    context,
    async () => {
      try {
        return await quantize(target, options, context, evaluator);
      } finally {
        await evaluator.dispose();
      }
    },
  );
}

async function quantize(
  target: MeasuredModel,
  options: QuantizeOptions,
  context: MeasurementContext,
  evaluator: RuntimeEvaluator,
): Promise<QuantizeResult> {
  const start = performance.now();
  const request = checked(options);
  const { manager, signal } = context;
  const say = (message: string, fraction?: number) =>
    context.onProgress?.(fraction === undefined ? { message } : { message, fraction });
  const { version } = await manager.use(({ client }) => client.describe(undefined), { signal });
  const environment = await describeEnvironment({
    provider: options.settings.provider,
    threads: options.settings.threads,
    level: 'all',
    onnxruntime: version,
    opscope: context.opscope,
  });
  say(english`Simplifying`);
  const simplified = await prepareForQuantization(target.model, { ...context, evaluator });
  const fewer =
    options.prune === undefined
      ? simplified
      : await pruned(simplified, options.prune, { exclude: simplified.ids(options.exclude ?? []), signal });
  const even = options.equalize ? await equalized(fewer, signal) : fewer;
  const samples = await samplesFor(even.model, options);
  const calibratorOf = ({ model }: Prepared, data: SampleData) =>
    createCalibrator(model, data, request.method, { evaluator, signal, say });
  const baseRecipe: Recipe = {
    scheme: request.scheme === 'auto' ? 'static-int8' : request.scheme,
    perChannel: options.perChannel ?? true,
    exclude: new Set([...even.ids(options.exclude ?? []), ...producersOf(even.model, options.keepFloat ?? [])]),
    nodeTypes: nodeTypesOf(options, even),
    density: options.density,
    activations: options.activations,
    correctBias: options.correctBias ?? true,
    searchWeights: options.searchWeights ?? false,
    reduceRange: options.reduceRange ?? reducesRange(environment.features),
    blockSize: options.blockSize,
    blockMethod: options.blockMethod,
  };
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
  const asked = request.scheme === 'auto' ? undefined : await prepared.quantize(baseRecipe, calibrator, signal);
  // Before the float model runs, which may take longer than everything else.
  if (asked) {
    refuseNothing(asked, baseRecipe.scheme);
    refuseUntaken(options.typed, asked, prepared);
  }
  const labelled =
    options.labelled === undefined
      ? undefined
      : await openLabelled(target.model, options.labelled, options.settings.dims);
  const isCompared = options.verify || request.scheme === 'auto';
  const compared = isCompared
    ? (labelled?.data ?? samples ?? (await comparedInputs(target.model, options)))
    : undefined;
  const reference = compared
    ? await referenceRuns(target.model, compared, comparedRuns, { evaluator, signal })
    : { feeds: [], results: [] };
  const floatMetric = labelled && (await accuracyOf(target.model, labelled, { evaluator, context, say }));
  const work: QuantizeWork = {
    target,
    prepared,
    evaluator,
    manager,
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
  const advice = machineAdvice(environment.features, request.scheme, target.model);
  const search = asked ? undefined : await findRecipe(work, baseRecipe, options.candidatesFolder);
  const source = search?.prepared ?? prepared;
  const recipe = search?.recipe ?? baseRecipe;
  const method = search?.method ?? request.method;
  const quantized = asked ?? search!.quantized;
  const decided = { ...options, smooth: smoothing?.alpha, ...(search ? decidedBy(search) : {}) };
  refuseNothing(quantized, recipe.scheme);
  const model = withProvenance(quantized.model, recipe, target, context.opscope);
  // The sessions that calibrated are as large as the model, and none of them is used again.
  await evaluator.dispose();
  say(english`Reading ONNX Runtime's graph`);
  const operators = await refusing(failsToLoad, target.model, context, () =>
    operatorsAsRun(manager, model, { level: 'all', signal }),
  );
  const fused = recipe.scheme === 'fp16' ? { nodes: 0, of: 0 } : countFused(quantized.nodes, operators);
  const error = options.verify
    ? await refusing(failsToRun, target.model, context, () => outputError(model, reference, { evaluator, signal }))
    : undefined;
  if (error?.failure !== undefined)
    throw await notRunning(error.failure, target.model, reference.feeds[0]!, { evaluator, signal });
  const found = { ...work, prepared: source };
  const overlays = options.verify && error?.verdict.status !== 'not-run' ? await overlaysOf(found, quantized) : [];
  const judged = labelled && (await accuracyOf(model, labelled, work));
  const after: MeasuredModel = { model, identity: { ...target.identity, bytes: bytesOf(model) } };
  // What is not used need not be measured as long as a result.
  const measures = options.measure && search?.keepFloat === undefined;
  if (measures) say(english`Measuring against the float model`);
  const latency = measures
    ? await compareLatency(target, after, { settings: options.settings, level: 'all' }, context)
    : undefined;
  const outcome = {
    recipe,
    method,
    quantized,
    model,
    fused,
    error,
    latency,
    judged,
    search,
    accepted: search !== undefined && search.keepFloat === undefined,
    samples,
    decided,
    advice,
    milliseconds: performance.now() - start,
  };
  return {
    model,
    report: quantizeReport(found, outcome),
    candidates: search && options.candidatesFolder !== undefined ? keptCandidates(work, search, outcome) : [],
    origins: composed(quantized.origins, source.origins),
    overlays,
    rewrites: [...source.rewrites, ...quantized.rewrites.map(explained)],
    decided: decisionOf(recipe, method, source.model, decided),
  };
}

/** What every part of the work shares. */
export interface QuantizeWork {
  readonly target: MeasuredModel;
  readonly prepared: Prepared;
  readonly evaluator: ReturnType<typeof createEvaluator>;
  readonly manager: MeasurementContext['manager'];
  readonly calibrator: ReturnType<typeof createCalibrator> | undefined;
  readonly reference: Awaited<ReturnType<typeof referenceRuns>>;
  readonly options: QuantizeOptions;
  readonly context: MeasurementContext;
  readonly labelled: LabelledData | undefined;
  /** Share of labelled samples that the float model gets right. */
  readonly floatMetric: number | undefined;
  /** Strength of SmoothQuant that was applied. */
  readonly smooth: number | undefined;
  /** The data over another model made from the prepared one; absent without data. */
  readonly calibratorOf?: (prepared: Prepared) => ReturnType<typeof createCalibrator>;
  readonly say: (message: string, fraction?: number) => void;
}

/** What a search decided beside the recipe. What it accepted is the limit from now on. */
function decidedBy({ equalize, smooth, sqnrDb, recipe }: SearchResult): Partial<DecidedOptions> {
  const minSqnr = Math.min(usableSqnr(recipe.scheme), Math.floor(sqnrDb ?? Number.POSITIVE_INFINITY));
  return { smooth, minSqnr, ...(equalize ? { equalize } : {}) };
}

/** Nothing quantized is an error, not a success. */
function refuseNothing({ nodes, kept }: QuantizedModel, scheme: Scheme): void {
  if (nodes.length > 0) return;
  const reasons = [...new Set(kept.map(({ node, reason }) => english`${node.opType} stays float: ${reason}.`))];
  const why =
    reasons.length > 0 ? reasons.slice(0, 4) : [english`It has no MatMul, Gemm or Conv with constant weights.`];
  throw new QuantizeError([english`Nothing could be quantized with ${scheme}.`, ...why].join(' '));
}

async function overlaysOf(
  { prepared, evaluator, reference, context, say }: QuantizeWork,
  quantized: QuantizedModel,
): Promise<readonly Overlay[]> {
  const samples = {
    count: 2,
    feeds: async function* () {
      yield* reference.feeds.slice(0, 2);
    },
  };
  const errors = await valueErrors(prepared.model, quantized.model, samples, {
    evaluator,
    signal: context.signal,
    onProgress: (fraction) => say(english`Comparing values inside`, fraction),
  });
  return errorOverlays(prepared.model, quantized.model, quantized.origins, errors, quantized.weightErrors);
}

function accuracyOf(
  model: Model,
  labelled: LabelledData,
  { evaluator, context: { signal }, say }: Pick<QuantizeWork, 'evaluator' | 'context' | 'say'>,
): ReturnType<typeof accuracy> {
  const onProgress = (fraction: number) => say(english`Accuracy on labelled data`, fraction);
  return accuracy(model, labelled, { evaluator, signal, onProgress });
}
