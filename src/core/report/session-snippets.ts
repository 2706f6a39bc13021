import type { OptimizationLevel } from '../evaluator.ts';
import type { SweepSettings } from './profile-report.ts';

/** Code that makes a session with some settings. */
export interface SessionSnippets {
  readonly python: string;
  readonly cpp: string;
  readonly csharp: string;
  readonly javascript: string;
}

const levels: Readonly<Record<OptimizationLevel, string>> = {
  disabled: 'ORT_DISABLE_ALL',
  basic: 'ORT_ENABLE_BASIC',
  extended: 'ORT_ENABLE_EXTENDED',
  layout: 'ORT_ENABLE_LAYOUT',
  all: 'ORT_ENABLE_ALL',
};

/** A provider in ONNX Runtime's Python interface, and the C++ and C# that ask for it. */
const providers: Readonly<Record<string, { readonly python: string; readonly cpp: string; readonly csharp: string }>> =
  {
    webgpu: {
      python: 'WebGpu',
      cpp: 'options.AppendExecutionProvider("WebGPU");',
      csharp: 'options.AppendExecutionProvider("WebGPU");',
    },
    cuda: {
      python: 'CUDA',
      cpp: 'options.AppendExecutionProvider_CUDA(OrtCUDAProviderOptions{});',
      csharp: 'options.AppendExecutionProvider_CUDA();',
    },
    tensorrt: {
      python: 'Tensorrt',
      cpp: 'options.AppendExecutionProvider_TensorRT(OrtTensorRTProviderOptions{});',
      csharp: 'options.AppendExecutionProvider_Tensorrt();',
    },
    dml: {
      python: 'Dml',
      cpp: 'options.AppendExecutionProvider("DML");',
      csharp: 'options.AppendExecutionProvider_DML();',
    },
    coreml: {
      python: 'CoreML',
      cpp: 'options.AppendExecutionProvider("CoreML");',
      csharp: 'options.AppendExecutionProvider("CoreML");',
    },
  };

/** What ONNX Runtime's Python interface is asked for to run on a provider: that one, then the CPU for the rest. */
export function pythonProviders(provider: string): readonly string[] {
  const other = providers[provider];
  return [...(other ? [other.python] : []), 'CPU'].map((name) => `${name}ExecutionProvider`);
}

/** Session options to paste: `file` is what the model is called there. Threads of 0 are ONNX Runtime's own choice and left out. */
export function sessionSnippets({ provider, threads, level }: SweepSettings, file: string): SessionSnippets {
  const other = providers[provider];
  const model = literal(file);
  const lines = (...all: (string | false)[]) => all.filter((line) => line !== false).join('\n');
  return {
    python: lines(
      'import onnxruntime as ort',
      '',
      'options = ort.SessionOptions()',
      threads > 0 && `options.intra_op_num_threads = ${threads}`,
      `options.graph_optimization_level = ort.GraphOptimizationLevel.${levels[level]}`,
      `providers = [${pythonProviders(provider).map(literal).join(', ')}]`,
      `session = ort.InferenceSession(${model}, options, providers=providers)`,
    ),
    cpp: lines(
      'Ort::Env env;',
      'Ort::SessionOptions options;',
      threads > 0 && `options.SetIntraOpNumThreads(${threads});`,
      `options.SetGraphOptimizationLevel(GraphOptimizationLevel::${levels[level]});`,
      other?.cpp ?? false,
      `Ort::Session session(env, ORT_TSTR(${model}), options);`,
    ),
    csharp: lines(
      'using var options = new SessionOptions();',
      threads > 0 && `options.IntraOpNumThreads = ${threads};`,
      `options.GraphOptimizationLevel = GraphOptimizationLevel.${levels[level]};`,
      other?.csharp ?? false,
      `using var session = new InferenceSession(${model}, options);`,
    ),
    javascript: lines(
      "import * as ort from 'onnxruntime-node';",
      '',
      `const session = await ort.InferenceSession.create(${model}, {`,
      `  executionProviders: ['${provider}'],`,
      threads > 0 && `  intraOpNumThreads: ${threads},`,
      `  graphOptimizationLevel: '${level}',`,
      '});',
    ),
  };
}

/** A string literal that Python, C++, C# and JavaScript read alike. */
export const literal = (text: string): string =>
  JSON.stringify(text).replaceAll(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
