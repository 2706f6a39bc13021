/**
 * The report objects: one form of every result, printed by the command line as JSON, shown by the editor's panels and
 * written into stand-alone reports. Times are milliseconds and sizes bytes unless a field's name says otherwise.
 * Fields are only ever added: programs rely on names and meaning.
 */
import type { NodeId } from '../graph/model.ts';
import type { Problem } from '../problem.ts';
import type { RoundsP90 } from '../profile/target.ts';
import type { Environment, Latency, ModelIdentity, SweepSettings } from './profile-report.ts';

export const reportSchema = 1;

export interface ReportedValue {
  readonly name: string;
  readonly dtype: string;
  /** Null: rank unknown. Symbols as text, an unknown axis as `?`. */
  readonly shape: readonly (number | string)[] | null;
}

export interface ReportedNode {
  readonly id: NodeId;
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly inputs: readonly ReportedValue[];
  readonly outputs: readonly ReportedValue[];
  /** Null where a shape is not known. */
  readonly macs: number | null;
  readonly parameters: number;
  /** Bytes read and written. Null where a shape is not known. */
  readonly bytes: number | null;
}

export interface InspectReport {
  readonly schema: number;
  readonly model: ModelIdentity;
  /** Subgraphs and functions included. */
  readonly nodes: number;
  readonly operators: Readonly<Record<string, number>>;
  readonly parameters: number;
  /** Null when no node's cost is known; else the sum of what is known, and `macsUnknown` nodes that are not in it. */
  readonly macs: number | null;
  readonly macsUnknown: number;
  /** Sizes that symbolic dimensions were taken to have for `macs` and the nodes' costs; absent when none was needed. */
  readonly assumedDims?: Readonly<Record<string, number>>;
  readonly inputs: readonly ReportedValue[];
  readonly outputs: readonly ReportedValue[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly problems: readonly Problem[];
  /** With `--nodes`. */
  readonly nodeList?: readonly ReportedNode[];
}

export type VerdictStatus = 'equal' | 'close' | 'different' | 'not-run';

export interface OutputDifference {
  readonly name: string;
  readonly maxAbs: number;
  readonly maxRel: number;
  /** Infinity is written as null in JSON: the outputs are equal. */
  readonly sqnrDb: number | null;
  readonly cosine: number;
}

/** Do two models compute the same? */
export interface Verdict {
  /** `equal`: bit for bit. `close`: within the model's own noise. */
  readonly status: VerdictStatus;
  readonly outputs: readonly OutputDifference[];
  /** Sets of inputs both models ran on. */
  readonly runs: number;
  /** Why it could not be run, or what differs, in a sentence. */
  readonly reason?: string;
}

export interface ModelSize {
  readonly nodes: number;
  readonly bytes: number;
  readonly operators?: Readonly<Record<string, number>>;
  /** The most bytes of activations that are alive at once, from shapes; absent where sizes are not known. */
  readonly activationBytes?: number;
}

export interface PassRecord {
  readonly name: string;
  readonly removed: number;
  readonly added: number;
  readonly rewrites: number;
  readonly milliseconds: number;
}

export interface ExplainedRewrite {
  readonly pass: string;
  readonly why: string;
  /** As `opType name`, with the ids for the editor. */
  readonly removed: readonly { readonly id: NodeId; readonly label: string }[];
  readonly added: readonly { readonly id: NodeId; readonly label: string }[];
}

export interface OptimizeReport {
  readonly schema: number;
  readonly model: ModelIdentity;
  readonly output?: string;
  readonly before: ModelSize;
  readonly after: ModelSize;
  readonly passes: readonly PassRecord[];
  readonly rolledBack: readonly {
    readonly pass: string;
    readonly reason: string;
    /** What was wrong: outputs, what ONNX Runtime makes of it, a fusion lost, or time. */
    readonly kind?: 'outputs' | 'optimized' | 'fusions' | 'latency';
  }[];
  readonly rewrites: readonly ExplainedRewrite[];
  readonly verdict: Verdict;
  readonly latency?: LatencyComparison;
  readonly problems: readonly string[];
  readonly milliseconds: number;
}

export interface LatencyComparison {
  readonly a: Latency;
  readonly b: Latency;
  /** Time of b over time of a, by medians, or by fast runs where `problems` says so: below 1, b is faster. */
  readonly ratio: number;
  readonly interval95: readonly [number, number];
  readonly verdict: 'faster' | 'slower' | 'no-difference';
  /** The smallest difference, in percent, that this measurement could have told from noise. */
  readonly resolutionPercent: number;
  /** The A/A control: ratio interval of the first model against itself. */
  readonly control95?: readonly [number, number];
  readonly rounds: number;
  /** What keeps this measurement from being as sure as others, in words. */
  readonly problems?: readonly string[];
  /** As it began. */
  readonly environment?: Environment;
}

/** One way to quantize a model that `auto` tried. */
export interface QuantizeCandidate {
  readonly label: string;
  readonly bytes: number;
  readonly sqnrDb: number | null;
  /** Share of labelled samples that are right. */
  readonly metric?: number;
  /** Median time over that of the float model, where it was measured. */
  readonly ratio?: number;
  readonly interval95?: readonly [number, number];
  readonly verdict?: LatencyComparison['verdict'];
  /** Whether it keeps every limit of the budget. */
  readonly within: boolean;
  /** Of those measured within the budget, none is both as fast and as exact. */
  readonly front: boolean;
  readonly chosen: boolean;
}

/** Errors at a node: of what it gives, of its weights, and what the outputs gain without it. */
export interface QuantizedNode {
  readonly id?: NodeId;
  readonly node: string;
  readonly output?: NumberError;
  readonly weight?: NumberError;
  /** Lowest signal to noise of the outputs, in dB, when this node alone stays float. */
  readonly withoutDb?: number | null;
}

/** Signal to noise in dB (140 where nothing changed), cosine of the angle, and the largest difference. */
export interface NumberError {
  readonly sqnrDb: number;
  readonly cosine: number;
  readonly maxAbs: number;
}

export interface QuantizeReport {
  readonly schema: number;
  readonly model: ModelIdentity;
  readonly output?: string;
  readonly scheme: string;
  readonly options: Readonly<Record<string, string | number | boolean>>;
  readonly calibration?: { readonly samples: number; readonly source: string; readonly method: string };
  /** Quantized nodes of those that the scheme could take. */
  readonly quantized: { readonly nodes: number; readonly of: number };
  readonly kept: readonly { readonly id?: NodeId; readonly node: string; readonly reason: string }[];
  /** Quantized nodes that ONNX Runtime runs with an integer kernel; static: those that only move integers, too. */
  readonly fused: { readonly nodes: number; readonly of: number };
  /** Static: nodes that ONNX Runtime runs as floats between two conversions, and why. */
  readonly islands?: readonly {
    readonly id?: NodeId;
    readonly node: string;
    readonly opType: string;
    readonly reason: string;
  }[];
  readonly before: ModelSize;
  readonly after: ModelSize;
  readonly verdict: Verdict;
  readonly sqnrDb: number | null;
  /** The inputs behind `verdict`: labelled, of the calibration data but held back from it, those that calibrated, or made up. */
  readonly comparedOn?: 'labelled' | 'held-out' | 'calibration' | 'made-up';
  readonly metric?: MetricPair;
  readonly latency?: LatencyComparison;
  /** What quantizing changed at each node of the main graph, in the order of the graph; absent when nothing was run. */
  readonly nodes?: readonly QuantizedNode[];
  /** When asked for: `probed` of `of` quantized nodes were left float one at a time; the outputs have `baseDb` without. */
  readonly sensitivity?: { readonly probed: number; readonly of: number; readonly baseDb: number | null };
  /** `auto`: what was tried, in that order. */
  readonly candidates?: readonly QuantizeCandidate[];
  /** A search found that the float model is best: what is reported is the best of the others, and no result. */
  readonly keepFloat?: boolean;
  readonly advice: readonly string[];
  readonly problems: readonly string[];
  readonly milliseconds: number;
}

/** What is pruned: whole channels, single weights anywhere, or two of every four weights. */
export type PrunePattern = 'channels' | 'unstructured' | '2:4';

export interface PruneReport {
  readonly schema: number;
  readonly model: ModelIdentity;
  readonly output?: string;
  readonly pattern: PrunePattern;
  /** The share that was asked for; of `2:4`, the share that is 0 now. */
  readonly ratio: number;
  /** `channels`: those that went of those that could, and what is left of each set of layers that share them. */
  readonly channels?: {
    readonly removed: number;
    readonly of: number;
    readonly sets: readonly { readonly layers: readonly string[]; readonly channels: number; readonly left: number }[];
  };
  /** The other patterns: weights that are 0 now. */
  readonly weights?: {
    readonly zeros: number;
    readonly of: number;
    /** `2:4`: those that stay because they are in no whole four. */
    readonly outside?: number;
  };
  readonly before: ModelSize;
  readonly after: ModelSize;
  readonly verdict: Verdict;
  /** Lowest signal to noise of a float output, in dB; null when all are equal or nothing was compared. */
  readonly sqnrDb: number | null;
  readonly metric?: MetricPair;
  readonly latency?: LatencyComparison;
  readonly advice: readonly string[];
  readonly milliseconds: number;
}

/** A metric on the user's labelled data, as shares of 1. */
export interface MetricPair {
  readonly name: string;
  readonly before: number;
  readonly after: number;
  readonly samples: number;
}

export interface CompareReport {
  readonly schema: number;
  readonly a: ModelIdentity;
  readonly b: ModelIdentity;
  readonly graph: { readonly same: number; readonly changed: number; readonly added: number; readonly removed: number };
  readonly before: ModelSize;
  readonly after: ModelSize;
  readonly verdict: Verdict;
  readonly outputs: readonly OutputDifference[];
  readonly metric?: MetricPair;
  readonly latency?: LatencyComparison;
  readonly environment?: Environment;
  readonly problems: readonly string[];
}

/** One attempt of `tune`, and what became of it. */
export interface TuneStep {
  readonly step: 'measure' | 'simplify' | 'threads' | 'quantize' | 'prune';
  /** `33 passes, 404 → 100 nodes`, `dynamic-int8`, `2 threads`. */
  readonly what: string;
  /** Whether the result goes on from here. */
  readonly kept: boolean;
  /** Why it was kept or not: the verdict of the comparison, or what kept it from running. */
  readonly why: string;
  /** After the step, in milliseconds; absent when it was not kept. */
  readonly p90?: number;
}

export interface TuneReport {
  readonly schema: number;
  readonly model: ModelIdentity;
  readonly output?: string;
  readonly environment: Environment;
  readonly target: {
    /** Milliseconds. */
    readonly p90: number;
    /** Percentage points of the metric. */
    readonly maxMetricDrop?: number;
    readonly minSqnr?: number;
  };
  /** Null when it cannot be told: rounds lie on both sides of the target. */
  readonly met: boolean | null;
  /** Milliseconds; of the interleaved rounds that decided. */
  readonly before: Latency;
  readonly after: Latency;
  readonly p90: { readonly before: RoundsP90; readonly after: RoundsP90 };
  /** Session settings that the figures after are for. */
  readonly settings: SweepSettings;
  /** Why the steps come in their order. */
  readonly order: string;
  readonly steps: readonly TuneStep[];
  readonly metric?: QuantizeReport['metric'];
  readonly sqnrDb?: number | null;
  readonly advice: readonly string[];
}

export interface DiffedNode {
  readonly id: NodeId;
  /** That of its first output when it has none of its own. */
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
}

export interface DescribedDiff {
  readonly same: number;
  readonly changed: readonly {
    readonly a: DiffedNode;
    readonly b: DiffedNode;
    /** Operator, attributes, constants: each that differs, before and after. */
    readonly differences: readonly string[];
  }[];
  readonly added: readonly DiffedNode[];
  readonly removed: readonly DiffedNode[];
}

export interface DiffReport extends DescribedDiff {
  readonly schema: number;
  readonly a: ModelIdentity;
  readonly b: ModelIdentity;
  readonly milliseconds: number;
}
