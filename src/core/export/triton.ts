import { assertUnreachable } from '../assert.ts';
import { english } from '../english.ts';
import type { OptimizationLevel } from '../evaluator.ts';
import type { ReportedValue } from '../report/report.ts';
import { batchSymbol, ExportError, type ExportedMeasurement, type ExportedModel } from './exported-model.ts';

/** Opscope's element types that Triton has, as `DataType` of its model_config.proto. */
const dataTypes: Readonly<Record<string, string>> = {
  bool: 'TYPE_BOOL',
  uint8: 'TYPE_UINT8',
  uint16: 'TYPE_UINT16',
  uint32: 'TYPE_UINT32',
  uint64: 'TYPE_UINT64',
  int8: 'TYPE_INT8',
  int16: 'TYPE_INT16',
  int32: 'TYPE_INT32',
  int64: 'TYPE_INT64',
  float16: 'TYPE_FP16',
  float32: 'TYPE_FP32',
  float64: 'TYPE_FP64',
  string: 'TYPE_STRING',
  bfloat16: 'TYPE_BF16',
};

/** The largest batch that Triton may form when none was measured. */
const unmeasuredBatch = 8;

/**
 * `config.pbtxt` of a Triton model repository, a `ModelConfig` of Triton's model_config.proto in protobuf's text format,
 * for its ONNX Runtime backend. Requests are batched when all inputs and outputs begin with one symbolic dimension.
 * Throws an `ExportError` when a value is not a tensor that Triton can carry.
 */
export function tritonConfig(model: ExportedModel): string {
  const { name, inputs, outputs, measured } = model;
  const symbol = batchSymbol(model);
  const batched = symbol !== undefined;
  const lines = [
    `name: ${quoted(name)}`,
    'backend: "onnxruntime"',
    `default_model_filename: ${quoted(model.files[0]!.name)}`,
    batched
      ? `# ${quoted(symbol)}, the first dimension of every value, is the batch.`
      : '# Not every value begins with the same symbolic dimension, so requests are not batched.',
    `max_batch_size: ${batched ? (measured?.batch?.largest ?? unmeasuredBatch) : 0}`,
    ...list('input', inputs, batched),
    ...list('output', outputs, batched),
    ...(batched ? batching(measured) : []),
    ...(measured ? runtimeSettings(measured) : []),
    ...provenance(model),
  ];
  return `${lines.join('\n')}\n`;
}

/** Where `config.pbtxt` and the model's files lie in a repository. */
export const tritonPaths = ({ name }: Pick<ExportedModel, 'name'>) => ({
  config: `${name}/config.pbtxt`,
  version: `${name}/1`,
});

function list(field: 'input' | 'output', values: readonly ReportedValue[], batched: boolean): readonly string[] {
  const entries = values.map((value) => {
    const { dims, reshape } = dimsOf(value, batched);
    return [
      '  {',
      `    name: ${quoted(value.name)}`,
      `    data_type: ${dataType(value)}`,
      `    dims: [ ${dims.join(', ')} ]`,
      ...(reshape ? ['    reshape: { shape: [ ] }'] : []),
      '  }',
    ].join('\n');
  });
  return [`${field} [`, entries.join(',\n'), ']'];
}

/** Triton's dims have no batch dimension and at least one other: what is left a scalar is carried as one element. */
function dimsOf({ name, shape }: ReportedValue, batched: boolean): { dims: readonly number[]; reshape: boolean } {
  if (shape === null) {
    throw new ExportError(english`Triton needs the rank of every value, and that of ${name} is not known.`);
  }
  const dims = shape.slice(batched ? 1 : 0).map((dim) => (typeof dim === 'number' ? dim : -1));
  if (dims.includes(0)) throw new ExportError(english`${name} has a dimension of size 0, which Triton does not take.`);
  return dims.length === 0 ? { dims: [1], reshape: true } : { dims, reshape: false };
}

function dataType({ name, dtype }: ReportedValue): string {
  const known = dataTypes[dtype];
  if (known) return known;
  throw new ExportError(english`Triton cannot carry ${name}: it has no type for ${dtype || 'values of unknown type'}.`);
}

function batching(measured: ExportedMeasurement | undefined): readonly string[] {
  if (!measured?.batch) return ['dynamic_batching { }'];
  return [`dynamic_batching { preferred_batch_size: [ ${measured.batch.best} ] }`];
}

/** What the measurement found best, where Triton has a setting for it. */
function runtimeSettings({ settings }: ExportedMeasurement): readonly string[] {
  const { provider, threads, level } = settings;
  const graphLevel = levelOf(level);
  const optimization = [
    ...(graphLevel === undefined ? [] : [`graph { level: ${graphLevel} }`]),
    ...(provider === 'tensorrt' ? ['execution_accelerators { gpu_execution_accelerator { name: "tensorrt" } }'] : []),
  ];
  const kind =
    provider === 'cpu' ? 'KIND_CPU' : provider === 'cuda' || provider === 'tensorrt' ? 'KIND_GPU' : undefined;
  return [
    ...(kind ? [`instance_group [ { count: 1 kind: ${kind} } ]`] : []),
    ...(optimization.length > 0 ? [`optimization { ${optimization.join(' ')} }`] : []),
    ...(threads > 0 ? [parameter('intra_op_thread_count', String(threads))] : []),
  ];
}

/** `graph.level` of the ONNX Runtime backend; undefined: its default, everything. */
function levelOf(level: OptimizationLevel): number | undefined {
  switch (level) {
    case 'disabled':
      return 2;
    case 'basic':
      return -1;
    case 'extended':
      return 1;
    case 'layout':
    case 'all':
      return undefined;
    default:
      return assertUnreachable(level);
  }
}

/** Parameters that the backend does not know stay with the model and change nothing. */
function provenance({ files, recipe, opscope }: ExportedModel): readonly string[] {
  return [
    parameter('opscope_version', opscope),
    parameter('opscope_model_sha256', files[0]!.sha256),
    ...(recipe
      ? [
          parameter('opscope_source_sha256', recipe.source.sha256),
          parameter('opscope_steps', recipe.steps.map(({ command }) => command).join(', ')),
        ]
      : []),
  ];
}

const parameter = (key: string, value: string): string =>
  `parameters { key: ${quoted(key)} value { string_value: ${quoted(value)} } }`;

/** A string literal of protobuf's text format: bytes outside printable ASCII as octal escapes. */
function quoted(text: string): string {
  const escaped = Array.from(new TextEncoder().encode(text), (byte) => {
    const character = String.fromCharCode(byte);
    if (character === '"' || character === '\\') return `\\${character}`;
    return byte >= 0x20 && byte < 0x7f ? character : `\\${byte.toString(8).padStart(3, '0')}`;
  });
  return `"${escaped.join('')}"`;
}
