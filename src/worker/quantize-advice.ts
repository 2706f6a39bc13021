import { english } from '../core/english.ts';
import type { Evaluator } from '../core/evaluator.ts';
import type { Model } from '../core/graph/model.ts';
import type { Recipe, Scheme } from '../core/quantize/quantize-model.ts';
import type { LatencyComparison } from '../core/report/report.ts';
import { cpuFeatures } from './machine.ts';
import { saturates } from './saturation.ts';

/** Instruction sets that multiply 8-bit numbers into 32-bit sums without saturating. */
const exactMultiply = new Set(['AVX-VNNI', 'AVX512-VNNI', 'AMX-INT8', 'DOTPROD', 'I8MM']);

/** What of a machine decides whether integers pay. */
export interface IntegerMachine {
  /** Instruction sets, as `describeEnvironment` names them; empty where the system does not say. */
  readonly features: readonly string[];
  /** 8-bit products saturate at 16 bits: weights then use one bit less. */
  readonly saturates: boolean;
}

/** This machine, asked once a process. */
export async function integerMachine(evaluator: Evaluator, signal?: AbortSignal): Promise<IntegerMachine> {
  known ??= { features: (await cpuFeatures()) ?? [], saturates: await saturates(evaluator, signal) };
  return known;
}

let known: IntegerMachine | undefined;

/** What speaks against a scheme on this machine's provider and for this model, before anything is done. */
export function machineAdvice(
  machine: IntegerMachine,
  scheme: Scheme | 'auto',
  { graph }: Pick<Model, 'graph'>,
  provider: string,
): string[] {
  const isCpu = provider === 'cpu';
  // What the processor lacks says nothing of another device.
  const { features, saturates } = isCpu ? machine : { features: [], saturates: false };
  const advice: string[] = [];
  const share = (types: readonly string[]) => graph.nodes.filter(({ opType }) => types.includes(opType)).length;
  const convolutions = share(['Conv', 'ConvTranspose']);
  const products = share(['MatMul', 'Gemm']);
  const isSlow = features.length > 0 && !features.some((name) => exactMultiply.has(name));
  if (scheme !== 'fp16' && (saturates || isSlow)) {
    advice.push(
      saturates
        ? english`This processor has no VNNI: 8-bit products saturate, so weights use 7 bits, and int8 gains little speed here.`
        : english`This processor has no instructions for 8-bit products: int8 saves memory here, hardly time.`,
    );
  }
  if (scheme === 'fp16' && isCpu) {
    advice.push(
      english`ONNX Runtime computes most operators in 32 bits on the CPU: fp16 halves the file here and makes it slower. It pays on GPUs.`,
    );
  }
  if (scheme === 'dynamic-int8' && convolutions > products) {
    advice.push(
      english`Most weights of this model are in convolutions, which dynamic-int8 leaves float. static-int8 takes them.`,
    );
  }
  if ((scheme === 'int4-weights' || scheme === 'int8-weights') && convolutions > products) {
    advice.push(
      english`Most weights of this model are in convolutions, which weight-only schemes leave float. static-int8 takes them.`,
    );
  }
  const grouped = graph.nodes.filter(({ opType, attributes }) => {
    const group = opType === 'Conv' ? attributes.get('group') : undefined;
    return group?.type === 'int' && group.value > 1n;
  }).length;
  if (scheme === 'static-int8' && features.includes('AVX-512') && grouped * 2 > convolutions && grouped > 0) {
    advice.push(
      english`Half of the convolutions are depthwise: with AVX-512, int8 is hardly faster on those than float.`,
    );
  }
  return advice;
}

/** What the result says: whether to use it. */
export function outcomeAdvice(outcome: {
  readonly fused: { readonly nodes: number; readonly of: number };
  readonly latency: LatencyComparison | undefined;
  readonly recipe: Recipe;
  readonly random: boolean;
  readonly pruned: boolean;
  /** What a search says in favour of the float model. */
  readonly keepFloat: string | undefined;
  /** A search had no data, so that it could not try all. */
  readonly withoutData: boolean;
}): string[] {
  const { fused, latency, recipe, random, pruned, keepFloat, withoutData } = outcome;
  const advice: string[] = [];
  if (random)
    advice.push(
      english`Calibrated with random numbers: speed and size are real, the error on your data may be larger.`,
    );
  if (pruned)
    advice.push(
      english`ONNX Runtime multiplies zeros like any number: pruning makes nothing faster here, and the file smaller only once it is compressed. What it costs in exactness, training alone can win back.`,
    );
  if (recipe.scheme === 'static-int8' && recipe.activations?.endsWith('16')) {
    advice.push(
      english`ONNX Runtime has no kernels for 16-bit activations on the CPU: this is for processors that have, and slower here.`,
    );
  } else if (recipe.scheme === 'static-int8' && recipe.activations === 'int8' && fused.nodes < fused.of) {
    advice.push(
      english`${fused.of - fused.nodes} of ${fused.of} quantized nodes have no kernel for signed numbers here and run as float between conversions: int8 activations are for ARM, uint8 for x64.`,
    );
  } else if (fused.nodes < fused.of) {
    advice.push(
      english`${fused.of - fused.nodes} of ${fused.of} quantized nodes have no integer kernel in ONNX Runtime and run as float between conversions.`,
    );
  }
  if (withoutData) advice.push(english`static-int8 was not tried: it needs calibration data, which was not given.`);
  if (keepFloat) advice.push(keepFloat);
  else if (latency && latency.verdict !== 'faster') {
    const speed =
      latency.verdict === 'slower'
        ? english`Keep fp32 for speed: this is slower on this machine.`
        : english`Keep fp32 for speed: this is not measurably faster on this machine.`;
    const size =
      recipe.scheme === 'fp16'
        ? english`It pays only where half the size is worth it.`
        : english`It pays only where a fraction of the size is worth it.`;
    advice.push(`${speed} ${size}`);
  }
  return advice;
}
