/** Models whose kernels' nodes are known: what ONNX Runtime really ran, and which nodes of the model it stands for. */
import type { DataType } from '../../src/core/graph/data-type.ts';
import type { FunctionDefinition, Graph, Model } from '../../src/core/graph/model.ts';
import { allNodes } from '../../src/core/profile/breakdown.ts';
import { createRandom } from '../../src/core/random.ts';
import { fromNumbers } from '../../src/core/tensor/convert.ts';
import { profileModel } from '../../src/worker/profile.ts';
import type { RuntimeManager } from '../../src/worker/runtime-client.ts';
import { buildGraph, buildModel, type GraphParts } from './build-model.ts';

type Part = GraphParts['nodes'][number];
const node = (
  name: string,
  opType: string,
  inputs: string,
  outputs: string,
  attributes: NonNullable<Part['attributes']> = {},
  domain = '',
): Part => ({ name, opType, inputs: inputs.split(' '), outputs: outputs.split(' '), attributes, domain });

const tensor = (dtype: DataType, dims: number[], values?: number[]) => {
  const random = createRandom(dims.length);
  const count = dims.reduce((product, dim) => product * dim, 1);
  return { dtype, dims, bytes: fromNumbers(dtype, values ?? Array.from({ length: count }, () => random.next() - 0.5)) };
};
const weight = (...dims: number[]) => tensor('float32', dims);
const body = (value: Graph) => ({ type: 'graph', value }) as const;
const float32 = (...shape: number[]) => ['float32', shape] as const;

/** `(inserted) operator: nodes` of every kernel, in the order in which they ran. */
export async function kernelsOf(model: Model, manager: RuntimeManager): Promise<readonly string[]> {
  const settings = { provider: 'cpu', threads: 1, timeLimit: 20, dims: {}, seed: 1 };
  const target = { model, identity: { path: 'test.onnx', bytes: 0, irVersion: 10, producer: '', opsets: {} } };
  const options = { settings, runs: 1, warmup: 0, level: 'all' } as const;
  const { report } = await profileModel(target, options, { manager, opscope: '0.0.0' });
  const names = new Map([...allNodes(model).values()].map(({ id, name }) => [id, name]));
  return report.kernels.map(({ opType, nodes, inserted }) => {
    const covered = nodes.map((id) => names.get(id)).sort();
    return `${inserted ? '(inserted) ' : ''}${opType}: ${covered.join(' ')}`;
  });
}

const image = float32(1, 16, 8, 8);
const sequence = float32(2, 8, 32);
const half = tensor('float32', [], [0.5]);

const quantized = {
  s: tensor('float32', [], [0.02]),
  z: tensor('uint8', [], [128]),
  wq: tensor(
    'int8',
    [16, 16, 3, 3],
    Array.from({ length: 2304 }, (_, index) => (index % 7) - 3),
  ),
  ws: tensor('float32', [], [0.01]),
  wz: tensor('int8', [], [0]),
};

const callee: FunctionDefinition = {
  name: 'Twice',
  domain: 'local',
  overload: '',
  inputs: ['a'],
  outputs: ['b'],
  attributes: [],
  attributeDefaults: new Map(),
  nodes: buildGraph({
    inputs: {},
    outputs: {},
    nodes: [node('inner sin', 'Sin', 'a', 't'), node('inner erf', 'Erf', 't', 'b')],
  }).nodes,
  opsets: new Map([['', 21]]),
  valueInfo: [],
  docString: '',
  metadata: new Map(),
};

const branch = (...nodes: Part[]) => body(buildGraph({ inputs: {}, outputs: { o: float32(4, 4) }, nodes }));

