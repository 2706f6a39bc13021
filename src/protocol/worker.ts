/**
 * What the extension host asks of the model worker. The worker keeps documents, their versions and reports; the host
 * keeps copies of the reports, so that they outlive the worker. Every method that takes a while reports progress and
 * stops when its signal aborts.
 */
import type { OptimizationLevel } from '../core/evaluator.ts';
import type { NodeId } from '../core/graph/model.ts';
import type { Scene } from '../core/layout/scene.ts';
import type { Overlay } from '../core/overlay.ts';
import type { SweepAxes } from '../core/profile/sweep.ts';
import type { Trace } from '../core/profile/trace.ts';
import type { BlockMethod } from '../core/quantize/blocks.ts';
import type { QuantizedFormat } from '../core/quantize/formats.ts';
import type { NodeType } from '../core/quantize/node-types.ts';
import type { Machine } from '../core/report/environment.ts';
import type { ProfileReport, SweepReport } from '../core/report/profile-report.ts';
import type {
  CompareReport,
  InspectReport,
  LatencyComparison,
  OptimizeReport,
  PrunePattern,
  PruneReport,
  QuantizeReport,
  ReportedValue,
  Verdict,
} from '../core/report/report.ts';
import type { TensorStatistics } from '../core/tensor/statistics.ts';

/** One open model with its versions; given out by `open`. */
export type DocumentId = string;

/** A version of a document. */
export interface VersionRef {
  readonly document: DocumentId;
  /** 0 is the original. */
  readonly version: number;
}

/** A state of the model: the original, or what a step made of an earlier version. */
export interface VersionInfo {
  readonly id: number;
  readonly label: string;
  readonly kind: 'original' | 'optimized' | 'quantized' | 'pruned';
  /** The version it was made from; null for the original. */
  readonly parent: number | null;
  /** The file of samples it was calibrated with: what its outputs are best compared on. */
  readonly samples?: string;
  /** Those samples are images, prepared so. */
  readonly image?: string;
  readonly nodes: number;
  readonly bytes: number;
  readonly verdict?: Verdict;
  /** Against its parent. */
  readonly latency?: LatencyComparison;
}

/** Which boxes are open in a view. `auto` opens groups until the view holds what a window can show. */
export interface SceneRequest extends VersionRef {
  readonly open: readonly string[] | 'auto' | 'all';
  /** Draw what ONNX Runtime ran instead of the model's own nodes; needs a profile. */
  readonly asRun?: boolean;
}

/** All nodes of a version as columns, subgraphs included, in topological order. Row i of every column is node `id[i]`. */
export interface NodeTable {
  readonly id: Int32Array;
  readonly name: readonly string[];
  readonly opType: readonly string[];
  readonly domain: readonly string[];
  /** Scope shown before the name: body or function it is in; empty for the main graph. */
  readonly scope: readonly string[];
  /** First output's dtype and shape as text; empty when not known. */
  readonly outputType: readonly string[];
  /** Ids of the nodes that feed row i: `producers[producerOffsets[i] … producerOffsets[i + 1]]`. The keyboard walks along these. */
  readonly producers: Int32Array;
  readonly producerOffsets: Uint32Array;
}

/** A version, and the one that its times are compared with where both were profiled. */
export interface OverlayRequest extends VersionRef {
  readonly against?: number;
}

export interface AttributeText {
  readonly name: string;
  readonly type: string;
  readonly value: string;
  /** What the operator takes where the attribute is left out; null when it takes nothing. */
  readonly default: string | null;
  /** The node leaves it out, so that the default holds. */
  readonly omitted: boolean;
}

/** An input or output of a node. */
export interface NodeValue extends ReportedValue {
  /** The operator's name for this slot: `X`, `W`, `bias`. */
  readonly slot: string;
  /** Types that the operator takes or gives here; empty when they are not known. */
  readonly types: readonly string[];
  /** Whether `tensor` can be asked for it: an initializer or constant, also behind an Identity. */
  readonly constant: boolean;
  /** The nodes at the other end. */
  readonly nodes: readonly NodeId[];
}

export interface NodeDetails {
  readonly id: NodeId;
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly opset: number;
  readonly docString: string;
  /** What the operator does, in one sentence; empty where nobody wrote one. */
  readonly summary: string;
  /** Operator sets that brought or changed the operator, and the one whose form the node has; null when not known. */
  readonly versions: { readonly all: readonly number[]; readonly since: number } | null;
  readonly attributes: readonly AttributeText[];
  readonly inputs: readonly NodeValue[];
  readonly outputs: readonly NodeValue[];
  readonly macs: number | null;
  readonly parameters: number;
  readonly bytes: number | null;
  /** For a node of a later version: the original's nodes it stands for, and why it came to be. */
  readonly origin: readonly { readonly id: NodeId; readonly label: string }[];
  readonly why: readonly string[];
}

