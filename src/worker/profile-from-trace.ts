import { stat } from 'node:fs/promises';
import { english } from '../core/english.ts';
import type { OptimizationLevel } from '../core/evaluator.ts';
import { summarizeLatency } from '../core/profile/latency.ts';
import { profileOverlays } from '../core/profile/overlays.ts';
import type { TraceKernel } from '../core/profile/trace-kernel.ts';
import type { Environment } from '../core/report/profile-report.ts';
import { reportSchema } from '../core/report/report.ts';
import { modelAsRun } from './kernels-as-run.ts';
import { describeProfile, type MeasuredModel, type MeasurementContext, type ProfileResult } from './profile.ts';
import { attributeTrace } from './profiled-runs.ts';
import { readTraceFile } from './trace-file.ts';

/** Kernel time without a node beyond which the trace may well be of another model. */
const likelyOtherModel = 0.5;

/**
 * A profile from a trace that ONNX Runtime wrote earlier, perhaps elsewhere, put onto the model it was made with. Which
 * kernels stand for which nodes comes from the graph that this ONNX Runtime makes of the model at `level`. Rejects when
 * the file holds no run.
 */
export async function profileFromTrace(
  target: MeasuredModel,
  path: string,
  level: OptimizationLevel,
  context: MeasurementContext,
): Promise<ProfileResult> {
  context.onProgress?.({ message: english`Reading the trace` });
  const trace = await readTraceFile(path);
  if (trace.runs.length === 0) {
    throw new Error(
      english`${path} holds no run. It must be a profile that ONNX Runtime wrote (SessionOptions.enable_profiling) after at least one run.`,
    );
  }
  context.onProgress?.({ message: english`Making ONNX Runtime's graph` });
  const asRunModel = await modelAsRun(context.manager, target.model, { level, signal: context.signal });
  const walls = trace.runs.map(({ duration }) => duration);
  const profiled = attributeTrace({ model: target.model, asRunModel, trace, walls, feeds: {} });
  const latency = summarizeLatency(walls, { warmup: walls.length < 8 ? 0 : -1, seed: 1 });
  const environment: Environment = {
    cpu: english`not recorded`,
    features: null,
    cores: 0,
    governor: null,
    load: 0,
    memory: 0,
    os: english`not recorded`,
    provider: mainProvider(trace.kernels),
    threads: 0,
    level,
    onnxruntime: english`not recorded`,
    opscope: context.opscope,
    date: (await stat(path)).mtime.toISOString(),
  };
  const base = {
    schema: reportSchema,
    model: target.identity,
    environment,
    inputs: [],
    latency,
    sessionMs: trace.sessionMs,
  };
  const { report, asRun } = describeProfile(base, latency, profiled, environment);
  const problems = [
    english`The times are those of ${path}: they include what profiling itself takes, and the machine is not recorded.`,
    ...(report.unattributedMs > likelyOtherModel * report.kernelMs
      ? [
          english`Most kernels are of no node of this model: the trace may be of another model, version or optimization level.`,
        ]
      : []),
    ...report.problems,
  ];
  // There are no plain runs to hold them against.
  const whole = { ...report, overheadRatio: 1, problems };
  return { report: whole, overlays: profileOverlays(target.model, whole), asRun, trace };
}

/** The provider of most kernels, as `cpu`. */
function mainProvider(kernels: readonly TraceKernel[]): string {
  const counts = new Map<string, number>();
  for (const { provider } of kernels) counts.set(provider, (counts.get(provider) ?? 0) + 1);
  const [main = ''] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [];
  return main.replace(/ExecutionProvider$/, '').toLowerCase();
}
