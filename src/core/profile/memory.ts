import type { MeasuredMemory } from '../report/profile-report.ts';
import type { Trace } from './trace.ts';

/**
 * What the allocator of the provider that held the most had taken, from the trace; undefined when that does not say.
 * Inputs lie with the caller, and weights that a kernel laid out anew lie outside.
 */
export function measuredMemory({ kernels }: Pick<Trace, 'kernels'>): MeasuredMemory | undefined {
  const told = kernels.filter(({ memoryPeak, memoryBefore }) => memoryPeak > 0 && memoryBefore >= 0);
  if (told.length === 0) return undefined;
  const most = told.reduce((a, b) => (b.memoryPeak > a.memoryPeak ? b : a));
  // Kernels stand in the order in which they first ran.
  const first = told.find(({ provider }) => provider === most.provider)!;
  return { peakBytes: most.memoryPeak, beforeBytes: first.memoryBefore };
}
