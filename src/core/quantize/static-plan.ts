/**
 * What a statically quantized model keeps as integers between nodes.
 *
 * ONNX Runtime runs a node on integers when `DequantizeLinear` stands before and `QuantizeLinear` after it. Every
 * pair where that does not happen costs time and accuracy for nothing, so only the weighted operators are taken, and
 * what lies on the way from one to another: an operator that has an integer kernel, reads only integers and is read
 * by another that wants them.
 */
import { english } from '../english.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node, NodeId } from '../graph/model.ts';
import { constantScalar } from '../passes/tensors.ts';
import type { Facts } from '../shapes/facts.ts';
import { chooseTargets, type KeptNode, type Target } from './targets.ts';

/** Which operators on the way between weighted ones compute on integers too. */
export type Density = 'full' | 'lean';

export interface StaticPlanOptions {
  readonly exclude?: ReadonlySet<NodeId>;
  /** `lean` leaves sums, products and activation functions on the way in float. Default `full`. */
  readonly density?: Density;
  /** Whether a stored 0 is the lowest integer there is when a range starts at 0: true for asymmetric activations. */
  readonly clampsAtZero: boolean;
}

export interface StaticPlan {
  readonly targets: readonly Target[];
  /** Nodes on the way that compute on integers, or only move them. */
  readonly between: readonly Node[];
  /** Relu and Clip nodes that disappear into the range of what they clamp. */
  readonly absorbed: readonly Node[];
  /** Values stored as integers → the value whose range counts: moving elements about changes no scale. */
  readonly values: ReadonlyMap<string, string>;
  readonly kept: readonly KeptNode[];
}

/** Operators that only move elements: input and output share scale and zero point. */
export const movesElements: ReadonlySet<string> = new Set([
  'Reshape',
  'Flatten',
  'Transpose',
  'Squeeze',
  'Unsqueeze',
  'MaxPool',
  'Slice',
  'Gather',
  'DepthToSpace',
  'SpaceToDepth',
  'Expand',
  'Tile',
  'Split',
]);
/** Operators with an integer kernel that computes. */
export const computes: ReadonlySet<string> = new Set([
  'Add',
  'Mul',
  'Concat',
  'GlobalAveragePool',
  'AveragePool',
  'Sigmoid',
  'LeakyRelu',
]);
/** Inputs of these beyond the first are no data. */
const firstInputOnly: ReadonlySet<string> = new Set([
  ...movesElements,
  'GlobalAveragePool',
  'AveragePool',
  'Sigmoid',
  'LeakyRelu',
]);

const staticOperators: ReadonlySet<string> = new Set(['Conv', 'Gemm', 'MatMul']);
const staticRefusals = { ConvTranspose: english`ONNX Runtime has no integer kernel for it on the CPU` };

/** The values that a node on the way reads as data. */
export function dataInputs(node: Node): readonly string[] {
  return firstInputOnly.has(node.opType) ? node.inputs.slice(0, 1) : node.inputs.filter((name) => name !== '');
}

/** Plans the main graph; bodies of control flow stay float. */
export function planStatic(graph: GraphDraft, facts: Facts, options: StaticPlanOptions): StaticPlan {
  const { targets, kept } = chooseTargets(graph, facts, {
    operators: staticOperators,
    refusals: staticRefusals,
    exclude: options.exclude,
  });
  const members = new Map<NodeId, Member>(targets.map(({ node }) => [node.id, { node, role: 'target' }]));
  for (const member of candidates(graph, facts, members, options)) members.set(member.node.id, member);
  narrow(graph, members);
  const nodesOf = (...roles: Role[]) =>
    [...members.values()].filter(({ role }) => roles.includes(role)).map(({ node }) => node);
  return {
    targets,
    between: nodesOf('moves', 'computes'),
    absorbed: nodesOf('clamps'),
    values: storedValues(graph, members),
    kept: [...kept, ...keptInBodies(graph, facts)],
  };
}

/** Weighted nodes of bodies, which calibration does not see into. */
function keptInBodies(graph: GraphDraft, facts: Facts): readonly KeptNode[] {
  return graph.draft.graphs().flatMap((body) => {
    if (body === graph || body.kind === 'function') return [];
    const { targets, kept } = chooseTargets(body, facts, { operators: staticOperators, refusals: staticRefusals });
    const reason = english`it is in a body of control flow, which calibration does not see into`;
    return [...targets.map(({ node }) => ({ node, reason })), ...kept];
  });
}

type Role = 'target' | 'moves' | 'computes' | 'clamps';

interface Member {
  readonly node: Node;
  readonly role: Role;
}