/** Statistics of a constant's elements; `values` are the first elements as text. */
export interface TensorDetails extends TensorStatistics {
  readonly name: string;
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly bytes: number;
  readonly values: readonly string[];
}

/** A constant's elements in a file of NumPy's format. */
export interface ExportedTensor {
  readonly path: string;
  /** Type of the elements in the file. */
  readonly dtype: string;
  /** Size of the file. */
  readonly bytes: number;
  /** Why the type is another than the tensor's, when it is. */
  readonly note?: string;
}

/** Settings that every run shares. */
export interface RunSettings {
  readonly provider: string;
  readonly threads: number;
  /** Seconds. */
  readonly timeLimit: number;
  /** Symbolic dimension → size. */
  readonly dims: Readonly<Record<string, number>>;
  /** File or folder with input data; inputs are made when absent. */
  readonly inputs?: string;
  /** What inputs are made of for timing; random when absent. Outputs are compared on random ones all the same. */
  readonly fill?: 'random' | 'zeros';
  readonly seed: number;
}

export interface ProfileRequest extends VersionRef {
  readonly settings: RunSettings;
  /** Timed runs; 0: as many as a stable median needs within the time limit. */
  readonly runs: number;
  /** Runs before timing; −1: until the times have settled. */
  readonly warmup: number;
  readonly level: OptimizationLevel;
}

export interface SweepRequest extends VersionRef {
  /** The time limit is that of the whole sweep. */
  readonly settings: RunSettings;
  readonly level: OptimizationLevel;
  readonly axes: SweepAxes;
}

export interface TraceRequest extends VersionRef {
  /** A profile that ONNX Runtime wrote. */
  readonly path: string;
  /** The optimization level it was made at. */
  readonly level: OptimizationLevel;
}

export interface OptimizeRequest extends VersionRef {
  readonly settings: RunSettings;
  readonly preset: 'exact' | 'default' | 'aggressive';
  /** When given, only these passes. */
  readonly passes?: readonly string[];
  readonly skip?: readonly string[];
  /** The operator set that the pass `raise-opset` raises the model to; it runs when this is given. */
  readonly targetOpset?: number;
  readonly verify: boolean;
  readonly measure: boolean;
}

export interface QuantizeRequest extends VersionRef {
  readonly settings: RunSettings;
  readonly scheme: string;
  /** File or folder of calibration data; needed by static schemes unless `randomCalibration` is set. */
  readonly calibration?: string;
  /** The calibration data are images, prepared so: `imagenet`, or settings such as `resize=256,crop=224,mean=0.5,std=0.5`. */
  readonly image?: string;
  readonly randomCalibration?: boolean;
  readonly method?: string;
  readonly perChannel: boolean;
  /** Nodes that stay float. */
  readonly exclude: readonly NodeId[];
  /** The version on view as they were chosen: what is not in the version quantized is looked up by where it comes from. */
  readonly excludeIn?: number;
  readonly verify: boolean;
  readonly measure: boolean;
  /** Static: type of what nodes read and give. Default uint8; CPUs have no kernels for 16 bits, other processors do. */
  readonly activations?: 'uint8' | 'int8' | 'uint16' | 'int16';
  /** Channels between layers are scaled to like sizes first: it helps where weights have one scale a tensor. */
  readonly equalize?: boolean;
  /** Static: conversions around float nodes (default), or operators on integers. */
  readonly format?: QuantizedFormat;
  /** Leave-one-out: what the outputs gain when a node alone stays float, for those that add most noise. Needs `verify`. */
  readonly sensitivity?: boolean;
  /**
   * SmoothQuant before anything else: how much of the difficulty of activations weights take over, 0 to 1, or `search`.
   * Needs calibration data.
   */
  readonly smooth?: number | 'search';
  /** Weight-only: elements that share a scale, a power of two from 16, and how it is found. Default 32, `search`. */
  readonly blockSize?: number;
  readonly blockMethod?: BlockMethod;
  /** Static: nodes with a type or number of scales of their own, by what the user calls them. */
  readonly typed?: readonly { readonly name: string; readonly nodes: readonly NodeId[]; readonly type: NodeType }[];
  /** Folder or file with labelled data for the metric, as `samples/README.md` describes it. */
  readonly labelled?: string;
  /** Least signal to noise, in dB; of `auto`, for what it may choose. */
  readonly minSqnr?: number;
  /** `auto`: percentage points that the metric may lose. */
  readonly maxMetricDrop?: number;
  /** `auto`: most bytes; up to 1, a share of the model's. */
  readonly maxSize?: number;
}

