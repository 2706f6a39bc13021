/**
 * The report objects: one form of every result, printed by the command line as JSON, shown by the editor's panels and
 * written into stand-alone reports. Times are milliseconds and sizes bytes unless a field's name says otherwise.
 * Fields are only ever added: programs rely on names and meaning.
 */
import type { OptimizationLevel } from '../evaluator.ts';
import type { NodeId } from '../graph/model.ts';
import type { Problem } from '../problem.ts';
import type { RoundsP90 } from '../profile/target.ts';
import type { SessionSnippets } from './session-snippets.ts';

export const reportSchema = 1;

export interface ReportedValue {
  readonly name: string;
  readonly dtype: string;
  /** Null: rank unknown. Symbols as text, an unknown axis as `?`. */
  readonly shape: readonly (number | string)[] | null;
}

export interface ModelIdentity {
  readonly path: string;
  /** The model file and its external data together. */
  readonly bytes: number;
  readonly sha256?: string;
  readonly irVersion: number;
  readonly producer: string;
  readonly opsets: Readonly<Record<string, number>>;
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

/** The machine and the settings behind a measurement. */
export interface Environment {
  readonly cpu: string;
  /** Instruction sets that matter; null where the system does not say. */
  readonly features: readonly string[] | null;
  readonly cores: number;
  readonly governor: string | null;
  /** Load average of the last minute when the measurement began. */
  readonly load: number;
  readonly memory: number;
  readonly os: string;
  readonly provider: string;
  /** Intra-op threads; 0: ONNX Runtime's choice. */
  readonly threads: number;
  /** What that choice is on the CPU, one a physical core; absent where a number was set or the system does not say. */
  readonly defaultThreads?: number;
  readonly level: string;
  readonly onnxruntime: string;
  readonly opscope: string;
  readonly modelSha256?: string;
  readonly date: string;
}

/** Latency of one model from plain timed runs, in milliseconds. */
export interface Latency {
  readonly runs: number;
  readonly warmup: number;
  readonly median: number;
  /** 95 % bootstrap interval of the median. */
  readonly interval95: readonly [number, number];
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  /** Only when the sample supports it: 64 runs for p90, 662 for p99. */
  readonly p90?: number;
  readonly p99?: number;
  readonly stable: boolean;
  /** Drift, two modes, outliers, in words. */
  readonly problems: readonly string[];
  readonly samples?: readonly number[];
}

export interface ProfiledKernel {
  /** Name and operator of the node that ONNX Runtime ran. */
  readonly name: string;
  readonly opType: string;
  readonly provider: string;
  /** Milliseconds a run. */
  readonly milliseconds: number;
  readonly calls: number;
  /** The model's own nodes it stands for; empty when that is not known. */
  readonly nodes: readonly NodeId[];
  /** ONNX Runtime put it in: it converts or copies what the nodes make or read. */
  readonly inserted: boolean;
  /** Bytes that a call reads beside weights, and writes; absent when the trace does not say. */
  readonly activationBytes?: number;
  readonly outputBytes?: number;
}

export interface ProfiledNode {
  readonly id: NodeId;
  readonly name: string;
  readonly opType: string;
  /** Milliseconds a run: its share of every kernel that covers it; mean over the middle half of the profiled runs. */
  readonly milliseconds: number;
  /** Half the width of the middle 50 % over the profiled runs. */
  readonly spread: number;
  /** Of the kernel time of a run, 0 to 1. */
  readonly share: number;
  readonly calls: number;
  readonly provider: string;
  /** Indices into `kernels`. */
  readonly kernels: readonly number[];
  /** Bytes that a call of its kernels writes; those of a kernel of many nodes count at the last. Absent when the trace does not say. */
  readonly outputBytes?: number;
}

/** What ONNX Runtime's allocator held, in bytes, in whole chunks as it hands them out. */
export interface MeasuredMemory {
  /** At most: weights that lie there, intermediate values, outputs and what kernels need while they run. */
  readonly peakBytes: number;
  /** Before the first kernel of the first run: weights that lie there. */
  readonly beforeBytes: number;
}

/** What this machine does at most through ONNX Runtime, measured with the settings of the profile. */
export interface Ceilings {
  /** 10⁹ floating-point operations a second, two a multiply-accumulate, of a large MatMul in float32. */
  readonly gflops: number;
  /** The same of a large MatMulInteger, 8-bit operands and 32-bit sums; absent in reports from before it was measured. */
  readonly int8Gops?: number;
  /** 10⁹ bytes a second, read and written, of a large element-wise operator. */
  readonly gbPerSecond: number;
  /** Milliseconds of a kernel with next to nothing to do. */
  readonly callMs: number;
}

/** What limits a kernel: arithmetic, memory traffic, or the call itself when the work takes less than that. */
export type KernelBound = 'compute' | 'memory' | 'overhead';

/** What kernels multiply in, as far as it has a ceiling. */
export type KernelArithmetic = 'float32' | 'int8';

/** A kernel under the ceilings; figures are of all its calls in a run. */
export interface RooflineKernel {
  /** Index into the report's `kernels`. */
  readonly kernel: number;
  readonly macs: number;
  /** Read and written, weights included. */
  readonly bytes: number;
  /** Floating-point operations a byte. */
  readonly intensity: number;
  readonly gflops: number;
  readonly gbPerSecond: number;
  /** Least time that the ceilings allow over the time it took: 1 is as fast as the machine. Above 1 when its data lies in a cache. */
  readonly attained: number;
  readonly bound: KernelBound;
  /** Whose ceiling it is held against. */
  readonly arithmetic?: KernelArithmetic;
}

/** Ceilings, and the kernels whose work is known and has a ceiling. */
export interface Roofline extends Ceilings {
  readonly kernels: readonly RooflineKernel[];
  /** The other kernels, as indices into the report's `kernels`. */
  readonly unjudged?: readonly number[];
}

export interface ProfileReport {
  readonly schema: number;
  readonly model: ModelIdentity;
  readonly environment: Environment;
  readonly inputs: readonly {
    readonly name: string;
    readonly dtype: string;
    readonly shape: readonly number[];
    readonly source: string;
  }[];
  readonly latency: Latency;
  readonly sessionMs: number;
  readonly nodes: readonly ProfiledNode[];
  readonly kernels: readonly ProfiledKernel[];
  /** Milliseconds a profiled run: all kernels together; of these those without a node, conversions and copies between devices. */
  readonly kernelMs: number;
  readonly unattributedMs: number;
  readonly insertedMs: number;
  readonly transferMs: number;
  /** Between kernels; on a GPU by whose clock kernels count, all the time in which it ran none. */
  readonly gapsMs: number;
  /** Before and after the graph is executed, inside ONNX Runtime's run. */
  readonly frameworkMs: number;
  /** What the clock outside says above the trace: handing inputs and outputs over. */
  readonly callMs: number;
  /** The whole run by the clock outside. The parts come from the trace, so together they are it only as far as both agree. */
  readonly wallMs: number;
  /** Median of profiled runs over median of plain runs. */
  readonly overheadRatio: number;
  readonly profiledRuns: number;
  /** Absent when the trace does not say. */
  readonly memory?: MeasuredMemory;
  /** The most bytes of inputs and intermediate values alive at once, from shapes; absent when a size is not known. */
  readonly peakActivationBytes?: number;
  /** When asked for, on the CPU: other providers' kernels go on after the time that the trace has for them. */
  readonly roofline?: Roofline;
  readonly problems: readonly string[];
}

/** What a sweep changes. */
export interface SweepSettings {
  readonly provider: string;
  /** Intra-op threads; 0: ONNX Runtime's choice. */
  readonly threads: number;
  readonly level: OptimizationLevel;
  readonly dims: Readonly<Record<string, number>>;
}

/** One combination of settings, measured or not. */
export interface SweepPoint extends SweepSettings {
  readonly latency?: Latency;
  /** Median of each round, in milliseconds. */
  readonly rounds: readonly number[];
  /** Why it does not run. */
  readonly failure?: string;
}

export interface SweepReport {
  readonly schema: number;
  readonly model: ModelIdentity;
  readonly environment: Environment;
  readonly points: readonly SweepPoint[];
  /** For each set of sizes, an index into `points`; `clear` when it is measurably faster than every other. */
  readonly fastest: readonly {
    readonly point: number;
    readonly clear: boolean;
    /** Code for its session, when it is clear. */
    readonly snippets?: SessionSnippets;
  }[];
  readonly problems: readonly string[];
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
  /** Median of b over median of a: below 1, b is faster. */
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
  /** The inputs behind `verdict`: labelled data, the data that ranges were found on, or made up. */
  readonly comparedOn?: 'labelled' | 'calibration' | 'made-up';
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
