/**
 * An ONNX model in memory: structure as plain read-only objects, weights as byte ranges.
 *
 * Objects are never changed in place. A changed object is a new object; an object that is still the same one the
 * reader made is written back from its original bytes. `unknown` holds protobuf fields this version does not know,
 * in wire format, so that they survive a round trip.
 */
import type { ByteSource } from './byte-source.ts';
import type { DataType } from './data-type.ts';

declare const nodeIdBrand: unique symbol;
/** Identity of a node within one model and all versions made from it: stable across passes. Names never serve as keys. */
export type NodeId = number & { readonly [nodeIdBrand]: true };

/** One axis: a size, a symbol's name, or null when nothing is known. */
export type Dim = number | string | null;

export interface Model {
  readonly irVersion: number;
  readonly producerName: string;
  readonly producerVersion: string;
  readonly domain: string;
  readonly modelVersion: bigint;
  readonly docString: string;
  /** Operator-set domain → version. The default domain is `''`, also when the file says `ai.onnx`. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly graph: Graph;
  readonly functions: readonly FunctionDefinition[];
  readonly metadata: ReadonlyMap<string, string>;
  /** Encoded `TrainingInfoProto` messages, kept as they are: how training goes on is nothing a pass looks into. */
  readonly trainingInfo?: readonly ByteSource[];
  /** Encoded `DeviceConfigurationProto` messages and whatever else this version does not know. */
  readonly unknown?: Uint8Array;
  /** One past the highest node id given so far. */
  readonly nextNodeId: number;
}

export interface Graph {
  readonly name: string;
  readonly docString: string;
  readonly nodes: readonly Node[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** Types of intermediate values, as the file states them. */
  readonly valueInfo: readonly ValueInfo[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  readonly sparseInitializers: readonly SparseTensor[];
  readonly quantizationAnnotations: readonly QuantizationAnnotation[];
  readonly metadata: ReadonlyMap<string, string>;
  readonly unknown?: Uint8Array;
}

export interface Node {
  readonly id: NodeId;
  readonly opType: string;
  /** `''` is the default domain, also when the file says `ai.onnx`. */
  readonly domain: string;
  readonly name: string;
  /** Value names; an empty string is an optional input left out, and its position counts. */
  readonly inputs: readonly string[];
  /** Value names; an empty string is an output that is not wanted. */
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly docString?: string;
  readonly overload?: string;
  readonly metadata?: ReadonlyMap<string, string>;
  readonly unknown?: Uint8Array;
}

/** An attribute's value. Integers are bigint because ONNX's are 64 bits wide; strings are bytes because they need not be UTF-8. */
export type Attribute = (
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'string'; readonly value: Uint8Array }
  | { readonly type: 'tensor'; readonly value: Tensor }
  | { readonly type: 'graph'; readonly value: Graph }
  | { readonly type: 'sparse-tensor'; readonly value: SparseTensor }
  | { readonly type: 'type'; readonly value: ValueType }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'ints'; readonly value: readonly bigint[] }
  | { readonly type: 'strings'; readonly value: readonly Uint8Array[] }
  | { readonly type: 'tensors'; readonly value: readonly Tensor[] }
  | { readonly type: 'graphs'; readonly value: readonly Graph[] }
  | { readonly type: 'sparse-tensors'; readonly value: readonly SparseTensor[] }
  | { readonly type: 'types'; readonly value: readonly ValueType[] }
  /** In a function body: the value of the caller's attribute `value`. */
  | { readonly type: 'reference'; readonly value: string; readonly of: number }
  /** Kept as the bytes of its message: its type is not known, or it is a list, `of` that type, too long to hold. */
  | { readonly type: 'encoded'; readonly value: ByteSource; readonly of?: string }
) & { readonly docString?: string; readonly unknown?: Uint8Array };

export interface Tensor {
  readonly name: string;
  readonly dtype: DataType;
  readonly dims: readonly number[];
  /**
   * Little-endian elements laid out as in `raw_data`, whatever field or file holds them. `data.bytes` is set when
   * they are in memory (small tensors and those that a pass made). For strings: length 0, see `strings`.
   */
  readonly data: ByteSource;
  readonly strings?: readonly Uint8Array[];
  readonly docString?: string;
  /** Where the bytes lie when they are outside the model's file: a path relative to the model's folder. */
  readonly external?: {
    readonly location: string;
    readonly offset: number;
    readonly length: number;
    /** What else the file says of it: a checksum, or what this version does not know. */
    readonly others?: ReadonlyMap<string, string>;
  };
  readonly metadata?: ReadonlyMap<string, string>;
  readonly unknown?: Uint8Array;
}

/** `values` and `indices` as in `SparseTensorProto`; its name is the name of `values`. */
export interface SparseTensor {
  readonly values: Tensor;
  readonly indices: Tensor;
  readonly dims: readonly number[];
  readonly unknown?: Uint8Array;
}

export type ValueType =
  | {
      readonly kind: 'tensor' | 'sparse-tensor';
      readonly dtype: DataType /** Undefined: rank unknown. */;
      readonly shape?: readonly Dim[];
      readonly denotations?: readonly string[];
    }
  | { readonly kind: 'sequence' | 'optional'; readonly element: ValueType | undefined }
  | { readonly kind: 'map'; readonly key: DataType; readonly value: ValueType | undefined }
  | { readonly kind: 'opaque'; readonly domain: string; readonly name: string };

export interface ValueInfo {
  readonly name: string;
  readonly type?: ValueType;
  readonly denotation?: string;
  readonly docString?: string;
  readonly metadata?: ReadonlyMap<string, string>;
  readonly unknown?: Uint8Array;
}

export interface QuantizationAnnotation {
  readonly tensorName: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** A model-local function (`FunctionProto`): a scope of its own, with its own operator sets. */
export interface FunctionDefinition {
  readonly name: string;
  readonly domain: string;
  readonly overload: string;
  readonly docString: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes a caller must give, and those that have a default. */
  readonly attributes: readonly string[];
  readonly attributeDefaults: ReadonlyMap<string, Attribute>;
  readonly opsets: ReadonlyMap<string, number>;
  readonly nodes: readonly Node[];
  readonly valueInfo: readonly ValueInfo[];
  readonly metadata: ReadonlyMap<string, string>;
  readonly unknown?: Uint8Array;
}