/** Every node that could be on the way, judged by itself. */
function candidates(
  graph: GraphDraft,
  facts: Facts,
  targets: ReadonlyMap<NodeId, Member>,
  { exclude, density = 'full', clampsAtZero }: StaticPlanOptions,
): Member[] {
  const found: Member[] = [];
  for (const node of graph.nodes()) {
    if (node.domain !== '' || targets.has(node.id)) continue;
    if ([...graph.draft.origin(node.id)].some((id) => exclude?.has(id))) continue;
    const role = roleOf(graph, node, clampsAtZero);
    if (!role || (role === 'computes' && density === 'lean')) continue;
    const inputs = role === 'clamps' ? node.inputs.slice(0, 1) : dataInputs(node);
    const isFloat = (name: string) => !graph.constant(name) && facts.of(graph, name).dtype === 'float32';
    if (inputs.every(isFloat)) found.push({ node, role });
  }
  return found;
}

function roleOf(graph: GraphDraft, node: Node, clampsAtZero: boolean): Role | undefined {
  if (movesElements.has(node.opType)) return 'moves';
  if (computes.has(node.opType)) return 'computes';
  return clampsAtZero && isClampAtZero(graph, node) ? 'clamps' : undefined;
}

/** True for a Relu, and for a Clip from 0 to a constant or without end: the stored range ends where it does. */
function isClampAtZero(graph: GraphDraft, { opType, inputs }: Node): boolean {
  if (opType === 'Relu') return true;
  if (opType !== 'Clip' || constantScalar(graph, inputs[1]) !== 0) return false;
  return !inputs[2] || constantScalar(graph, inputs[2]) !== undefined;
}

/** Takes out what reads floats or whose result nobody wants as integers, until all that is left fits together. */
function narrow(graph: GraphDraft, members: Map<NodeId, Member>): void {
  const memberMaking = (name: string) => {
    const producer = graph.producer(name);
    return producer && members.get(producer.id);
  };
  const isWanted = (name: string) => name === '' || graph.consumers(name).some(({ id }) => members.has(id));
  const fits = ({ node, role }: Member): boolean => {
    if (role === 'target') return true;
    if (role !== 'clamps') return dataInputs(node).every(memberMaking) && node.outputs.every(isWanted);
    const [input] = node.inputs;
    const clamped = memberMaking(input!);
    if (!clamped || clamped.role === 'moves' || clamped.role === 'clamps') return false;
    if (graph.isOutput(input!) || graph.consumers(input!).length > 1) return false;
    // A Conv must give integers in any case, and a Gemm would be fused with its Relu as floats.
    return ['Conv', 'Gemm'].includes(clamped.node.opType) || node.outputs.every(isWanted);
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const member of [...members.values()].reverse()) {
      if (fits(member)) continue;
      members.delete(member.node.id);
      changed = true;
    }
  }
}

/** Activation functions that ONNX Runtime joins to a Gemm before it looks for integers. */
const joinedToGemm: ReadonlySet<string> = new Set([
  'Elu',
  'HardSigmoid',
  'LeakyRelu',
  'Relu',
  'Selu',
  'Sigmoid',
  'Softplus',
  'Softsign',
  'Tanh',
  'ThresholdedRelu',
]);

/**
 * True when ONNX Runtime would make one float kernel of the node and its reader (MatMul and Add, Gemm and an activation
 * function) unless integers lie between them.
 */
function isFusedAsFloat(graph: GraphDraft, { opType, outputs }: Node): boolean {
  const [reader, ...others] = graph.consumers(outputs[0]!);
  if (!reader || others.length > 0 || reader.domain !== '') return false;
  if (opType === 'Gemm') return joinedToGemm.has(reader.opType);
  return reader.opType === 'Add' && reader.inputs.some((name) => graph.constant(name));
}

/** Values that become integers: all that members read, and what they make unless it may be float and nobody minds. */
function storedValues(graph: GraphDraft, members: ReadonlyMap<NodeId, Member>): Map<string, string> {
  const roleAt = (node: Node | undefined) => node && members.get(node.id)?.role;
  const stored = new Set<string>();
  for (const { node, role } of members.values()) {
    if (role === 'clamps') {
      stored.add(node.outputs[0]!);
      continue;
    }
    for (const name of role === 'target' ? node.inputs.slice(0, 1) : dataInputs(node)) stored.add(name);
    // A product of matrices may give floats right away; everything else computes on integers only from Q to Q.
    if (node.opType !== 'Conv' && role === 'target' && !isFusedAsFloat(graph, node)) continue;
    for (const name of node.outputs) if (name !== '') stored.add(name);
  }
  // What only a clamp reads is never seen: the clamp's own result is what the node gives.
  for (const { node, role } of members.values()) if (role === 'clamps') stored.delete(node.inputs[0]!);
  const rangeOf = (value: string): string => {
    let at = value;
    for (let producer = graph.producer(at); roleAt(producer) === 'moves'; producer = graph.producer(at)) {
      at = producer!.inputs[0]!;
    }
    return at;
  };
  return new Map(Array.from(stored, (value) => [value, rangeOf(value)]));
}