export interface PruneRequest extends VersionRef {
  readonly settings: RunSettings;
  readonly pattern: PrunePattern;
  /** The share that goes, 0 to 1; `2:4` has its own, a half. */
  readonly ratio: number;
  readonly labelled?: string;
  readonly verify: boolean;
  readonly measure: boolean;
}

export interface CompareRequest {
  readonly a: VersionRef;
  readonly b: VersionRef;
  readonly settings: RunSettings;
  readonly measure: boolean;
}

export interface Compared {
  readonly report: CompareReport;
  readonly mapping: VersionMapping;
}

/** How nodes of two versions belong together. */
export interface VersionMapping {
  /** Pairs (node of a, node of b), flattened; a fused node appears in several pairs. */
  readonly pairs: Int32Array;
  readonly removed: Int32Array;
  readonly added: Int32Array;
  readonly changed: Int32Array;
}

export interface ExportRequest extends VersionRef {
  readonly path: string;
  /** Where weights go: inside the file, or to a file beside it. `auto`: inside below 2 GB. `ort`: ONNX Runtime's format. */
  readonly form: 'auto' | 'inline' | 'external' | 'ort';
}

/** A folder that holds a model and what runs it: for Triton Inference Server, for MLflow, or programs in three languages. */
export type PackageKind = 'triton' | 'mlflow' | 'snippet';

export interface ExportPackageRequest extends VersionRef {
  readonly kind: PackageKind;
  /** Made here, unless it is there and empty. Of Triton: the model's folder within a model repository. */
  readonly folder: string;
  /** A profile or sweep report of this version, as JSON text. */
  readonly measured?: string;
}

export interface ExportPackageReport {
  readonly schema: number;
  readonly model: string;
  readonly kind: PackageKind;
  readonly output: string;
  /** By their paths in the package, the model first. */
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256?: string }[];
}

export interface WriteReportRequest {
  readonly document: DocumentId;
  readonly name: string;
  readonly path: string;
  readonly format: 'html' | 'markdown';
  readonly versions: readonly {
    readonly version: number;
    readonly reports: {
      readonly profile?: ProfileReport;
      readonly optimize?: OptimizeReport;
      readonly quantize?: QuantizeReport;
    };
  }[];
  readonly comparison?: CompareReport;
}

/** What a symbolic dimension is and what to use for it unless told otherwise. */
export interface SymbolicDim {
  readonly name: string;
  /** Inputs and axes where it stands: `input_ids[1]`. */
  readonly where: readonly string[];
  readonly suggestion: number;
}

