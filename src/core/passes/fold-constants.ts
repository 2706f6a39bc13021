import { english } from '../english.ts';
import type { Evaluator, TensorValue } from '../evaluator.ts';
import { bufferSource } from '../graph/byte-source.ts';
import { Draft } from '../graph/draft.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Model, Node, NodeId, Tensor } from '../graph/model.ts';
import { type Component, components, findFrontier } from './constant-frontier.ts';
import { foldByMoving } from './move-elements.ts';
import type { Pass, PassContext } from './pass.ts';
import { setConstant } from './tensors.ts';
import { passGraphs } from './visit.ts';

/**
 * What all folds of a model together may add to it, and as a share of its weights: 1/50 lets the position biases and
 * masks of swin_t (2 MB of 114) be computed ahead, which saves 36 nodes.
 */
const defaultGrowth = 16 * 1024;
const defaultShare = 1 / 50;

/**
 * `a = Sqrt(c); y = Mul(x, a)` with `c` an initializer
 * becomes `y = Mul(x, a)` with an initializer `a`. Never QuantizeLinear or DequantizeLinear, random numbers, or what
 * would make the file larger than the budget allows. Everything there is to fold goes through one session, or node by
 * node when that fails. A MatMul by what becomes a constant may sum in another order, see `Exactness`.
 */
export const foldConstants: Pass = {
  name: 'fold-constants',
  title: english`Compute constants ahead`,
  summary: english`Computes what depends on constants only, with ONNX Runtime at level disabled, as long as the file hardly grows by it.`,
  exactness: 'exact',
  async run(draft, context) {
    const { options } = context;
    const ledger = ledgers.get(draft) ?? {
      refused: new Set(),
      left: options.maxFoldGrowth ?? budgetOf(draft.model),
      folded: false,
    };
    ledgers.set(draft, ledger);
    for (const graph of passGraphs(draft)) {
      let before: number;
      do {
        before = ledger.refused.size;
        await foldGraph(graph, context, ledger);
        // What comes before a node that cannot be computed is looked at again.
      } while (ledger.refused.size > before);
    }
  },
};

/** What is remembered of a draft over the rounds. */
interface Ledger {
  /** Nodes that the runtime could not compute. */
  readonly refused: Set<NodeId>;
  /** Bytes that folding may still add. */
  left: number;
  folded: boolean;
}

const ledgers = new WeakMap<Draft, Ledger>();

/** Bytes that folding could still have added to a draft; undefined where nothing was folded. */
export function foldGrowthLeft(draft: Draft): number | undefined {
  const ledger = ledgers.get(draft);
  return ledger?.folded ? ledger.left : undefined;
}

/** Of the model as it was before any pass: what passes make of it must not raise it. */
function budgetOf(model: Model): number {
  let weights = 0;
  for (const graph of new Draft(model).graphs()) {
    for (const { data } of graph.initializers()) weights += data.byteLength;
    for (const { attributes } of graph.nodes()) {
      for (const { type, value } of attributes.values()) if (type === 'tensor') weights += value.data.byteLength;
    }
  }
  return Math.max(defaultGrowth, Math.floor(weights * defaultShare));
}

async function foldGraph(graph: GraphDraft, context: PassContext, ledger: Ledger): Promise<void> {
  const accepted = chooseComponents(graph, context, ledger);
  if (accepted.length === 0) return;
  const results = await evaluate(graph, accepted, context.evaluator, ledger.refused);
  for (const { nodes, results: names, growth } of accepted) {
    if (!names.every((name) => results.has(name))) continue;
    const folded = graph.rewrite(nodes[0]!, english`All its inputs are constants.`, (edit) => {
      for (const node of nodes) edit.remove(node);
      for (const name of names) setConstant(graph, edit, results.get(name)!, nodes);
    });
    if (!folded) continue;
    ledger.left -= growth;
    ledger.folded = true;
  }
}

/**
 * Groups of foldable nodes that together add no more than is left to add, first those that cost least for a node. Of a
 * group that costs too much, the node with the largest result is left in place and what is before it is looked at again.
 */
