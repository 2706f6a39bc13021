/** Reports of what was measured: latency, where the time goes, sweeps; of which model, and on which machine. */
import type { OptimizationLevel } from '../evaluator.ts';
import type { NodeId } from '../graph/model.ts';
import type { SessionSnippets } from './session-snippets.ts';

export interface ModelIdentity {
  readonly path: string;
  /** The model file and its external data together. */
  readonly bytes: number;
  readonly sha256?: string;
  readonly irVersion: number;
  readonly producer: string;
  readonly opsets: Readonly<Record<string, number>>;
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
  /** Milliseconds a run: its share of every kernel that covers it, mean over the middle half of the kernel's times. */
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
  /** The same of a large MatMul in float16; absent where the provider computes that in float32, and in earlier reports. */
  readonly fp16Gflops?: number;
  /** 10⁹ bytes a second, read and written, of a large element-wise operator. */
  readonly gbPerSecond: number;
  /** Milliseconds of a kernel with next to nothing to do. */
  readonly callMs: number;
}

/** What limits a kernel: arithmetic, memory traffic, or the call itself when the work takes less than that. */
export type KernelBound = 'compute' | 'memory' | 'overhead';

/** What kernels multiply in, as far as it has a ceiling. */
export type KernelArithmetic = 'float32' | 'float16' | 'int8';

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
  /**
   * Milliseconds a profiled run: all kernels together; of these those without a node, conversions, which count with the
   * nodes whose values they convert, and copies between devices, which count with none.
   */
  readonly kernelMs: number;
  readonly unattributedMs: number;
  readonly insertedMs: number;
  readonly transferMs: number;
  /** What kernels took beyond their usual time, interrupted by other work; absent in earlier reports, where it was in the kernels. */
  readonly interruptedMs?: number;
  /** Between kernels; on a GPU by whose clock kernels count, all the time in which it ran none. */
  readonly gapsMs: number;
  /** Before and after the graph is executed, inside ONNX Runtime's run. */
  readonly frameworkMs: number;
  /** What the clock outside says above the trace in the other runs than those of the breakdown: handing inputs and outputs over. */
  readonly callMs: number;
  /** The whole run by the clock outside. No part is what the others leave of it: together they are it as far as all measurements agree. */
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
