/** Writes a static plan into a graph as QuantizeLinear and DequantizeLinear nodes. */

import { english } from '../english.ts';
import { attributes } from '../graph/attribute.ts';
import type { GraphDraft, GraphEdit } from '../graph/graph-draft.ts';
import type { Node, NodeId, Tensor } from '../graph/model.ts';
import { float32Tensor, tensorOf } from '../passes/tensors.ts';
import { fromNumbers } from '../tensor/convert.ts';
import { biasShift } from './bias-correction.ts';
import type { NodeType } from './node-types.ts';
import { type Affine, affineOf, type QuantizedType, type Range } from './ranges.ts';
import { joinedError, type RoundingError } from './rounding-error.ts';
import { dataInputs, type StaticPlan } from './static-plan.ts';
import { addedBias, type Target } from './targets.ts';
import { channelLayout, quantizeBias, quantizeWeight, readWeight, smallestScaleFor, storedBytes } from './weights.ts';

export interface QdqOptions {
  readonly activations: QuantizedType;
  readonly weights: QuantizedType;
  /** Activations with the zero point in the middle. */
  readonly symmetricActivations?: boolean;
  /** A scale for each output channel; needs opset 13. */
  readonly perChannel: boolean;
  /** One bit less for weights, where the processor's multiply-add saturates; activations keep all of theirs. */
  readonly reduceRange?: boolean;
  /** Choose each weight scale for least squared error. */
  readonly searchWeights?: boolean;
  /** Means of values by channel; with them, biases take back what rounded weights shift outputs by. */
  readonly means?: ReadonlyMap<string, Float32Array>;
  /** Nodes whose values or weights are stored in another way than the rest. */
  readonly nodeTypes?: ReadonlyMap<NodeId, readonly NodeType[]>;
  readonly signal?: AbortSignal;
}

/** A weight's own error. */
export interface WeightError extends RoundingError {
  readonly node: NodeId;
}

/**
 * Writes the plan. Every value of the plan must have a range. Weights are read one at a time. The float nodes keep
 * their ids; ONNX Runtime turns `DequantizeLinear → node → QuantizeLinear` into an integer kernel when it loads the model.
 */
export async function writeQdq(
  graph: GraphDraft,
  plan: StaticPlan,
  ranges: ReadonlyMap<string, Range>,
  options: QdqOptions,
): Promise<readonly WeightError[]> {
  // Looked for before conversions stand between a product and what is added to it.
  const added = new Map(plan.targets.map((target) => [target.node.id, addedBias(graph, target)]));
  const members = new Set([...plan.targets.map(({ node }) => node.id), ...plan.between.map(({ id }) => id)]);
  const affines = new Map<string, Affine>();
  const stored = new Map<string, { affine: Affine; type: QuantizedType; scale: string; zeroPoint: string }>();
  const types = ownTypes(plan, options.nodeTypes ?? new Map());
  for (const [value, root] of plan.values) {
    const type = types.get(root) ?? options.activations;
    const affine =
      affines.get(root) ?? affineOf(ranges.get(root)!, type, { symmetric: options.symmetricActivations ?? false });
    affines.set(root, affine);
    stored.set(value, { affine, type, scale: `${root}_scale`, zeroPoint: `${root}_zero_point` });
  }
  const clamped = new Map(plan.absorbed.map((clamp) => [clamp.outputs[0]!, clamp]));
  for (const [value, place] of stored) {
    const domain = quantizerDomain(graph, place.type);
    const clamp = clamped.get(value);
    const producer = graph.producer(clamp ? clamp.inputs[0]! : value);
    const madeHere = producer !== undefined && members.has(producer.id);
    const readers = graph.consumers(value).filter((node) => members.has(node.id) && dataInputs(node).includes(value));
    const anchor = producer ?? value;
    graph.rewrite(anchor, storedBecause(value, place.affine, place.type, clamp), (edit) => {
      addParameters(edit, place, place.type);
      if (clamp) edit.remove(clamp);
      const from = madeHere ? [producer, ...(clamp ? [clamp] : [])] : readers;
      const input = madeHere ? graph.freshName(`${value}_float`) : value;
      if (madeHere) renameOutput(graph, edit, producer, clamp ? clamp.inputs[0]! : value, input);
      const integers = graph.freshName(`${value}_quantized`);
      const output = madeHere ? value : graph.freshName(`${value}_dequantized`);
      const { scale, zeroPoint } = place;
      edit.add({ opType: 'QuantizeLinear', domain, inputs: [input, scale, zeroPoint], outputs: [integers] }, from);
      edit.add({ opType: 'DequantizeLinear', domain, inputs: [integers, scale, zeroPoint], outputs: [output] }, from);
      if (!madeHere) {
        for (const reader of readers) {
          const now = graph.node(reader.id)!;
          const data = new Set(dataInputs(now));
          edit.change(now, { inputs: now.inputs.map((name) => (name === value && data.has(name) ? output : name)) });
        }
      }
    });
  }
  const domain = quantizerDomain(graph, options.activations);
  const errors: WeightError[] = [];
  const written = new Map<string, WrittenWeight>();
  for (const target of plan.targets) {
    options.signal?.throwIfAborted();
    const { affine } = stored.get(target.node.inputs[0]!)!;
    const weight = await writeWeight(graph, target, affine.scale, options, written, domain);
    errors.push({ node: target.node.id, ...weight.error });
    const add = added.get(target.node.id);
    if (add && weight.shift) await correctAdded(graph, add, weight.shift);
    await writeBias(graph, target, affine.scale, weight, domain);
  }
  removeUnread(graph, plan.targets);
  return errors;
}

