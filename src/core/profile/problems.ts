import { english } from '../english.ts';
import type { Breakdown } from './breakdown.ts';
import type { Trace } from './trace.ts';

/** The runs behind a breakdown. */
export interface ProfiledRuns {
  readonly trace: Trace;
  /** Every kernel on the GPU was waited for. */
  readonly waited: boolean;
  /** A run as timed from outside. */
  readonly wallMs: number;
  /** How many were profiled. */
  readonly runs: number;
}

/** What a reader of a profile should know about it, in sentences. */
export function profileProblems(
  provider: string,
  { kernels, kernelMs, unattributedMs, insertedMs, transferMs, interruptedMs, runMs, callMs }: Breakdown,
  { trace, waited, wallMs, runs }: ProfiledRuns,
): readonly string[] {
  const problems: string[] = [];
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const onCpu = kernels.filter((kernel) => /^CPU$/i.test(kernel.provider));
  if (provider !== 'cpu' && onCpu.length > 0) {
    const time = onCpu.reduce((sum, kernel) => sum + kernel.milliseconds, 0);
    problems.push(
      english`${onCpu.length} of ${kernels.length} kernels ran on the CPU instead of ${provider}, ${percent(time / kernelMs)} of the kernel time: ${provider} has no kernel for them, or ONNX Runtime thought the CPU faster.`,
    );
  }
  if (provider !== 'cpu' && onCpu.length < kernels.length) {
    problems.push(
      trace.gpuTimes
        ? english`Times of kernels on ${provider} are by the GPU's own clock; copies between CPU and GPU take as long as the CPU waited for them.`
        : waited
          ? english`On ${provider} each profiled kernel was waited for: its time is what it ran and what handing it over took, which plain runs do while others run.`
          : english`On ${provider} the trace says how long the CPU took to hand each kernel over, not how long it ran: the shares do not tell where the GPU spends its time.`,
    );
  }
  if (trace.runs.length < runs)
    problems.push(english`The trace holds ${trace.runs.length} of ${runs} runs; figures are from those.`);
  if (trace.unread > 0) problems.push(english`${trace.unread} events of the trace could not be read.`);
  if (unattributedMs > 0.01 * kernelMs) {
    problems.push(
      english`${percent(unattributedMs / kernelMs)} of the kernel time could not be traced to nodes of the model.`,
    );
  }
  if (insertedMs > 0.1 * kernelMs) {
    problems.push(
      english`${percent(insertedMs / kernelMs)} of the kernel time goes to conversions of layouts and types that ONNX Runtime put in.`,
    );
  }
  if (interruptedMs > 0.1 * kernelMs) {
    problems.push(
      english`Other work interrupted the kernels for ${interruptedMs.toFixed(3)} ms a run; the times of nodes are without that.`,
    );
  }
  if (transferMs > 0.1 * kernelMs) {
    problems.push(
      english`${percent(transferMs / kernelMs)} of the kernel time goes to copies between the CPU and ${provider}.`,
    );
  }
  if (Math.abs(wallMs - runMs - callMs) > 0.03 * wallMs + 0.05) {
    problems.push(
      english`The parts are ${(runMs + callMs).toFixed(3)} ms together, a profiled run took ${wallMs.toFixed(3)} ms by the clock outside: other work disturbed the runs.`,
    );
  }
  return problems;
}
