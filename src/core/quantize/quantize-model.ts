/** One call for every scheme: a recipe and a model give a quantized model and an account of what was done. */

import { assertUnreachable } from '../assert.ts';
import { english } from '../english.ts';
import { Draft, type Rewrite } from '../graph/draft.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Model, Node, NodeId } from '../graph/model.ts';
import { createFacts } from '../shapes/infer.ts';
import { inputChannels } from './bias-correction.ts';
import type { BlockMethod } from './blocks.ts';
import type { Channels, Observed } from './calibration.ts';
import type { QuantizedFormat } from './formats.ts';
import type { NodeType } from './node-types.ts';
import type { QuantizedType, Range } from './ranges.ts';
import { type Density, planStatic, type StaticPlan } from './static-plan.ts';
import type { KeptNode } from './targets.ts';
import { type WrittenNodes, writeDynamic, writeDynamicLstm, writeGather } from './write-dynamic.ts';
import { writeFloat16 } from './write-float16.ts';
import { writeGatherBlocks } from './write-gather-blocks.ts';
import { type Moments, writeMatMulNBits } from './write-matmul-nbits.ts';
import { type WeightError, writeQdq } from './write-qdq.ts';
import { writeQOperator } from './write-qoperator.ts';

export const schemes = ['dynamic-int8', 'static-int8', 'int8-weights', 'int4-weights', 'fp16'] as const;
export type Scheme = (typeof schemes)[number];

export const calibrationMethods = ['minmax', 'moving-average', 'percentile', 'entropy', 'mse'] as const;
export type CalibrationMethod = (typeof calibrationMethods)[number];

/** Everything that decides a result, beside the model and the data. */
export interface Recipe {
  readonly scheme: Scheme;
  readonly perChannel: boolean;
  /** Nodes that stay float. */
  readonly exclude?: ReadonlySet<NodeId>;
  /** Static: nodes with a type of their own. */
  readonly nodeTypes?: ReadonlyMap<NodeId, readonly NodeType[]>;
  /** Static: which operators between weighted ones compute on integers. */
  readonly density?: Density;
  readonly format?: QuantizedFormat;
  readonly activations?: QuantizedType;
  readonly weights?: QuantizedType;
  readonly symmetricActivations?: boolean;
  readonly reduceRange?: boolean;
  readonly searchWeights?: boolean;
  /** Static: biases take back what rounded weights shift outputs by. */
  readonly correctBias?: boolean;
  /** Weight-only: elements that share a scale, and how it is found. */
  readonly blockSize?: number;
  readonly blockMethod?: BlockMethod;
}

export interface QuantizeContext {
  readonly dims?: ReadonlyMap<string, number>;
  /** Static, and fp16 to find what overflows: ranges of these values and means of others by channel, over the calibration data. */
  readonly observe?: (values: readonly string[], channels?: Channels) => Promise<Observed>;
  /** Weight-only with `gptq`: products of inputs with each other over the calibration data. */
  readonly moments?: ((sizes: ReadonlyMap<string, number>) => Moments) | undefined;
  readonly signal?: AbortSignal;
}

export interface QuantizedModel {
  readonly model: Model;
  /** Nodes that are quantized now, as they were before. */
  readonly nodes: readonly Node[];
  /** Nodes that the scheme could have taken and did not, and why. */
  readonly kept: readonly KeptNode[];
  readonly weightErrors: readonly WeightError[];
  readonly rewrites: readonly Rewrite[];
  /** Node of the result → nodes of the model given that it stands for. */
  readonly origins: ReadonlyMap<NodeId, ReadonlySet<NodeId>>;
  /** Static: values that are stored as integers, under the name that both models have. */
  readonly values: readonly string[];
  /** The same in the form that has all values by their names, where the result does not. */
  readonly named?: Model;
}

/**
 * Quantizes a model: the main graph, and the bodies of control flow where no calibration is needed. The model given is not changed; when no node can be taken, it is the result.
 * Static schemes per channel need opset 13: pass `raise-opset` first. Rejects when the signal aborts.
 */