export interface WorkerContract {
  /**
   * Opens a model file; the same path gives the same document while it is open. `histories` are folders that
   * `keepHistory` wrote: versions go on from the first that belongs to the file as it is now, which is given back as
   * `history`. `head` is the version that the file would get on Save.
   */
  open(argument: { readonly path: string; readonly histories?: readonly string[] }): Promise<{
    readonly document: DocumentId;
    readonly versions: readonly VersionInfo[];
    readonly head: number;
    readonly history: string | null;
    /** Of the original. */
    readonly symbolicDims: readonly SymbolicDim[];
  }>;
  /** Files with weights that the model wants beside it and that are not there, as paths from its folder. */
  missingWeights(argument: { readonly path: string }): Promise<readonly string[]>;
  /** The version of the default operator set that a model file names; null when it names none. Reads little of the file. */
  operatorSet(argument: { readonly path: string }): Promise<number | null>;
  /** SHA-256 of a file, in hexadecimal. */
  checksum(argument: { readonly path: string }): Promise<string>;
  close(argument: { readonly document: DocumentId }): Promise<void>;
  summary(argument: VersionRef & { readonly provider: string }): Promise<InspectReport>;
  scene(argument: SceneRequest): Promise<Scene>;
  nodeTable(argument: VersionRef): Promise<NodeTable>;
  /** The version in the ONNX text syntax, to read and to compare. */
  text(argument: VersionRef): Promise<string>;
  /** Overlays there are for a version now, without their values; with `against`, how its times differ from that version's. */
  overlays(argument: OverlayRequest): Promise<readonly Pick<Overlay, 'id' | 'title' | 'unit' | 'scale' | 'basis'>[]>;
  overlay(argument: OverlayRequest & { readonly id: string }): Promise<Overlay>;
  /** One typical run of the version's last profile, with its kernels in the order of the report's; null without one. */
  timeline(argument: VersionRef): Promise<Trace | null>;
  /** Milliseconds of every timed run of the version's last profile, in the order they were made; null without one. */
  samples(argument: VersionRef): Promise<readonly number[] | null>;
  /** Ids of the nodes that match, in table order. A query that cannot be read rejects with what is wrong in it. */
  search(argument: VersionRef & { readonly query: string }): Promise<Int32Array>;
  node(argument: VersionRef & { readonly node: NodeId }): Promise<NodeDetails>;
  tensor(argument: VersionRef & { readonly value: string; readonly node: NodeId }): Promise<TensorDetails>;
  /** Elements of a constant as text, at most 4096, in row-major order from `offset`, which is a multiple of 8. */
  tensorValues(
    argument: VersionRef & {
      readonly value: string;
      readonly node: NodeId;
      readonly offset: number;
      readonly count: number;
    },
  ): Promise<readonly string[]>;
  /** Writes the elements of a constant to a `.npy` file, beside it first and then renamed. Never over a file of the document. */
  exportTensor(
    argument: VersionRef & { readonly value: string; readonly node: NodeId; readonly path: string },
  ): Promise<ExportedTensor>;
  profile(argument: ProfileRequest): Promise<ProfileReport>;
  /** A trace from disk, put onto the version as a profile of it. */
  loadTrace(argument: TraceRequest): Promise<ProfileReport>;
  /** Latency under every combination of settings. */
  sweep(argument: SweepRequest): Promise<SweepReport>;
  optimize(argument: OptimizeRequest): Promise<{ readonly version: VersionInfo; readonly report: OptimizeReport }>;
  /** What speaks against a scheme (or `auto`) on this machine, known before anything is done. */
  quantizeAdvice(
    argument: VersionRef & { readonly scheme: string; readonly provider: string },
  ): Promise<readonly string[]>;
  /** No version is made where a search says that the float model is best. */
  quantize(
    argument: QuantizeRequest,
  ): Promise<{ readonly version: VersionInfo | null; readonly report: QuantizeReport }>;
  /** Takes the weakest channels or the smallest weights out. */
  prune(argument: PruneRequest): Promise<{ readonly version: VersionInfo; readonly report: PruneReport }>;
  /** Makes a version of what a search tried, by its label; `version` is the one whose report lists it. */
  openCandidate(
    argument: VersionRef & { readonly label: string },
  ): Promise<{ readonly version: VersionInfo; readonly report: QuantizeReport }>;
  compare(argument: CompareRequest): Promise<Compared>;
  /** What of a comparison can be said without running anything: the graphs and sizes. */
  diff(argument: Pick<CompareRequest, 'a' | 'b'>): Promise<Compared>;
  /** Writes a version to a file, beside it first and then renamed. Never writes over the document's own source. */
  exportModel(argument: ExportRequest): Promise<{ readonly path: string; readonly bytes: number }>;
  /** Writes a report of versions to one file. */
  writeReport(argument: WriteReportRequest): Promise<void>;
  /** Writes a version to a new folder, with what a server, a registry or a program needs beside it. */
  exportPackage(argument: ExportPackageRequest): Promise<ExportPackageReport>;
  /**
   * Writes a version over `path`, which may be the document's own file: what was there before is first moved to a
   * name beside it, given as `backup`.
   */
  save(argument: VersionRef & { readonly path: string }): Promise<{ readonly backup: string | null }>;
  /** Writes versions to a folder, from which `open` goes on with them; the history belongs to the file `path`. */
  keepHistory(argument: {
    readonly document: DocumentId;
    readonly folder: string;
    readonly path: string;
    readonly versions: readonly number[];
    readonly head: number;
  }): Promise<void>;
  /** Providers that this machine's runtime offers, and why the others are not there. */
  providers(
    argument: undefined,
  ): Promise<readonly { readonly name: string; readonly available: boolean; readonly note: string }[]>;
  /** What differs between the machine of a result and this one, in words; empty when it was measured here. */
  machineDifferences(argument: { readonly measured: Machine }): Promise<readonly string[]>;
  /** Runs a tool for an assistant; paths in its input start at `folder`. */
  callTool(argument: { readonly name: string; readonly input: unknown; readonly folder: string }): Promise<object>;
  /** For tests: the process id of the runtime child, or null when none runs. */
  runtimePid(argument: undefined): Promise<number | null>;
}