/** Values that nodes with a type of their own read and give, by where their range comes from; the wider type wins. */
function ownTypes(
  plan: StaticPlan,
  nodeTypes: ReadonlyMap<NodeId, readonly NodeType[]>,
): ReadonlyMap<string, QuantizedType> {
  const clampOf = new Map(plan.absorbed.map(({ inputs, outputs }) => [inputs[0]!, outputs[0]!]));
  const types = new Map<string, QuantizedType>();
  for (const node of [...plan.targets.map((target) => target.node), ...plan.between]) {
    for (const type of nodeTypes.get(node.id) ?? []) {
      if (type !== 'uint8' && type !== 'uint16') continue;
      for (const value of [...dataInputs(node), ...node.outputs.map((name) => clampOf.get(name) ?? name)]) {
        const root = plan.values.get(value);
        if (root !== undefined && types.get(root) !== 'uint16') types.set(root, type);
      }
    }
  }
  return types;
}

/** Types of 16 bits are in the standard's own operators from opset 21 on. */
function quantizerDomain(graph: GraphDraft, type: QuantizedType): string {
  const needsContrib = type.endsWith('16') && (graph.opsets.get('') ?? 0) < 21;
  if (needsContrib && !graph.draft.opsets.has('com.microsoft')) {
    graph.draft.setModel({ opsets: new Map([...graph.draft.opsets, ['com.microsoft', 1]]) });
  }
  return needsContrib ? 'com.microsoft' : '';
}

function storedBecause(value: string, { scale }: Affine, type: QuantizedType, clamp: Node | undefined): string {
  const step = Number(scale.toPrecision(3));
  const stored = english`${value} is stored as ${type}, in steps of ${step}.`;
  return clamp ? `${stored} ${english`${clamp.opType} is gone: stored numbers end where it cuts off.`}` : stored;
}

function addParameters(
  edit: GraphEdit,
  { affine, scale, zeroPoint }: { affine: Affine; scale: string; zeroPoint: string },
  type: QuantizedType,
): void {
  edit.setInitializer(float32Tensor(scale, [], [affine.scale]));
  edit.setInitializer(tensorOf(zeroPoint, type, [], fromNumbers(type, [affine.zeroPoint])));
}

function renameOutput(graph: GraphDraft, edit: GraphEdit, node: Node, from: string, to: string): void {
  const now = graph.node(node.id)!;
  edit.change(now, { outputs: now.outputs.map((name) => (name === from ? to : name)) });
}

/** A weight in the graph: under which name it is read, and what it became. */
interface WrittenWeight {
  readonly scales: Float32Array;
  readonly output: string;
  readonly error: RoundingError;
  readonly shift: Float32Array | undefined;
}

async function writeWeight(
  graph: GraphDraft,
  target: Target,
  inputScale: number,
  options: QdqOptions,
  written: Map<string, WrittenWeight>,
  domain: string,
): Promise<WrittenWeight> {
  const { node, weight, channelAxis, bias } = target;
  const own = options.nodeTypes?.get(node.id)?.findLast((type) => type.startsWith('per-'));
  const perChannel = own === undefined ? options.perChannel : own === 'per-channel';
  const axis = perChannel ? channelAxis : undefined;
  const key = `${weight.name}\0${axis}`;
  const known = written.get(key);
  let made = known;
  if (!made) {
    const values = await readWeight(weight);
    const smallest = bias ? await smallestScales(bias, inputScale, axis === undefined) : undefined;
    const quantized = quantizeWeight(values, weight.dims, {
      type: options.weights,
      ...(axis === undefined ? {} : { axis }),
      reduceRange: options.reduceRange ?? false,
      search: options.searchWeights ?? false,
      ...(smallest ? { smallestScale: (channel: number) => smallest[channel] ?? 0 } : {}),
    });
    const { scales, zeroPoints } = quantized;
    const means = options.means?.get(node.inputs[0]!);
    const shift = means && biasShift(target, values, quantized, means);
    made = { scales, error: joinedError([quantized]), shift, output: graph.freshName(`${weight.name}_dequantized`) };
    const { output } = made;
    const dims = axis === undefined ? [] : [channelLayout(weight.dims, axis).channels];
    const because = english`Its ${values.length} weights are stored as ${options.weights}, a quarter of the bytes.`;
    graph.rewrite(graph.node(node.id)!, because, (edit) => {
      const stored = graph.freshName(`${weight.name}_quantized`);
      edit.setInitializer(tensorOf(stored, options.weights, weight.dims, storedBytes(quantized)));
      edit.setInitializer(float32Tensor(`${stored}_scale`, dims, scales));
      edit.setInitializer(
        tensorOf(`${stored}_zero_point`, options.weights, dims, fromNumbers(options.weights, zeroPoints)),
      );
      const inputs = [stored, `${stored}_scale`, `${stored}_zero_point`];
      const spec = { opType: 'DequantizeLinear', domain, inputs, outputs: [output] };
      edit.add(axis === undefined ? spec : { ...spec, attributes: attributes({ axis }) }, [node]);
    });
    written.set(key, made);
  }
  const { output } = made;
  setInput(graph, node.id, 1, output);
  // A second reader has another input, whose means are not those that the shift was computed with.
  return known ? { ...known, shift: undefined } : made;
}