function chooseComponents(graph: GraphDraft, { facts }: PassContext, { refused, left }: Ledger): Component[] {
  const barriers = new Set(refused);
  for (;;) {
    const found = components(graph, facts, findFrontier(graph, facts, barriers));
    const byPrice = [...found].sort((a, b) => a.growth / a.nodes.length - b.growth / b.nodes.length);
    let total = 0;
    let tooMuch = false;
    for (const { growth, largest } of byPrice) {
      if (growth <= 0 || total + growth <= left) {
        total += growth;
        continue;
      }
      barriers.add(largest);
      tooMuch = true;
    }
    if (!tooMuch) return found;
  }
}

/** The values of all results that can be computed. */
async function evaluate(
  graph: GraphDraft,
  accepted: readonly Component[],
  evaluator: Evaluator | undefined,
  refused: Set<NodeId>,
): Promise<ReadonlyMap<string, Tensor>> {
  const known = new Map<string, Tensor>();
  const left: Component[] = [];
  for (const component of accepted) {
    const moved = await foldByMoving(graph, component.nodes, known);
    if (!moved) left.push(component);
  }
  if (left.length === 0) return known;
  const refuse = (nodes: readonly Node[]) => {
    for (const { id } of nodes) refused.add(id);
  };
  if (!evaluator) {
    for (const { nodes } of left) refuse(nodes);
    return known;
  }
  const nodes = left.flatMap((component) => component.nodes);
  const results = left.flatMap((component) => component.results);
  if (await runNodes(graph, evaluator, nodes, results, known)) return known;
  for (const component of left) {
    if (left.length > 1 && (await runNodes(graph, evaluator, component.nodes, component.results, known))) continue;
    await runOneByOne(graph, evaluator, component, known, refuse);
  }
  return known;
}

/** Folds a group node by node; the first that fails and all that need it are refused from now on. */
async function runOneByOne(
  graph: GraphDraft,
  evaluator: Evaluator,
  { nodes }: Component,
  known: Map<string, Tensor>,
  refuse: (nodes: readonly Node[]) => void,
): Promise<void> {
  for (const node of nodes) {
    const ready = node.inputs.every((input) => input === '' || known.has(input) || graph.constant(input));
    const outputs = node.outputs.filter((output) => output !== '');
    if (!ready || !(await runNodes(graph, evaluator, [node], outputs, known))) refuse([node]);
  }
}

/** Runs nodes on constants as a model of their own; false when the runtime refuses. */
async function runNodes(
  graph: GraphDraft,
  evaluator: Evaluator,
  nodes: readonly Node[],
  results: readonly string[],
  known: Map<string, Tensor>,
): Promise<boolean> {
  const initializers = new Map<string, Tensor>();
  for (const node of nodes) {
    for (const input of node.inputs) {
      const tensor = input === '' ? undefined : (known.get(input) ?? graph.constant(input));
      if (tensor) initializers.set(input, tensor.name === input ? tensor : { ...tensor, name: input });
    }
  }
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  for (const name of made) initializers.delete(name);
  const { unknown: _unknown, trainingInfo: _training, ...base } = graph.model;
  const model: Model = {
    ...base,
    irVersion: Math.max(base.irVersion, 4),
    opsets: graph.opsets,
    functions: [],
    metadata: new Map(),
    graph: {
      name: 'constants',
      docString: '',
      nodes,
      inputs: [],
      outputs: results.map((name) => ({ name })),
      valueInfo: [],
      initializers,
      sparseInitializers: [],
      quantizationAnnotations: [],
      metadata: new Map(),
    },
  };
  try {
    const [values] = await evaluator.run({ model, feeds: [new Map()], outputs: results, level: 'disabled' });
    for (const [name, value] of values ?? []) known.set(name, asTensor(name, value));
    return results.every((name) => known.has(name));
  } catch (error) {
    if (error instanceof Error && error.name === 'RuntimeError') return false;
    throw error;
  }
}

function asTensor(name: string, { dtype, dims, bytes, strings }: TensorValue): Tensor {
  const encoder = new TextEncoder();
  return {
    name,
    dtype,
    dims,
    data: bufferSource(bytes),
    ...(strings ? { strings: strings.map((each) => encoder.encode(each)) } : {}),
  };
}
