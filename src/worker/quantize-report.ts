import { english } from '../core/english.ts';
import { Draft } from '../core/graph/draft.ts';
import type { Model, Node, NodeId } from '../core/graph/model.ts';
import { encodeModel, piecesLength } from '../core/onnx/encode-model.ts';
import type { NodeError } from '../core/quantize/error.ts';
import type { IntegerUse } from '../core/quantize/islands.ts';
import type { CalibrationMethod, QuantizedModel, Recipe } from '../core/quantize/quantize-model.ts';
import { cosine, decibels, type RoundingError } from '../core/quantize/rounding-error.ts';
import { type LatencyComparison, type ModelSize, type QuantizeReport, reportSchema } from '../core/report/report.ts';
import type { SampleData } from './calibration-data.ts';
import type { accuracy } from './labelled-data.ts';
import type { MeasuredModel } from './profile.ts';
import { outcomeAdvice } from './quantize-advice.ts';
import { type DecidedOptions, optionsOf, usableSqnr } from './quantize-decision.ts';
import type { OutputError } from './quantize-error.ts';
import type { QuantizeOptions } from './quantize-options.ts';
import type { Prepared } from './quantize-preparation.ts';
import type { SearchResult } from './quantize-search.ts';
import type { Sensitivity } from './quantize-sensitivity.ts';
import type { QuantizeWork } from './quantize-work.ts';

/** What came of quantizing. */
export interface QuantizeOutcome {
  readonly recipe: Recipe;
  readonly method: CalibrationMethod;
  readonly quantized: QuantizedModel;
  readonly model: Model;
  readonly kernels: IntegerUse;
  readonly error: OutputError | undefined;
  readonly latency: LatencyComparison | undefined;
  readonly judged: Awaited<ReturnType<typeof accuracy>> | undefined;
  readonly search: Pick<SearchResult, 'candidates' | 'keepFloat'> | undefined;
  /** A search's budget is kept, whatever signal to noise is usual. */
  readonly accepted: boolean;
  readonly samples: SampleData | undefined;
  readonly comparedOn: NonNullable<QuantizeReport['comparedOn']>;
  readonly decided: DecidedOptions;
  /** What was said before anything was done. */
  readonly advice: readonly string[];
  readonly errors: readonly NodeError[];
  readonly sensitivity: Sensitivity | undefined;
  readonly milliseconds: number;
}

/** The account of a quantized model: what was done, what it costs and what it gains. */
export function quantizeReport(
  { target, prepared, options, floatMetric }: QuantizeWork,
  outcome: QuantizeOutcome,
): QuantizeReport {
  const {
    recipe,
    method,
    quantized,
    model,
    kernels,
    error,
    latency,
    judged,
    search,
    accepted,
    samples,
    comparedOn,
    decided,
    advice,
    errors,
    sensitivity,
    milliseconds,
  } = outcome;
  const { fused, islands } = kernelsOf(kernels, prepared);
  return {
    schema: reportSchema,
    model: target.identity,
    scheme: recipe.scheme,
    options: optionsOf(recipe, method, decided),
    ...(samples && recipe.scheme === 'static-int8'
      ? { calibration: { samples: samples.count, source: samples.source, method } }
      : {}),
    quantized: { nodes: quantized.nodes.length, of: quantized.nodes.length + quantized.kept.length },
    kept: quantized.kept.map(({ node, reason }) => ({
      ...idOf(prepared, node.id),
      node: labelOf(node),
      reason,
    })),
    fused,
    islands,
    before: sizeOf(target.model, target.identity.bytes),
    after: sizeOf(model),
    verdict: accepted && error ? error.verdict : verdictOf(error, options),
    sqnrDb: error?.sqnrDb ?? null,
    ...(error && error.verdict.status !== 'not-run' ? { comparedOn } : {}),
    ...(floatMetric !== undefined && judged
      ? { metric: { name: 'accuracy', before: floatMetric, after: judged.share, samples: judged.samples } }
      : {}),
    ...(latency ? { latency } : {}),
    ...(errors.length > 0
      ? { nodes: errors.map((error) => ({ ...idOf(prepared, error.node.id), ...quantizedNode(error, sensitivity) })) }
      : {}),
    ...(sensitivity
      ? {
          sensitivity: {
            probed: sensitivity.withoutDb.size,
            of: sensitivity.of,
            baseDb: finite(sensitivity.baseDb),
          },
        }
      : {}),
    ...(search ? { candidates: search.candidates } : {}),
    ...(search?.keepFloat ? { keepFloat: true } : {}),
    advice: [
      ...advice,
      ...outcomeAdvice({
        fused,
        latency,
        recipe,
        pruned: options.prune !== undefined,
        random: options.randomCalibration === true && options.calibration === undefined,
        keepFloat: search?.keepFloat,
        withoutData: search !== undefined && !samples,
      }),
    ],
    problems: samples?.notes ?? [],
    milliseconds,
  };
}

