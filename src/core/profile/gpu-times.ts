import type { TraceRun } from './trace.ts';
import type { TraceKernel } from './trace-kernel.ts';

/** What the GPU ran for a node, by its own clock: a node may take several programs. */
export interface GpuEvent {
  readonly node: string;
  readonly milliseconds: number;
}

/**
 * Runs with the GPU's own times in the place of those that the CPU took to hand kernels over. ONNX Runtime's WebGPU
 * provider writes what the GPU did after all runs, in order, under `node&operator&program`. Copies between CPU and GPU
 * keep the time that the CPU waited for them; a kernel that the GPU had nothing to do for takes none.
 */
export function withGpuTimes(
  kernels: readonly TraceKernel[],
  runs: readonly TraceRun[],
  events: readonly GpuEvent[],
): readonly TraceRun[] {
  if (events.length === 0 || runs.length === 0) return runs;
  const perRun = timesByRun(events, runs.length);
  return runs.map((run, index) => {
    const times = perRun[index]!;
    const calls = new Map<string, number>();
    for (const kernel of run.kernel) {
      const { name } = kernels[kernel]!;
      calls.set(name, (calls.get(name) ?? 0) + 1);
    }
    const self = run.self.map((own, at) => {
      const { name, opType, provider } = kernels[run.kernel[at]!]!;
      if (/^CPU/i.test(provider) || opType.startsWith('Memcpy')) return own;
      return (times.get(name) ?? 0) / calls.get(name)!;
    });
    return { ...run, self };
  });
}

/** Milliseconds by node for each run; the mean of all runs where the events cannot be told apart. */
function timesByRun(events: readonly GpuEvent[], runs: number): readonly ReadonlyMap<string, number>[] {
  const length = events.length / runs;
  const isRegular =
    Number.isInteger(length) && events.every(({ node }, index) => node === events[index % length]!.node);
  if (!isRegular) {
    const mean = summed(events.map(({ node, milliseconds }) => ({ node, milliseconds: milliseconds / runs })));
    return Array.from({ length: runs }, () => mean);
  }
  return Array.from({ length: runs }, (_, run) => summed(events.slice(run * length, (run + 1) * length)));
}

function summed(events: readonly GpuEvent[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const { node, milliseconds } of events) times.set(node, (times.get(node) ?? 0) + milliseconds);
  return times;
}
