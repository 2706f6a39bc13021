import { detailsOf, type KernelEvent, nameOf } from './trace-line.ts';

/** A node that ONNX Runtime ran, in the place where it ran it. */
export interface TraceKernel {
  /** Name of the node in the graph that ORT made; for a node without a name, `<opType>_<index>`. */
  readonly name: string;
  readonly opType: string;
  /** Index of the node in ORT's own graph; −1 when the trace does not say. */
  readonly index: number;
  readonly provider: string;
  /** Place of the `If`, `Loop` or `Scan` kernel in whose body it ran, in the list of kernels; −1 in the main graph. */
  readonly parent: number;
  /** As `float32 [1, 3, 224, 224]`, of the first call. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Bytes of weights and of other inputs read, and of outputs, of the first call; NaN when the trace does not say. */
  readonly parameterBytes: number;
  readonly activationBytes: number;
  readonly outputBytes: number;
  /** Bytes that its provider's allocator held before the first call, and at most up to its end; NaN when the trace does not say. */
  readonly memoryBefore: number;
  readonly memoryPeak: number;
}

/**
 * The kernel of an event, the first of that kernel. `shapes` keeps lists of shapes by their text: most kernels have
 * those of others.
 */
export function kernelOf(event: KernelEvent, parent: number, shapes: Map<string, readonly string[]>): TraceKernel {
  const details = detailsOf(event);
  const field = (key: string): string => fieldOf(details, key);
  const shapesAt = (key: string): readonly string[] => {
    const text = field(key);
    const known = shapes.get(text) ?? typedShapes(parseJson(text));
    shapes.set(text, known);
    return known;
  };
  return {
    name: nameOf(event),
    opType: field('"op_name"'),
    index: event.index,
    provider: field('"provider"'),
    parent,
    inputs: shapesAt('"input_type_shape"'),
    outputs: shapesAt('"output_type_shape"'),
    parameterBytes: numberOf(field('"parameter_size"')),
    activationBytes: numberOf(field('"activation_size"')),
    outputBytes: numberOf(field('"output_size"')),
    memoryBefore: numberOf(field('"mem_bytes_in_use"')) - numberOf(field('"mem_in_use_delta"')),
    memoryPeak: numberOf(field('"mem_in_use_peak"')),
  };
}

const typeNames: Readonly<Record<string, string>> = { float: 'float32', double: 'float64' };

/**
 * The text of a field of `args`, by its key with the quotes; '' where there is none. Only that field is read: they stand
 * in another order in every event, and JSON.parse takes longer for the objects that this makes than everything else takes.
 */
function fieldOf(details: string, key: string): string {
  const at = details.indexOf(key);
  if (at < 0) return '';
  fieldValue.lastIndex = at + key.length;
  const found = fieldValue.exec(details);
  return found?.[1] ?? found?.[2] ?? '';
}

/** After a key: a text without escapes, or a list of shapes by type, or a number. */
const fieldValue = /\s*:\s*(?:"([^"\\]*)"|(\[(?:\{[^{}]*\},?\s*)*\]|-?\d+))/y;

/** `[{"float": [1, 3]}]` → `float32 [1, 3]`. */
function typedShapes(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isRecord).flatMap((entry) =>
    Object.entries(entry).map(([type, shape]) => {
      const name = typeNames[type] ?? type;
      return Array.isArray(shape) ? `${name} [${shape.join(', ')}]` : name;
    }),
  );
}

function numberOf(text: string): number {
  return text === '' ? Number.NaN : Number(text);
}

/** What a text of JSON says; undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
