import { english } from '../core/english.ts';
import type { Model, Node, NodeId } from '../core/graph/model.ts';
import type { NodeType } from '../core/quantize/node-types.ts';
import type { CalibrationMethod, QuantizedModel, Recipe, Scheme } from '../core/quantize/quantize-model.ts';
import type { QuantizeStep } from '../core/report/recipe.ts';
import type { QuantizeReport } from '../core/report/report.ts';
import { InputError } from './inputs.ts';
import type { QuantizeOptions } from './quantize-options.ts';
import { type Prepared, QuantizeError } from './quantize-preparation.ts';

/** The choices behind a quantized model, those of a search included. */
export type QuantizeDecision = Pick<
  QuantizeStep,
  | 'scheme'
  | 'method'
  | 'perChannel'
  | 'reduceRange'
  | 'density'
  | 'correctBias'
  | 'keepFloat'
  | 'minSqnr'
  | 'equalize'
  | 'smooth'
  | 'activations'
  | 'symmetric'
  | 'weights'
  | 'percentile'
  | 'movingAverageRate'
  | 'format'
  | 'prune'
  | 'nodeTypes'
  | 'blockSize'
  | 'blockMethod'
>;

/** Below this, in dB, the result is called different: noise is a tenth of the signal's amplitude, a third with 4 bits. */
export const usableSqnr = (scheme: string): number => (scheme === 'int4-weights' ? 10 : 20);

/** The nodes of the main graph with these first outputs. Throws `InputError` when one is not there. */
export function producersOf({ graph }: Model, outputs: readonly string[]): NodeId[] {
  const ids = new Map(graph.nodes.map((node) => [firstOutput(node), node.id]));
  return outputs.map((output) => {
    const id = ids.get(output);
    if (id === undefined)
      throw new InputError(english`The model has no node that gives ${output}, which the recipe names.`);
    return id;
  });
}

/** Options with what a search put in the place of a wish. */
export type DecidedOptions = Omit<QuantizeOptions, 'smooth'> & { readonly smooth?: number | undefined };

/** What decided a result, in the terms of a recipe. */
export function decisionOf(
  recipe: Recipe,
  method: CalibrationMethod,
  { graph }: Model,
  { scheme: asked, minSqnr = usableSqnr(asked), equalize, smooth, activations, prune, ...rest }: DecidedOptions,
): QuantizeDecision {
  const { scheme, perChannel, reduceRange = false, density = 'full', correctBias = false, exclude, nodeTypes } = recipe;
  const { blockSize, blockMethod, format } = recipe;
  const keepFloat = graph.nodes.filter(({ id }) => exclude?.has(id)).map(firstOutput);
  return {
    scheme,
    method,
    perChannel,
    reduceRange,
    density,
    correctBias,
    keepFloat,
    minSqnr,
    ...(equalize ? { equalize } : {}),
    ...(smooth === undefined ? {} : { smooth }),
    ...(activations === undefined ? {} : { activations }),
    ...(prune === undefined ? {} : { prune }),
    ...(format === undefined ? {} : { format }),
    ...(rest.symmetric ? { symmetric: true } : {}),
    ...(rest.weights === undefined ? {} : { weights: rest.weights }),
    ...(rest.percentile === undefined ? {} : { percentile: rest.percentile }),
    ...(rest.movingAverageRate === undefined ? {} : { movingAverageRate: rest.movingAverageRate }),
    ...(blockSize === undefined ? {} : { blockSize }),
    ...(blockMethod === undefined ? {} : { blockMethod }),
    ...(nodeTypes?.size ? { nodeTypes: namedTypes(graph.nodes, nodeTypes) } : {}),
  };
}

function namedTypes(nodes: readonly Node[], nodeTypes: NonNullable<Recipe['nodeTypes']>) {
  return nodes.flatMap((node) => (nodeTypes.get(node.id) ?? []).map((type) => ({ output: firstOutput(node), type })));
}

/** Types that nodes have of their own, by the ids that they have once prepared. Throws `InputError` when one is not there. */
export function nodeTypesOf(
  { typed = [], nodeTypes = [] }: Pick<QuantizeOptions, 'typed' | 'nodeTypes'>,
  { model, ids }: Pick<Prepared, 'model' | 'ids'>,
): NonNullable<Recipe['nodeTypes']> {
  const found = new Map<NodeId, readonly NodeType[]>();
  const add = (nodes: Iterable<NodeId>, type: NodeType) => {
    for (const id of nodes) found.set(id, [...(found.get(id) ?? []), type]);
  };
  for (const { nodes, type } of typed) add(ids(nodes), type);
  for (const { output, type } of nodeTypes) add(producersOf(model, [output]), type);
  return found;
}

/** Throws `QuantizeError` when all nodes that a type was asked for stay float. */
export function refuseUntaken(
  typed: QuantizeOptions['typed'],
  { nodes }: Pick<QuantizedModel, 'nodes'>,
  { ids }: Pick<Prepared, 'ids'>,
): void {
  const taken = new Set(nodes.map(({ id }) => id));
  const lost = typed?.find((asked) => [...ids(asked.nodes)].every((id) => !taken.has(id)));
  if (!lost) return;
  throw new QuantizeError(
    english`${lost.name} cannot be stored as ${lost.type}: it is not quantized. Only nodes that compute on integers have a type of their own.`,
  );
}

const firstOutput = ({ outputs }: Node): string => outputs.find((name) => name !== '') ?? '';

/** The choices that matter to a scheme, as reports name them. */
export function optionsOf(
  recipe: Recipe,
  method: CalibrationMethod,
  options: DecidedOptions,
): QuantizeReport['options'] {
  const {
    scheme,
    perChannel,
    reduceRange = false,
    density = 'full',
    blockSize = 32,
    blockMethod = 'search',
    activations = 'uint8',
    weights = 'int8',
    correctBias = false,
    format = 'qdq',
    exclude,
  } = recipe;
  const excluded = exclude?.size ?? 0;
  const before = {
    ...(options.prune === undefined ? {} : { prune: options.prune }),
    ...(options.equalize ? { equalize: true } : {}),
    ...(options.smooth === undefined ? {} : { smooth: options.smooth }),
  };
  switch (scheme) {
    case 'static-int8':
      return {
        activations,
        weights,
        format,
        ...(recipe.symmetricActivations ? { symmetric: true } : {}),
        perChannel,
        reduceRange,
        method,
        density,
        correctBias,
        excluded,
        ...before,
        ...(options.calibration === undefined ? { randomCalibration: true } : {}),
      };
    case 'dynamic-int8':
      return { activations: 'uint8', weights, perChannel, reduceRange, excluded, ...before };
    case 'int8-weights':
    case 'int4-weights':
      return { blockSize, blockMethod, accuracyLevel: 4, excluded, ...before };
    default:
      return { excluded, ...before };
  }
}

/** Nothing quantized is an error, not a success. */
export function refuseNothing({ nodes, kept }: QuantizedModel, scheme: Scheme | 'auto'): void {
  if (nodes.length > 0) return;
  const reasons = [...new Set(kept.map(({ node, reason }) => english`${node.opType} stays float: ${reason}.`))];
  const why =
    reasons.length > 0
      ? reasons.slice(0, 4)
      : scheme === 'fp16'
        ? [english`None of its nodes computes with 32-bit floats.`]
        : [english`It has no MatMul, Gemm or Conv with constant weights.`];
  const rest = scheme === 'auto' ? [english`Keep the model as it is.`] : [];
  throw new QuantizeError([english`Nothing could be quantized with ${scheme}.`, ...why, ...rest].join(' '));
}
