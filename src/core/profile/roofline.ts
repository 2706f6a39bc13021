/**
 * The roofline model (Williams, Waterman and Patterson, 2009) over the kernels of a profile: how near each comes to what
 * the machine does at most, and which of its limits it meets first.
 */
import { english } from '../english.ts';
import type { NodeId } from '../graph/model.ts';
import type {
  Ceilings,
  KernelArithmetic,
  KernelBound,
  ProfiledKernel,
  ProfiledNode,
  ProfileReport,
  Roofline,
  RooflineKernel,
} from '../report/profile-report.ts';
import type { Cover } from './attribution.ts';
import type { TraceKernel } from './trace-kernel.ts';

/** A profile, kernel by kernel: all three lists are in the same order. */
export interface KernelWork {
  readonly kernels: readonly ProfiledKernel[];
  readonly traced: readonly TraceKernel[];
  readonly covers: readonly Cover[];
  /** Work of one call of a node of the model. */
  readonly costs: ReadonlyMap<NodeId, { readonly macs: number | null; readonly weightBytes: number }>;
}

/** Operators that read no more of their first input than they give. */
const readsPart = /^(?:Gather|GatherElements|GatherND|Slice|Split)$/;

/** Where the kernels stand under the ceilings; those whose work or ceiling is not known are left unjudged. */
export function rooflineOf(work: KernelWork, ceilings: Ceilings): Roofline {
  const costs = costsByKernel(work);
  const kernels = work.kernels.flatMap(({ milliseconds, calls }, kernel): readonly RooflineKernel[] => {
    const { macs, weightBytes } = costs[kernel]!;
    const traced = work.traced[kernel]!;
    const { opType, parameterBytes, activationBytes, outputBytes } = traced;
    // What does not multiply meets no ceiling of arithmetic.
    const arithmetic = macs === 0 ? 'float32' : arithmeticOf(traced);
    const gflops = arithmetic && ceilingOf(arithmetic, ceilings);
    // The trace leaves out weights that ORT laid out beforehand.
    const read = readsPart.test(opType) ? outputBytes : Math.max(parameterBytes, weightBytes) + activationBytes;
    const bytes = (read + outputBytes) * calls;
    if (macs === null || !(bytes > 0) || !(milliseconds > 0) || !arithmetic || gflops === undefined) return [];
    const measured = { macs: macs * calls, bytes, milliseconds, calls };
    return [{ kernel, arithmetic, ...placeKernel(measured, { ...ceilings, gflops }) }];
  });
  const judged = new Set(kernels.map(({ kernel }) => kernel));
  return { ...ceilings, kernels, unjudged: [...work.kernels.keys()].filter((kernel) => !judged.has(kernel)) };
}

function ceilingOf(arithmetic: KernelArithmetic, { gflops, int8Gops, fp16Gflops }: Ceilings): number | undefined {
  return { float32: gflops, float16: fp16Gflops, int8: int8Gops }[arithmetic];
}

/** Kernels that take float32 and round it to 8 bits before they multiply. */
const quantizesFirst = /^DynamicQuantize/;

/** By the types that a kernel is given; undefined for weights of 4 bits and what else has no ceiling here. */
function arithmeticOf({ opType, inputs }: TraceKernel): KernelArithmetic | undefined {
  const [first, ...others] = inputs.map((input) => input.split(' ')[0]!);
  if (first === 'uint8' || first === 'int8' || quantizesFirst.test(opType)) return 'int8';
  if (others.some((type) => /^u?int[48]$/.test(type))) return undefined;
  return first === 'float32' || first === 'float16' ? first : undefined;
}

/** Data may lie in a cache, but nothing multiplies faster than the machine; Winograd's convolutions save a factor of 2.25. */
const mostAttained = 2.5;

/** Says when kernels are faster than the ceiling of arithmetic allows, so that it must be too low. */
export function aboveCeilings({ kernels }: Roofline): readonly string[] {
  const above = kernels.filter(({ bound, attained }) => bound === 'compute' && attained > mostAttained).length;
  return above === 0
    ? []
    : [
        english`${above} of ${kernels.length} kernels multiply faster than the ceiling that was measured: other work slowed that measurement. Profile again on a calmer machine.`,
      ];
}

/** The kernel that most of a node's time goes to; −1 when it has none. */
export function mainKernel(node: ProfiledNode, { kernels }: Pick<ProfileReport, 'kernels'>): number {
  return node.kernels.reduce(
    (main, kernel) => (main < 0 || kernels[kernel]!.milliseconds > kernels[main]!.milliseconds ? kernel : main),
    -1,
  );
}

interface Measured {
  readonly macs: number;
  readonly bytes: number;
  readonly milliseconds: number;
  readonly calls: number;
}

/** A kernel under the ceilings; `macs`, `bytes` and `milliseconds` are those of all calls of a run together. */
export function placeKernel(
  { macs, bytes, milliseconds, calls }: Measured,
  { gflops, gbPerSecond, callMs }: Ceilings,
): Omit<RooflineKernel, 'kernel'> {
  const computeMs = (2 * macs) / (gflops * 1e6);
  const memoryMs = bytes / (gbPerSecond * 1e6);
  const leastMs = Math.max(computeMs, memoryMs);
  let bound: KernelBound = computeMs >= memoryMs ? 'compute' : 'memory';
  if (callMs * calls > leastMs) bound = 'overhead';
  return {
    macs,
    bytes,
    intensity: (2 * macs) / bytes,
    gflops: (2 * macs) / (milliseconds * 1e6),
    gbPerSecond: bytes / (milliseconds * 1e6),
    attained: leastMs / milliseconds,
    bound,
  };
}

/** Work of one call of each kernel. A node that several kernels stand for counts at the longest; conversions do no work. */
function costsByKernel({ kernels, covers, costs }: KernelWork) {
  const longest = new Map<NodeId, number>();
  for (const [kernel, { nodes, inserted }] of covers.entries()) {
    if (inserted) continue;
    for (const node of nodes) {
      const other = longest.get(node);
      if (other === undefined || kernels[kernel]!.milliseconds > kernels[other]!.milliseconds)
        longest.set(node, kernel);
    }
  }
  return covers.map(({ nodes, inserted }, kernel) => {
    if (inserted) return { macs: 0, weightBytes: 0 };
    const own = nodes.filter((node) => longest.get(node) === kernel).map((node) => costs.get(node));
    const known = nodes.length > 0 && own.every((cost) => typeof cost?.macs === 'number');
    const sum = (values: readonly (number | null | undefined)[]) =>
      values.reduce<number>((all, value) => all + (value ?? 0), 0);
    return {
      macs: known ? sum(own.map((cost) => cost?.macs)) : null,
      weightBytes: sum(own.map((cost) => cost?.weightBytes)),
    };
  });
}
