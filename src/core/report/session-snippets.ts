import type { OptimizationLevel } from '../evaluator.ts';
import type { SweepSettings } from './report.ts';

/** Code that makes a session with some settings. */
export interface SessionSnippets {
  readonly python: string;
  readonly cpp: string;
  readonly javascript: string;
}

const levels: Readonly<Record<OptimizationLevel, string>> = {
  disabled: 'ORT_DISABLE_ALL',
  basic: 'ORT_ENABLE_BASIC',
  extended: 'ORT_ENABLE_EXTENDED',
  layout: 'ORT_ENABLE_LAYOUT',
  all: 'ORT_ENABLE_ALL',
};

/** A provider in ONNX Runtime's Python interface, and the C++ that asks for it. */
const providers: Readonly<Record<string, { readonly python: string; readonly cpp: string }>> = {
  webgpu: { python: 'WebGpu', cpp: 'options.AppendExecutionProvider("WebGPU");' },
  cuda: { python: 'CUDA', cpp: 'options.AppendExecutionProvider_CUDA(OrtCUDAProviderOptions{});' },
  tensorrt: { python: 'Tensorrt', cpp: 'options.AppendExecutionProvider_TensorRT(OrtTensorRTProviderOptions{});' },
  dml: { python: 'Dml', cpp: 'options.AppendExecutionProvider("DML");' },
  coreml: { python: 'CoreML', cpp: 'options.AppendExecutionProvider("CoreML");' },
};

/** Session options to paste: `file` is what the model is called there. Threads of 0 are ONNX Runtime's own choice and left out. */
export function sessionSnippets({ provider, threads, level }: SweepSettings, file: string): SessionSnippets {
  const other = providers[provider];
  const model = JSON.stringify(file);
  const used = other ? [other.python] : [];
  const lines = (...all: (string | false)[]) => all.filter((line) => line !== false).join('\n');
  return {
    python: lines(
      'import onnxruntime as ort',
      '',
      'options = ort.SessionOptions()',
      threads > 0 && `options.intra_op_num_threads = ${threads}`,
      `options.graph_optimization_level = ort.GraphOptimizationLevel.${levels[level]}`,
      `providers = [${[...used, 'CPU'].map((each) => `"${each}ExecutionProvider"`).join(', ')}]`,
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