function setInput(graph: GraphDraft, id: NodeId, index: number, name: string): void {
  const now = graph.node(id)!;
  const inputs = [...now.inputs];
  while (inputs.length <= index) inputs.push('');
  inputs[index] = name;
  graph.rewrite(now, english`It reads what is stored as integers.`, (edit) => edit.change(now, { inputs }));
}

async function smallestScales(bias: Tensor, inputScale: number, single: boolean): Promise<number[]> {
  const scales = Array.from(await readWeight(bias), (value) => smallestScaleFor(value, inputScale));
  return single ? [scales.reduce((most, scale) => Math.max(most, scale), 0)] : scales;
}

async function writeBias(
  graph: GraphDraft,
  { node, bias, weight, channelAxis }: Target,
  inputScale: number,
  { scales: weightScales, shift }: WrittenWeight,
  domain: string,
): Promise<void> {
  if (node.opType === 'MatMul' || (!bias && !shift)) return;
  const values = bias ? Float32Array.from(await readWeight(bias)) : new Float32Array(weight.dims[channelAxis]!);
  if (shift) for (let channel = 0; channel < values.length; channel++) values[channel]! += shift[channel]!;
  const { values: stored, scales } = quantizeBias(values, inputScale, weightScales);
  const output = graph.freshName(`${bias?.name ?? node.outputs[0]}_bias_dequantized`);
  const dims = scales.length === 1 ? [] : [scales.length];
  graph.rewrite(
    graph.node(node.id)!,
    english`Its bias is stored in steps of input scale × weight scale, as integer kernels add it.`,
    (edit) => {
      const name = graph.freshName(`${bias?.name ?? node.outputs[0]}_bias_quantized`);
      edit.setInitializer(tensorOf(name, 'int32', [values.length], fromNumbers('int32', stored)));
      edit.setInitializer(float32Tensor(`${name}_scale`, dims, scales));
      edit.setInitializer(tensorOf(`${name}_zero_point`, 'int32', dims, new Uint8Array(4 * scales.length)));
      const spec = {
        opType: 'DequantizeLinear',
        domain,
        inputs: [name, `${name}_scale`, `${name}_zero_point`],
        outputs: [output],
      };
      edit.add(dims.length === 0 ? spec : { ...spec, attributes: attributes({ axis: 0 }) }, [node]);
    },
  );
  setInput(graph, node.id, 2, output);
}

/** What is added to a product takes back what rounded weights shift it by; it stays float. */
async function correctAdded(
  graph: GraphDraft,
  { add, bias }: NonNullable<ReturnType<typeof addedBias>>,
  shift: Float32Array,
): Promise<void> {
  const values = (await readWeight(bias)).map((value, channel) => value + shift[channel]!);
  const { length } = graph.consumers(bias.name);
  const isOwn = graph.initializer(bias.name) && length === 1 && !graph.isOutput(bias.name);
  const name = isOwn ? bias.name : graph.freshName(`${bias.name}_corrected`);
  const now = graph.node(add.id)!;
  graph.rewrite(now, english`It takes back what rounded weights shift the outputs by.`, (edit) => {
    edit.setInitializer(float32Tensor(name, bias.dims, values));
    edit.change(now, { inputs: now.inputs.map((input) => (input === bias.name ? name : input)) });
  });
}

/** Removes float weights that nobody reads any more. */
export function removeUnread(graph: GraphDraft, targets: readonly Target[]): void {
  const names = new Set(targets.flatMap(({ weight, bias }) => [weight.name, ...(bias ? [bias.name] : [])]));
  const unread = [...names].filter(
    (name) => graph.initializer(name) && graph.consumers(name).length === 0 && !graph.isOutput(name),
  );
  if (unread.length === 0) return;
  graph.rewrite(targets[0]!.node, english`Weights that are stored as integers need no second, float copy.`, (edit) => {
    for (const name of unread) edit.removeInitializer(name);
    edit.setInputs(graph.inputs.filter(({ name }) => !unread.includes(name)));
  });
}
