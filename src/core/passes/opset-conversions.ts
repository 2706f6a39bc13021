/** How operators changed from one operator set to the next (the change log of ONNX's operators), 7 to 23. */
import { english } from '../english.ts';
import { attributes, floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../graph/attribute.ts';
import type { GraphDraft, GraphEdit } from '../graph/graph-draft.ts';
import type { Attribute, Node } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import { addInts } from './operands.ts';
import { constantValue, dtypeOf, rankOf } from './shape-facts.ts';
import { constantNumbers, float32Tensor, floatTensor } from './tensors.ts';

interface Situation {
  readonly graph: GraphDraft;
  readonly node: Node;
  readonly facts: Facts;
  /** The operator set that is the target. */
  readonly to: number;
}

/** What changed for some operators at a version. */
export interface Conversion {
  readonly opTypes: readonly string[];
  /** The first version that is written the new way. */
  readonly at: number;
  /** What the node would need where its old meaning cannot be said in the new version. */
  readonly obstacle?: (situation: Situation) => string | undefined;
  readonly apply: (situation: Situation, edit: GraphEdit) => void;
}

const never: Conversion['apply'] = () => {};

/** The attributes of a node without some. */
function without(node: Node, ...names: readonly string[]): ReadonlyMap<string, Attribute> {
  return new Map([...node.attributes].filter(([name]) => !names.includes(name)));
}

const withMore = (node: Node, more: Parameters<typeof attributes>[0]): ReadonlyMap<string, Attribute> =>
  new Map([...attributes(more), ...node.attributes]);

/** Inputs up to a position, those left out as empty names. */
function inputsThrough(node: Node, count: number): string[] {
  return Array.from({ length: count }, (_, index) => node.inputs[index] ?? '');
}

/** An attribute with integers becomes an input. */
const intsToInput =
  (attribute: string): Conversion['apply'] =>
  ({ graph, node }, edit) => {
    const values = intsAttribute(node, attribute);
    if (!values) return;
    const input = addInts(graph, edit, `${node.outputs[0]}_${attribute}`, values);
    edit.change(node, { inputs: [...inputsThrough(node, 1), input], attributes: without(node, attribute) });
  };

/** Adds a float attribute as a scalar of the element type of the node's data. */
function addScalar({ graph, node, facts }: Situation, edit: GraphEdit, part: string, value: number): string {
  const name = graph.freshName(`${node.outputs[0]}_${part}`);
  edit.setInitializer(
    floatTensor(name, dtypeOf(facts, graph, node.inputs[0])!, [], Float64Array.of(Math.fround(value))),
  );
  return name;
}

/** Attributes that become inputs of the data's type need that type. */
const needsType =
  (...names: readonly string[]): Conversion['obstacle'] =>
  ({ graph, node, facts }) =>
    names.some((name) => node.attributes.has(name)) && !dtypeOf(facts, graph, node.inputs[0])
      ? english`The element type of its input has to be known.`
      : undefined;

/** The factors of a Resize or Upsample, when they are constants. */
function scalesOf({ graph, node, facts }: Situation): readonly number[] | undefined {
  return constantNumbers(graph, node.inputs[1]) ?? constantValue(facts, graph, node.inputs[1]);
}

/**
 * Until 10, ONNX Runtime's nearest neighbor rounds up on axes that shrink and down on the others; since 11 one way is
 * named for all. On an axis that keeps its size both are the same.
 */
function nearestMode(scales: readonly number[] | undefined): 'floor' | 'ceil' | undefined {
  if (!scales) return undefined;
  if (scales.every((scale) => scale >= 1)) return 'floor';
  return scales.every((scale) => scale <= 1) ? 'ceil' : undefined;
}

const isUnread = (graph: GraphDraft, value: string | undefined) =>
  !value || (!graph.isOutput(value) && graph.consumers(value).length === 0);

const softmaxes = ['Softmax', 'LogSoftmax', 'Hardmax'];

export const conversions: readonly Conversion[] = [
  {
    opTypes: ['BatchNormalization'],
    at: 9,
    obstacle: ({ node }) =>
      intAttribute(node, 'spatial', 1) === 1
        ? undefined
        : english`It normalizes each position apart: spatial has to be 1.`,
    apply: ({ node }, edit) => edit.change(node, { attributes: without(node, 'spatial') }),
  },
  {
    opTypes: ['Upsample'],
    at: 9,
    apply: ({ graph, node }, edit) => {
      const scales = node.attributes.get('scales');
      if (scales?.type !== 'floats') return;
      const name = graph.freshName(`${node.outputs[0]}_scales`);
      edit.setInitializer(float32Tensor(name, [scales.value.length], scales.value));
      edit.change(node, { inputs: [node.inputs[0]!, name], attributes: without(node, 'scales') });
    },
  },
  { opTypes: ['Upsample'], at: 10, apply: ({ node }, edit) => edit.change(node, { opType: 'Resize' }) },
  { opTypes: ['Slice'], at: 10, apply: sliceToInputs },
  {
    opTypes: ['TopK'],
    at: 10,
    apply: ({ graph, node }, edit) => {
      const k = addInts(graph, edit, `${node.outputs[0]}_k`, [intAttribute(node, 'k', 1)]);
      edit.change(node, { inputs: [node.inputs[0]!, k], attributes: without(node, 'k') });
    },
  },
  {
    opTypes: ['Dropout'],
    at: 10,
    // The mask was of the data's type and became bool.
    obstacle: ({ graph, node }) =>
      isUnread(graph, node.outputs[1]) ? undefined : english`Its mask became bool: nothing may read it.`,
    apply: never,
  },
  {
    opTypes: ['ImageScaler', 'Crop', 'Affine', 'ParametricSoftplus', 'ScaledTanh', 'GivenTensorFill', 'GRUUnit'],
    at: 10,
    obstacle: () => english`This operator ended with operator set 9.`,
    apply: never,
  },
  {
    opTypes: ['Scan'],
    at: 9,
    obstacle: () => english`Until operator set 8, Scan loops over a batch, too: it has to be written anew.`,
    apply: never,
  },
  {
    opTypes: ['Resize', 'Upsample'],
    at: 11,
    // An Upsample never shrinks.
    obstacle: (situation) =>
      situation.node.opType === 'Upsample' ||
      stringAttribute(situation.node, 'mode', 'nearest') !== 'nearest' ||
      nearestMode(scalesOf(situation))
        ? undefined
        : english`With nearest neighbors, its scales have to be constants that are all at least 1, or all at most 1.`,
    apply: resizeWithModes,
  },
  { opTypes: ['Scatter'], at: 11, apply: ({ node }, edit) => edit.change(node, { opType: 'ScatterElements' }) },
  { opTypes: ['Pad'], at: 11, obstacle: needsType('value'), apply: padToInputs },
  { opTypes: ['Clip'], at: 11, obstacle: needsType('min', 'max'), apply: clipToInputs },
  {
    opTypes: ['Dropout'],
    at: 12,
    apply: ({ graph, node }, edit) => {
      const ratio = floatAttribute(node, 'ratio');
      if (ratio === undefined) return;
      // The ratio may be of another type than the data.
      const name = graph.freshName(`${node.outputs[0]}_ratio`);
      edit.setInitializer(float32Tensor(name, [], [ratio]));
      edit.change(node, { inputs: [node.inputs[0]!, name], attributes: without(node, 'ratio') });
    },
  },
  { opTypes: ['Squeeze', 'Unsqueeze', 'ReduceSum'], at: 13, apply: intsToInput('axes') },
  { opTypes: ['Split'], at: 13, apply: intsToInput('split') },
  {
    opTypes: softmaxes,
    at: 13,
    obstacle: ({ graph, node, facts }) =>
      rankOf(facts, graph, node.inputs[0]) === undefined
        ? english`The number of axes of its input has to be known.`
        : undefined,
    apply: softmaxToOneAxis,
  },
  {
    opTypes: ['BatchNormalization'],
    at: 14,
    obstacle: ({ graph, node }) =>
      node.outputs.slice(1).every((output) => isUnread(graph, output))
        ? undefined
        : english`It trains: nothing may read more than its first output.`,
    apply: ({ node }, edit) => edit.change(node, { outputs: node.outputs.slice(0, 1) }),
  },
  {
    opTypes: ['RoiAlign'],
    at: 16,
    apply: ({ node }, edit) =>
      edit.change(node, { attributes: withMore(node, { coordinate_transformation_mode: 'output_half_pixel' }) }),
  },
  {
    opTypes: [
      'ReduceL1',
      'ReduceL2',
      'ReduceLogSum',
      'ReduceLogSumExp',
      'ReduceMax',
      'ReduceMean',
      'ReduceMin',
      'ReduceProd',
      'ReduceSumSquare',
    ],
    at: 18,
    apply: intsToInput('axes'),
  },
  {
    opTypes: ['Split'],
    at: 18,
    apply: ({ node }, edit) => {
      if (node.inputs.length > 1 && node.inputs[1] !== '') return;
      edit.change(node, { attributes: withMore(node, { num_outputs: node.outputs.length }) });
    },
  },
  {
    opTypes: ['GridSample'],
    at: 20,
    apply: ({ node }, edit) => {
      const mode = stringAttribute(node, 'mode', 'bilinear').replace(/^bi/, '');
      edit.change(node, { attributes: new Map([...node.attributes, ...attributes({ mode })]) });
    },
  },
  {
    opTypes: ['DFT'],
    at: 20,
    obstacle: () => english`There is no conversion of its axis into an input.`,
    apply: never,
  },
  {
    opTypes: ['GroupNormalization'],
    at: 21,
    obstacle: () => english`There is no conversion of its scale and bias from groups to channels.`,
    apply: never,
  },
];

function sliceToInputs({ graph, node }: Situation, edit: GraphEdit): void {
  const starts = intsAttribute(node, 'starts', []);
  const ends = intsAttribute(node, 'ends', []);
  const axes = intsAttribute(node, 'axes');
  const add = (name: string, values: readonly number[]) => addInts(graph, edit, `${node.outputs[0]}_${name}`, values);
  const inputs = [node.inputs[0]!, add('starts', starts), add('ends', ends), ...(axes ? [add('axes', axes)] : [])];
  edit.change(node, { inputs, attributes: without(node, 'starts', 'ends', 'axes') });
}

function resizeWithModes(situation: Situation, edit: GraphEdit): void {
  const { graph, node, to } = situation;
  const nearest = nearestMode(scalesOf(situation)) ?? 'floor';
  let roi = '';
  // The region may be left out from 13 on.
  if (to < 13) {
    roi = graph.freshName(`${node.outputs[0]}_roi`);
    edit.setInitializer(float32Tensor(roi, [0], []));
  }
  const more = { coordinate_transformation_mode: 'asymmetric', nearest_mode: nearest };
  edit.change(node, { inputs: [node.inputs[0]!, roi, node.inputs[1]!], attributes: withMore(node, more) });
}

function padToInputs(situation: Situation, edit: GraphEdit): void {
  const { graph, node } = situation;
  const pads = addInts(graph, edit, `${node.outputs[0]}_pads`, intsAttribute(node, 'pads', []));
  const value = floatAttribute(node, 'value', 0);
  const more = value === 0 ? [] : [addScalar(situation, edit, 'value', value)];
  edit.change(node, { inputs: [node.inputs[0]!, pads, ...more], attributes: without(node, 'pads', 'value') });
}

function clipToInputs(situation: Situation, edit: GraphEdit): void {
  const { node } = situation;
  const bound = (name: 'min' | 'max') => {
    const value = floatAttribute(node, name);
    return value === undefined ? '' : addScalar(situation, edit, name, value);
  };
  const inputs = [node.inputs[0]!, bound('min'), bound('max')];
  while (inputs.at(-1) === '') inputs.pop();
  edit.change(node, { inputs, attributes: without(node, 'min', 'max') });
}

/** Until 12 these worked on all axes from `axis` on together; since 13 on the one axis. */
function softmaxToOneAxis({ graph, node, facts }: Situation, edit: GraphEdit): void {
  const axes = rankOf(facts, graph, node.inputs[0])!;
  const given = intAttribute(node, 'axis', 1);
  const axis = given < 0 ? given + axes : given;
  if (axis === axes - 1) {
    edit.change(node, { attributes: new Map([...node.attributes, ...attributes({ axis: -1 })]) });
    return;
  }
  const [input, output] = [node.inputs[0]!, node.outputs[0]!];
  const name = (part: string) => graph.freshName(`${output}_${part}`);
  const [flat, shape, result] = [name('flat'), name('shape'), name('result')];
  edit.add({ opType: 'Flatten', inputs: [input], outputs: [flat], attributes: attributes({ axis }) }, [node]);
  edit.add({ opType: 'Shape', inputs: [input], outputs: [shape] }, [node]);
  edit.change(node, {
    inputs: [flat],
    outputs: [result],
    attributes: new Map([...node.attributes, ...attributes({ axis: -1 })]),
  });
  edit.add({ opType: 'Reshape', inputs: [result, shape], outputs: [output] }, [node]);
}