/** By what ONNX Runtime does there; `kernels` as `kernelsOf` gives them. */
export const knownAnswers: Readonly<Record<string, { readonly model: Model; readonly kernels: readonly string[] }>> = {
  'constants are folded': {
    model: buildModel({
      inputs: { x: float32(64, 64) },
      outputs: { y: float32(64, 64) },
      initializers: { w: weight(64, 64) },
      nodes: [
        node('fold', 'Transpose', 'w', 'wt'),
        node('fold too', 'Neg', 'wt', 'wn'),
        node('drop', 'Identity', 'x', 'x2'),
        node('work', 'MatMul', 'x2 wn', 'y'),
      ],
    }),
    kernels: ['MatMul: drop work'],
  },
  'what is computed twice runs once': {
    model: buildModel({
      inputs: { x: float32(4, 4) },
      outputs: { y: float32(4, 4) },
      nodes: [
        node('one', 'Sin', 'x', 'p'),
        node('two', 'Sin', 'x', 'q'),
        node('three', 'Cos', 'q', 'r'),
        node('four', 'Cos', 'p', 's'),
        node('end', 'Mul', 'r s', 'y'),
      ],
    }),
    kernels: ['Sin: one two', 'Cos: four three', 'Mul: end'],
  },
  'float16 on the CPU: casts put in': {
    model: buildModel({
      inputs: { x: ['float16', [4, 4]] },
      outputs: { y: ['float16', [4, 4]] },
      nodes: [node('a', 'Sin', 'x', 'p'), node('b', 'Cos', 'p', 'q'), node('c', 'Atan', 'q', 'y')],
    }),
    kernels: ['(inserted) Cast: a', 'Sin: a', 'Cos: b', 'Atan: c', '(inserted) Cast: c'],
  },
  'a transpose moved behind a node': {
    model: buildModel({
      inputs: { x: float32(1, 8, 8, 16) },
      outputs: { y: image },
      nodes: [
        node('first', 'Transpose', 'x', 'p', { perm: [0, 3, 1, 2] }),
        node('relu', 'Relu', 'p', 'q'),
        node('back', 'Transpose', 'q', 'r', { perm: [0, 2, 3, 1] }),
        node('sin', 'Sin', 'r', 's'),
        node('last', 'Transpose', 's', 'y', { perm: [0, 3, 1, 2] }),
      ],
    }),
    kernels: ['Relu: first relu', 'Sin: back sin', 'Transpose: last'],
  },
  'blocked layout: reorders put in': {
    model: buildModel({
      inputs: { x: image },
      outputs: { y: image },
      initializers: { w: weight(16, 16, 3, 3), w2: weight(16, 16, 3, 3) },
      nodes: [
        node('one', 'Conv', 'x w', 'a', { pads: [1, 1, 1, 1] }),
        node('relu', 'Relu', 'a', 'b'),
        node('two', 'Conv', 'b w2', 'c', { pads: [1, 1, 1, 1] }),
        node('add', 'Add', 'c b', 'd'),
        node('sin', 'Sin', 'd', 'y'),
      ],
    }),
    kernels: [
      '(inserted) ReorderInput: one relu',
      'Conv: one relu',
      'Conv: add two',
      '(inserted) ReorderOutput: add',
      'Sin: sin',
    ],
  },
  Gelu: {
    model: buildModel({
      inputs: { x: sequence },
      outputs: { y: sequence },
      initializers: { root: tensor('float32', [], [Math.SQRT2]), unit: tensor('float32', [], [1]), half },
      nodes: [
        node('before', 'Sin', 'x', 'v'),
        node('div', 'Div', 'v root', 'a'),
        node('erf', 'Erf', 'a', 'b'),
        node('add', 'Add', 'b unit', 'c'),
        node('mul', 'Mul', 'v c', 'd'),
        node('half', 'Mul', 'd half', 'y'),
      ],
    }),
    kernels: ['Sin: before', 'Gelu: add div erf half mul'],
  },
  'layer normalization, its sum too': {
    model: buildModel({
      inputs: { x: sequence, z: sequence },
      outputs: { y: sequence },
      initializers: {
        axis: tensor('int64', [1], [-1]),
        two: tensor('float32', [], [2]),
        epsilon: tensor('float32', [], [1e-5]),
        gamma: weight(32),
        beta: weight(32),
      },
      nodes: [
        node('sum', 'Add', 'x z', 'v'),
        node('mean', 'ReduceMean', 'v axis', 'm'),
        node('centre', 'Sub', 'v m', 'c'),
        node('square', 'Pow', 'c two', 'p'),
        node('variance', 'ReduceMean', 'p axis', 'q'),
        node('epsilon', 'Add', 'q epsilon', 'e'),
        node('root', 'Sqrt', 'e', 's'),
        node('normal', 'Div', 'c s', 'n'),
        node('scale', 'Mul', 'n gamma', 'g'),
        node('shift', 'Add', 'g beta', 'h'),
        node('end', 'Sin', 'h', 'y'),
      ],
    }),
    kernels: ['SkipLayerNormalization: centre epsilon mean normal root scale shift square sum variance', 'Sin: end'],
  },
  'bias and Gelu': {
    model: buildModel({
      inputs: { x: sequence },
      outputs: { y: sequence },
      initializers: {
        b: weight(32),
        root: tensor('float32', [], [Math.SQRT2]),
        unit: tensor('float32', [], [1]),
        half,
      },
      nodes: [
        node('before', 'Sin', 'x', 'u'),
        node('bias', 'Add', 'u b', 'v'),
        node('div', 'Div', 'v root', 'a'),
        node('erf', 'Erf', 'a', 'b1'),
        node('add', 'Add', 'b1 unit', 'c'),
        node('mul', 'Mul', 'v c', 'd'),
        node('half', 'Mul', 'd half', 'y'),
      ],
    }),
    kernels: ['Sin: before', 'BiasGelu: add bias div erf half mul'],
  },
  'attention scores: transpose and scale go into the product': {
    model: buildModel({
      inputs: { q: float32(1, 2, 8, 16), k: float32(1, 2, 8, 16) },
      outputs: { y: float32(1, 2, 8, 8) },
      initializers: { eighth: tensor('float32', [], [0.125]) },
      nodes: [
        node('before', 'Sin', 'q', 'a'),
        node('turn', 'Transpose', 'k', 'b', { perm: [0, 1, 3, 2] }),
        node('scores', 'MatMul', 'a b', 'c'),
        node('scale', 'Mul', 'c eighth', 'd'),
        node('softmax', 'Softmax', 'd', 'y'),
      ],
    }),
    kernels: ['Sin: before', 'FusedMatMul: scale scores turn', 'Softmax: softmax'],
  },
  'QDQ becomes QLinear': {
    model: buildModel({
      inputs: { x: image },
      outputs: { y: image },
      initializers: quantized,
      nodes: [
        node('q in', 'QuantizeLinear', 'x s z', 'xq'),
        node('dq in', 'DequantizeLinear', 'xq s z', 'xd'),
        node('dq weight', 'DequantizeLinear', 'wq ws wz', 'wd'),
        node('conv', 'Conv', 'xd wd', 'c', { pads: [1, 1, 1, 1] }),
        node('q out', 'QuantizeLinear', 'c s z', 'cq'),
        node('dq out', 'DequantizeLinear', 'cq s z', 'cd'),
        node('sin', 'Sin', 'cd', 'y'),
      ],
    }),
    kernels: [
      'QuantizeLinear: q in',
      '(inserted) Transpose: conv dq in q out',
      'QLinearConv: conv dq in q out',
      '(inserted) Transpose: q out',
      'DequantizeLinear: dq out',
      'Sin: sin',
    ],
  },
  'a product of three axes becomes Gemm between reshapes': {
    model: buildModel({
      inputs: { x: sequence },
      outputs: { y: float32(2, 8, 16) },
      initializers: { w: weight(32, 16), b: weight(16) },
      nodes: [node('product', 'MatMul', 'x w', 'p'), node('bias', 'Add', 'p b', 'q'), node('sin', 'Sin', 'q', 'y')],
    }),
    kernels: ['(inserted) Reshape: bias product', 'Gemm: bias product', '(inserted) Reshape: bias product', 'Sin: sin'],
  },
  'a function of the model: its time belongs to the call': {
    model: {
      ...buildModel({
        inputs: { x: float32(4, 4) },
        outputs: { y: float32(4, 4) },
        nodes: [
          node('first call', 'Twice', 'x', 'p', {}, 'local'),
          node('second call', 'Twice', 'p', 'q', {}, 'local'),
          node('end', 'Cos', 'q', 'y'),
        ],
      }),
      opsets: new Map([
        ['', 21],
        ['local', 1],
      ]),
      functions: [callee],
    },
    kernels: ['Sin: first call', 'Erf: first call', 'Sin: second call', 'Erf: second call', 'Cos: end'],
  },
  'branches in the place of their If': {
    model: buildModel({
      inputs: { x: float32(4, 4) },
      outputs: { y: float32(4, 4) },
      initializers: { yes: tensor('bool', [], [1]), no: tensor('bool', [], [0]) },
      nodes: [
        node('before', 'Sin', 'x', 'p'),
        node('only for the other', 'Tan', 'x', 'dead'),
        node('one', 'If', 'yes', 'q', {
          then_branch: branch(node('a', 'Cos', 'p', 'i'), node('b', 'Erf', 'i', 'o')),
          else_branch: branch(node('c', 'Mul', 'p dead', 'o')),
        }),
        node('two', 'If', 'no', 'r', {
          then_branch: branch(node('d', 'Exp', 'q', 'o')),
          else_branch: branch(
            node('e', 'Tan', 'q', 'i'),
            node('inner', 'If', 'yes', 'o', {
              then_branch: branch(node('f', 'Abs', 'i', 'j'), node('g', 'Neg', 'j', 'o')),
              else_branch: branch(node('h', 'Exp', 'i', 'o')),
            }),
          ),
        }),
        node('three', 'If', 'yes', 'y', {
          then_branch: branch(node('k', 'Atan', 'r', 'i'), node('l', 'Cos', 'i', 'o')),
          else_branch: branch(node('m', 'Tan', 'r', 'o')),
        }),
      ],
    }),
    kernels: [
      'Sin: before',
      'Cos: a',
      'Erf: b',
      'Tan: e',
      'Abs: f',
      'Neg: g',
      'Atan: k',
      'Cos: l',
      'Tan: only for the other',
    ],
  },
};
