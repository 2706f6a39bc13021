import type { OptimizationLevel } from '../evaluator.ts';
import type { ReportedValue } from '../report/report.ts';
import { pythonProviders } from '../report/session-snippets.ts';
import type { ExportedModel } from './exported-model.ts';

/** Element types as NumPy names them, for the signature. */
const numpyTypes: Readonly<Record<string, string>> = {
  bool: 'bool',
  uint8: 'uint8',
  uint16: 'uint16',
  uint32: 'uint32',
  uint64: 'uint64',
  int8: 'int8',
  int16: 'int16',
  int32: 'int32',
  int64: 'int64',
  float16: 'float16',
  float32: 'float32',
  float64: 'float64',
  string: 'str',
};

/** `GraphOptimizationLevel` of ONNX Runtime. */
const levels: Readonly<Record<OptimizationLevel, number>> = { disabled: 0, basic: 1, extended: 2, layout: 3, all: 99 };

/**
 * The files of an MLflow model folder beside the model itself, by name: `MLmodel` with the ONNX and the Python-function
 * flavor, and the environment they need. The signature is left out when NumPy lacks a value's type or its rank is not
 * known: MLflow then takes any input.
 */
export function mlflowFiles(model: ExportedModel): Readonly<Record<string, string>> {
  return {
    MLmodel: yaml(mlmodel(model)),
    'requirements.txt': requirements(model),
    'python_env.yaml': yaml({ dependencies: ['-r requirements.txt'] }),
  };
}

function mlmodel(model: ExportedModel): Yaml {
  const { inputs, outputs, files, measured, date } = model;
  const data = files[0]!.name;
  const signature = [...inputs, ...outputs].every(hasTensorSpec)
    ? { inputs: tensorSpecs(inputs), outputs: tensorSpecs(outputs), params: null }
    : undefined;
  return {
    flavors: {
      onnx: {
        code: null,
        data,
        providers: pythonProviders(measured?.settings.provider ?? 'cpu'),
        ...(measured ? { onnx_session_options: sessionOptions(measured.settings) } : {}),
      },
      python_function: {
        data,
        env: { virtualenv: 'python_env.yaml' },
        loader_module: 'mlflow.onnx',
      },
    },
    metadata: provenance(model),
    model_size_bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    ...(signature ? { signature } : {}),
    utc_time_created: date.replace('T', ' ').replace('Z', ''),
  };
}

const sessionOptions = ({ threads, level }: { readonly threads: number; readonly level: OptimizationLevel }) => ({
  graph_optimization_level: levels[level],
  ...(threads > 0 ? { intra_op_num_threads: threads } : {}),
});

const hasTensorSpec = ({ dtype, shape }: ReportedValue): boolean => dtype in numpyTypes && shape !== null;

/** A list of tensor specs, which MLflow keeps as JSON inside its YAML. */
const tensorSpecs = (values: readonly ReportedValue[]): string =>
  JSON.stringify(
    values.map(({ name, dtype, shape }) => ({
      name,
      type: 'tensor',
      'tensor-spec': {
        dtype: numpyTypes[dtype],
        shape: (shape ?? []).map((dim) => (typeof dim === 'number' ? dim : -1)),
      },
    })),
  );

function provenance({ files, recipe, measured, opscope }: ExportedModel): Yaml {
  return {
    opscope: {
      version: opscope,
      sha256: Object.fromEntries(files.map(({ name, sha256 }) => [name, sha256])),
      ...(recipe
        ? {
            source: { file: recipe.source.path, sha256: recipe.source.sha256 },
            steps: recipe.steps.map((step) => JSON.stringify(step)),
          }
        : {}),
      ...(measured
        ? {
            latency_ms: {
              median: measured.latency.median,
              interval95: measured.latency.interval95,
              runs: measured.latency.runs,
              cpu: measured.environment.cpu,
              provider: measured.settings.provider,
            },
          }
        : {}),
    },
  };
}

/** What the model was measured or made with, when that is known. */
function requirements({ measured, recipe }: ExportedModel): string {
  const runtime = measured?.environment.onnxruntime ?? recipe?.onnxruntime;
  return `${['mlflow', 'onnx', runtime ? `onnxruntime>=${runtime}` : 'onnxruntime'].join('\n')}\n`;
}

type Yaml = string | number | null | readonly Yaml[] | { readonly [key: string]: Yaml };

/** Block-style YAML 1.2 with strings in double quotes, as JSON writes them. */
function yaml(value: Yaml, indent = ''): string {
  if (isScalar(value)) return `${JSON.stringify(value)}\n`;
  const entries = Array.isArray(value)
    ? (value as readonly Yaml[]).map((item) => ['-', item] as const)
    : Object.entries(value as { readonly [key: string]: Yaml }).map(([key, item]) => [`${keyOf(key)}:`, item] as const);
  if (entries.length === 0) return Array.isArray(value) ? '[]\n' : '{}\n';
  return entries
    .map(([head, item]) =>
      isScalar(item) ? `${indent}${head} ${JSON.stringify(item)}\n` : `${indent}${head}\n${yaml(item, `${indent}  `)}`,
    )
    .join('');
}

const isScalar = (value: Yaml): value is string | number | null => value === null || typeof value !== 'object';

const keyOf = (key: string): string => (/^[A-Za-z_][\w-]*$/.test(key) ? key : JSON.stringify(key));