/** What of a report says which kernels are integer ones; `prepared` is the model that was quantized. */
export function kernelsOf(
  { nodes, of, islands }: IntegerUse,
  prepared: Prepared,
): Pick<QuantizeReport, 'fused'> & { readonly islands: NonNullable<QuantizeReport['islands']> } {
  return {
    fused: { nodes, of },
    islands: islands.map(({ id, name, opType, reason }) => {
      const node = prepared.model.graph.nodes.find((each) => each.id === id);
      return {
        ...(id === undefined ? {} : idOf(prepared, id)),
        node: node ? labelOf(node) : `${opType} ${name}`,
        opType,
        reason,
      };
    }),
  };
}

function quantizedNode({ node, output, weight }: NodeError, sensitivity: Sensitivity | undefined) {
  const figures = (error: RoundingError) => ({
    sqnrDb: decibels(error),
    cosine: cosine(error),
    maxAbs: error.maxAbs,
  });
  const without = sensitivity?.withoutDb.get(node.id);
  return {
    node: labelOf(node),
    ...(output ? { output: figures(output) } : {}),
    ...(weight ? { weight: figures(weight) } : {}),
    ...(without === undefined ? {} : { withoutDb: finite(without) }),
  };
}

/** JSON has no infinity: equal outputs have no figure. */
const finite = (decibels: number): number | null => (Number.isFinite(decibels) ? decibels : null);

function verdictOf(
  error: OutputError | undefined,
  { scheme, minSqnr = usableSqnr(scheme) }: QuantizeOptions,
): QuantizeReport['verdict'] {
  if (!error) return { status: 'not-run', outputs: [], runs: 0, reason: english`Verification was switched off.` };
  const { verdict, sqnrDb } = error;
  if (verdict.status === 'not-run' || sqnrDb === null) return verdict;
  return sqnrDb >= minSqnr
    ? { ...verdict, status: 'close' }
    : {
        ...verdict,
        status: 'different',
        reason: english`Signal to noise of the outputs is ${sqnrDb.toFixed(1)} dB, below ${minSqnr} dB.`,
      };
}

const labelOf = ({ name, opType, outputs }: Node): string =>
  name === '' ? `${opType} → ${outputs[0]}` : `${opType} ${name}`;

const idOf = (prepared: Prepared, id: NodeId): { id?: NodeId } => {
  const [first] = prepared.origins.get(id) ?? [];
  return first === undefined ? {} : { id: first };
};

/** The model with a line about where it comes from. */
export function withProvenance(model: Model, { scheme }: Recipe, { identity }: MeasuredModel, opscope: string): Model {
  const entry = JSON.stringify({
    tool: 'opscope',
    version: opscope,
    step: 'quantize',
    scheme,
    ...(identity.sha256 ? { sourceSha256: identity.sha256 } : {}),
  });
  return { ...model, metadata: new Map([...model.metadata, ['opscope.provenance', entry]]) };
}

/** The size of the model's file. */
export const bytesOf = (model: Model): number => piecesLength(encodeModel(model, { placement: () => 'inline' }));

/** Nodes by operator, and bytes: those of the file when it is given. */
export function sizeOf(model: Model, bytes = bytesOf(model)): ModelSize {
  const operators: Record<string, number> = {};
  const nodes = new Draft(model).graphs().flatMap((graph) => graph.nodes());
  for (const { opType } of nodes) operators[opType] = (operators[opType] ?? 0) + 1;
  return { nodes: nodes.length, bytes, operators };
}