export async function quantizeGraph(model: Model, recipe: Recipe, context: QuantizeContext): Promise<QuantizedModel> {
  const draft = new Draft(model);
  draft.currentPass = `quantize-${recipe.scheme}`;
  const written = await run(draft, recipe, context);
  const result = draft.finish();
  const graphs = draft.graphs();
  const origins = new Map(graphs.flatMap((graph) => graph.nodes()).map(({ id }) => [id, draft.origin(id)]));
  const quantized = { ...written, model: result, rewrites: draft.rewrites, origins };
  return recipe.scheme === 'static-int8' && recipe.format === 'qoperator' ? asOperators(quantized) : quantized;
}

/** A result with conversions as one with operators on integers. */
function asOperators(quantized: QuantizedModel): QuantizedModel {
  const { model, rewrites, origins } = writeQOperator(quantized.model);
  const original = ([id, from]: readonly [NodeId, ReadonlySet<NodeId>]) =>
    [id, new Set([...from].flatMap((each) => [...(quantized.origins.get(each) ?? [each])]))] as const;
  return {
    ...quantized,
    model,
    named: quantized.model,
    rewrites: [...quantized.rewrites, ...rewrites],
    // Nodes of bodies stay as they were.
    origins: new Map([...quantized.origins, ...Array.from(origins, original)]),
  };
}

type Written = WrittenNodes & Pick<QuantizedModel, 'values'>;

async function run(draft: Draft, recipe: Recipe, context: QuantizeContext): Promise<Written> {
  const graph = draft.main;
  const graphs = draft.graphs().filter(({ kind }) => kind !== 'function');
  const facts = createFacts(draft, { dims: context.dims });
  const shared = { exclude: recipe.exclude, signal: context.signal };
  switch (recipe.scheme) {
    case 'dynamic-int8': {
      const { perChannel, reduceRange = false, searchWeights = false } = recipe;
      const options = { ...shared, perChannel, reduceRange, searchWeights };
      return everywhere(graphs, async (each) => [
        await writeDynamic(each, facts, options),
        await writeDynamicLstm(each, options),
        await writeGather(each, shared),
      ]);
    }
    case 'int8-weights':
    case 'int4-weights': {
      const bits = recipe.scheme === 'int4-weights' ? 4 : 8;
      const { blockSize = 32, blockMethod: method = bits === 4 ? 'search' : 'round' } = recipe;
      const options = { ...shared, bits, blockSize, method, symmetric: false } as const;
      const { moments } = context;
      return everywhere(graphs, async (each) => {
        // What goes on inside a body cannot be watched from outside.
        const own = each !== graph && method === 'gptq' ? ({ ...options, method: 'search' } as const) : options;
        return [await writeMatMulNBits(each, facts, { ...own, moments }), await writeGatherBlocks(each, own)];
      });
    }
    case 'fp16':
      return joined([await writeFloat16(graph, facts, { ...shared, observe: context.observe })]);
    case 'static-int8':
      return runStatic(draft, recipe, context);
    default:
      return assertUnreachable(recipe.scheme);
  }
}

/** Writes to one graph after the other; float weights that only bodies read go from the graph that holds them. */
async function everywhere(
  graphs: readonly GraphDraft[],
  write: (graph: GraphDraft) => Promise<readonly WrittenNodes[]>,
): Promise<Written> {
  const isRead = (graph: GraphDraft, name: string) => graph.consumers(name).length > 0 || graph.isOutput(name);
  const readOf = (graph: GraphDraft) =>
    graphs.length === 1 ? [] : [...graph.initializers()].map(({ name }) => name).filter((name) => isRead(graph, name));
  const before = graphs.map(readOf);
  const parts: WrittenNodes[] = [];
  for (const graph of graphs) parts.push(...(await write(graph)));
  for (const [index, graph] of graphs.entries()) {
    const gone = before[index]!.filter((name) => graph.initializer(name) && !isRead(graph, name));
    if (gone.length === 0) continue;
    graph.rewrite(gone[0]!, english`Weights that are stored as integers need no second, float copy.`, (edit) => {
      for (const name of gone) edit.removeInitializer(name);
    });
  }
  return joined(parts);
}

