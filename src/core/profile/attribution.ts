/**
 * From what ONNX Runtime ran back to the nodes its user wrote.
 *
 * ORT can save the graph it made. Values that survive its rewrites keep their names, so a node there that gives value
 * `v` computes everything of the source between `v` and the nearest values that still exist: that region is what it
 * covers. Around this: conversions that ORT put in (layout reorders, casts) belong to the node whose value they carry,
 * nodes that ORT did not touch keep their name and operator, and nodes joined by values that have no counterpart are
 * looked at together. What cannot be told this way is left without a node and shown as such.
 */
import type { Graph, Model, Node, NodeId } from '../graph/model.ts';
import type { GraphMatch } from './region.ts';
import type { TraceKernel } from './trace-kernel.ts';

/** The source nodes that one executed kernel stands for. */
export interface Cover {
  readonly nodes: readonly NodeId[];
  /** The part of the kernel's time that goes to each of `nodes`; together 1. */
  readonly shares: readonly number[];
  /** True when ORT put the kernel in: it does no work of the source, it converts what the nodes make or read. */
  readonly inserted: boolean;
}

export interface Attribution {
  /** By kernel; no nodes when nothing is known. */
  readonly covers: readonly Cover[];
  /** By kernel: the node of the graph that ORT made, when it was found there. */
  readonly asRun: readonly (NodeId | null)[];
}

const nothing: Cover = { nodes: [], shares: [], inserted: false };

/** Relative work of a source node, to share a kernel's time among the nodes it covers. */
export type Weigh = (node: Node) => number;

/** Finds the source nodes of every kernel. `asRun` is the graph that ORT saved for the same session, `match` what of the source it covers. */
export function attributeKernels(
  match: GraphMatch,
  asRun: Model,
  kernels: readonly TraceKernel[],
  weigh: Weigh,
): Attribution {
  const places = placeKernels(asRun, kernels);
  const covers = kernels.map((kernel, index): Cover => {
    const node = places[index];
    const found = node && coverOf(match, node, weigh);
    if (found) return found;
    // Inside a body that could not be followed, the time still belongs to the node that holds the body.
    const parent = kernel.parent < 0 ? undefined : places[kernel.parent];
    return (parent && coverOf(match, parent, weigh)) ?? nothing;
  });
  return { covers, asRun: places.map((node) => node?.id ?? null) };
}

function coverOf(match: GraphMatch, asRun: Node, weigh: Weigh): Cover | undefined {
  const covered = match.covers.get(asRun.id);
  if (!covered || covered.nodes.length === 0) return undefined;
  const workers = workersOf(covered.nodes, asRun);
  const weights = covered.nodes.map((node) => (workers.has(node) ? Math.max(0, weigh(node)) : 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return {
    nodes: covered.nodes.map(({ id }) => id),
    shares: covered.nodes.map((node, index) =>
      total > 0 ? weights[index]! / total : workers.has(node) ? 1 / workers.size : 0,
    ),
    inserted: covered.inserted,
  };
}

/**
 * Those of the covered nodes whose work the kernel does. A kernel of a standard operator does that operator's work and
 * no other: what else it covers was folded into its weights or dropped, and took no time.
 */
function workersOf(nodes: readonly Node[], asRun: Node): ReadonlySet<Node> {
  const same = asRun.domain === '' ? nodes.filter(({ opType }) => opType === asRun.opType) : [];
  const itself = same.filter(({ name }) => name !== '' && name === asRun.name);
  if (same.length > 0) return new Set(itself.length > 0 ? itself : same);
  // A fused kernel needs no views, and a normalization after a convolution is in its weights.
  const convolves = nodes.some(({ opType }) => opType === 'Conv' || opType === 'ConvTranspose');
  const working = nodes.filter(({ opType }) => !view.test(opType) && !(convolves && opType === 'BatchNormalization'));
  return new Set(working.length > 0 ? working : nodes);
}

const view = /^(?:Identity|Dropout|Reshape|Squeeze|Unsqueeze|Flatten|Constant)$/;

/**
 * The node of the saved graph behind each kernel. A kernel without a name of its own is called `<opType>_<index>`;
 * kernels and nodes that share name and operator are paired in order, and left unpaired when their numbers differ.
 */
function placeKernels(asRun: Model, kernels: readonly TraceKernel[]): readonly (Node | undefined)[] {
  const places: (Node | undefined)[] = new Array(kernels.length);
  const byParent = new Map<number, number[]>();
  for (const [index, { parent }] of kernels.entries()) {
    const siblings = byParent.get(parent);
    if (siblings) siblings.push(index);
    else byParent.set(parent, [index]);
  }
  // A parent comes before what ran inside it, so its place is known by then.
  for (const [parent, siblings] of byParent) {
    const holder = parent < 0 ? undefined : places[parent];
    const graphs = parent < 0 ? [asRun.graph] : holder ? bodiesOf(holder) : [];
    placeSiblings(siblings, kernels, graphs, places);
  }
  return places;
}

function placeSiblings(
  siblings: readonly number[],
  kernels: readonly TraceKernel[],
  graphs: readonly Graph[],
  places: (Node | undefined)[],
): void {
  const nodes = new Map<string, Node[]>();
  for (const graph of graphs) for (const node of graph.nodes) append(nodes, `${node.opType}/${node.name}`, node);
  const groups = new Map<string, number[]>();
  for (const index of siblings) {
    const { opType, name, index: place } = kernels[index]!;
    const named = `${opType}/${name}`;
    append(groups, !nodes.has(named) && name === `${opType}_${place}` ? `${opType}/` : named, index);
  }
  for (const [key, group] of groups) {
    const candidates = nodes.get(key) ?? [];
    if (candidates.length !== group.length) continue;
    group.sort((a, b) => kernels[a]!.index - kernels[b]!.index);
    for (const [order, index] of group.entries()) places[index] = candidates[order];
  }
}

/** The graphs that a node holds. */
export function bodiesOf(node: Node): readonly Graph[] {
  const bodies: Graph[] = [];
  for (const attribute of node.attributes.values()) {
    if (attribute.type === 'graph') bodies.push(attribute.value);
    else if (attribute.type === 'graphs') bodies.push(...attribute.value);
  }
  return bodies;
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

const heavy = /Conv|MatMul|Gemm|LSTM|GRU|^RNN$|Attention|Einsum|^(?:If|Loop|Scan)$/;
const free =
  /^(?:Identity|Dropout|Reshape|Squeeze|Unsqueeze|Flatten|Constant|ConstantOfShape|Shape|Size|Cast|QuantizeLinear|DequantizeLinear)$/;

/** Work of an operator when nothing is known of its shapes: contractions take nearly all of a fused kernel, views nothing. */
export function typicalWork({ opType }: Node): number {
  if (heavy.test(opType)) return 30;
  return free.test(opType) ? 0 : 1;
}
