/** Nodes whose weights are worth storing in fewer bits, and why the others stay as they are. */
import { english } from '../english.ts';
import { floatAttribute, intAttribute } from '../graph/attribute.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node, NodeId, Tensor } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';

/** A node that stays float, and why. */
export interface KeptNode {
  readonly node: Node;
  readonly reason: string;
}

/** A node with a constant float weight. */
export interface Target {
  readonly node: Node;
  readonly weight: Tensor;
  /** Which axis of the weight holds output channels. */
  readonly channelAxis: number;
  readonly bias?: Tensor;
}

export interface TargetChoice {
  readonly targets: readonly Target[];
  readonly kept: readonly KeptNode[];
}

/** Operators that hold the weights of nearly every model. */
export type WeightedOperator = 'Conv' | 'ConvTranspose' | 'Gemm' | 'MatMul';
const weighted: ReadonlySet<string> = new Set<WeightedOperator>(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/**
 * The nodes of one graph that a scheme can take: those with a constant 32-bit weight whose operator is in `operators`.
 * `refusals` says why a scheme does not take an operator.
 */
export function chooseTargets(
  graph: GraphDraft,
  facts: Facts,
  options: {
    readonly operators: ReadonlySet<string>;
    readonly refusals?: Readonly<Record<string, string>>;
    readonly exclude?: ReadonlySet<NodeId>;
  },
): TargetChoice {
  const targets: Target[] = [];
  const kept: KeptNode[] = [];
  for (const node of graph.nodes()) {
    if (node.domain !== '' || !weighted.has(node.opType)) continue;
    const target = targetOf(graph, facts, node);
    const excluded = [...graph.draft.origin(node.id)].some((id) => options.exclude?.has(id));
    if (excluded) kept.push({ node, reason: english`kept float on request` });
    else if (typeof target === 'string') kept.push({ node, reason: target });
    else if (!options.operators.has(node.opType)) {
      kept.push({
        node,
        reason: options.refusals?.[node.opType] ?? english`this scheme does not quantize this operator`,
      });
    } else targets.push(target);
  }
  return { targets, kept };
}

/** The node as a target, or why it is none. */
function targetOf(graph: GraphDraft, facts: Facts, node: Node): Target | string {
  const [data, weightName, biasName] = node.inputs;
  if (!data || !weightName) return english`it has no weight`;
  const weight = graph.constant(weightName);
  if (!weight) {
    if (node.opType !== 'MatMul' && node.opType !== 'Gemm') return english`its weight is computed`;
    return graph.constant(data)
      ? english`its constant is on the left, and kernels take weights from the right`
      : english`both operands are computed`;
  }
  if (weight.dtype !== 'float32') return english`its weight is ${weight.dtype}, not float32`;
  if (weight.dims.includes(0)) return english`its weight has no elements`;
  if (graph.constant(data)) return english`it computes with constants only`;
  const dtype = facts.of(graph, data).dtype;
  if (dtype !== undefined && dtype !== 'float32') return english`its input is ${dtype}, not float32`;
  const bias = biasName ? graph.constant(biasName) : undefined;
  if (biasName && !bias) return english`its bias is computed`;
  if (bias && bias.dtype !== 'float32') return english`its bias is ${bias.dtype}, not float32`;
  const rest = bias ? { bias } : {};
  switch (node.opType) {
    case 'MatMul': {
      const matrix = matrixOf(weight, facts.of(graph, data).shape?.length);
      if (!matrix) return english`its weight has ${weight.dims.length} axes; only 2 can be stored in fewer bits`;
      return { node, weight: matrix, channelAxis: 1 };
    }
    case 'Gemm': {
      if (intAttribute(node, 'transA', 0) !== 0) return english`it transposes its input`;
      if (floatAttribute(node, 'alpha', 1) !== 1) return english`it scales its product (alpha)`;
      if (bias && floatAttribute(node, 'beta', 1) !== 1) return english`it scales its bias (beta)`;
      const channelAxis = intAttribute(node, 'transB', 0) !== 0 ? 0 : 1;
      if (bias && !isVector(bias.dims, weight.dims[channelAxis]!)) return english`its bias is no vector`;
      return { node, weight, channelAxis, ...rest };
    }
    case 'Conv':
      return { node, weight, channelAxis: 0, ...rest };
    default:
      return { node, weight, channelAxis: 1, ...rest };
  }
}

/** A weight as a matrix: axes of length 1 before it change nothing where the input has as many. */
function matrixOf(weight: Tensor, inputAxes: number | undefined): Tensor | undefined {
  const { dims } = weight;
  if (dims.length === 2) return weight;
  const isMatrix = dims.length > 2 && dims.slice(0, -2).every((dim) => dim === 1);
  return isMatrix && inputAxes !== undefined && inputAxes >= dims.length
    ? { ...weight, dims: dims.slice(-2) }
    : undefined;
}

/** The constant vector that a product's only reader adds to it, as a bias of its own would be. */
export function addedBias(
  graph: GraphDraft,
  { node, weight, channelAxis }: Target,
): { readonly add: Node; readonly bias: Tensor } | undefined {
  const [value] = node.outputs as [string];
  const [add, ...others] = graph.consumers(value);
  if (node.opType !== 'MatMul' || !add || others.length > 0 || graph.isOutput(value)) return undefined;
  if (add.domain !== '' || add.opType !== 'Add') return undefined;
  const bias = graph.constant(add.inputs.find((name) => name !== value) ?? '');
  const isBias = bias?.dtype === 'float32' && bias.dims.length === 1 && bias.dims[0] === weight.dims[channelAxis];
  return isBias ? { add, bias } : undefined;
}

function isVector(dims: readonly number[], length: number): boolean {
  return dims.length >= 1 && dims.at(-1) === length && dims.slice(0, -1).every((dim) => dim === 1);
}