function joined(parts: readonly WrittenNodes[]): Written {
  return {
    nodes: parts.flatMap(({ nodes }) => nodes),
    kept: parts.flatMap(({ kept }) => kept),
    weightErrors: parts.flatMap(({ weightErrors }) => weightErrors),
    values: [],
  };
}

async function runStatic(draft: Draft, recipe: Recipe, { dims, observe, signal }: QuantizeContext): Promise<Written> {
  if (!observe) throw new Error(english`Static quantization needs ranges: give calibration data.`);
  const { activations = 'uint8', weights = 'int8', symmetricActivations = false, density } = recipe;
  const exclude = new Set(recipe.exclude);
  const unseen: KeptNode[] = [];
  const plan = () =>
    planStatic(draft.main, createFacts(draft, { dims }), {
      exclude,
      density,
      // A range from 0 has its zero point at the lowest integer, whatever the type, unless that must be the middle.
      clampsAtZero: !symmetricActivations,
    });
  let planned = plan();
  const first = await observe(
    [...new Set(planned.values.values())],
    recipe.correctBias ? inputChannels(draft.main, createFacts(draft, { dims }), planned.targets) : undefined,
  );
  let found: ReadonlyMap<string, Range> = first.ranges;
  // A value that no sample reached has no range: what touches it stays float. Each round excludes at least one node.
  for (let lost = nodesWithout(planned, draft, found); lost.length > 0; lost = nodesWithout(planned, draft, found)) {
    for (const node of lost) {
      exclude.add(node.id);
      unseen.push({ node, reason: english`the calibration data never reached it` });
    }
    planned = plan();
    const known = found;
    const more = await observe([...new Set(planned.values.values())].filter((value) => !known.has(value)));
    found = new Map([...found, ...more.ranges]);
  }
  const nodes = [...planned.targets.map(({ node }) => node), ...planned.between];
  const typesOf = ({ id }: Node) => [id, ...draft.origin(id)].flatMap((origin) => recipe.nodeTypes?.get(origin) ?? []);
  const own = new Map(nodes.map((node) => [node.id, typesOf(node)] as const).filter(([, types]) => types.length > 0));
  const weightErrors = await writeQdq(draft.main, planned, found, {
    nodeTypes: own,
    activations,
    weights,
    symmetricActivations,
    perChannel: recipe.perChannel,
    reduceRange: recipe.reduceRange ?? false,
    searchWeights: recipe.searchWeights ?? false,
    means: recipe.correctBias ? first.means : undefined,
    signal,
  });
  const isUnseen = new Set(unseen.map(({ node }) => node.id));
  const kept = [...planned.kept.filter(({ node }) => !isUnseen.has(node.id)), ...unseen];
  return { nodes, kept, weightErrors, values: [...planned.values.keys()] };
}

/** Nodes of a plan that read or make a value without a range. */
function nodesWithout(plan: StaticPlan, draft: Draft, ranges: ReadonlyMap<string, Range>): Node[] {
  const missing = new Set([...plan.values].filter(([, root]) => !ranges.has(root)).map(([value]) => value));
  if (missing.size === 0) return [];
  const members = [...plan.targets.map(({ node }) => node), ...plan.between];
  const touches = (name: string) => missing.has(name);
  const direct = members.filter(({ inputs, outputs }) => inputs.some(touches) || outputs.some(touches));
  const clamped = plan.absorbed
    .filter(({ outputs }) => outputs.some(touches))
    .map(({ inputs }) => draft.main.producer(inputs[0]!)!);
  return [...new Set([...direct, ...clamped])];
}
