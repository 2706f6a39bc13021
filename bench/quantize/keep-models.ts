import type { Scheme } from '../../src/core/quantize/quantize-model.ts';

/** A model as text, the scheme that one would try on it, and whether integers are known to pay there. */
interface Example {
  readonly name: string;
  readonly scheme: Scheme;
  readonly pays: boolean;
  readonly text: string;
}

const times = (count: number, lines: (at: number) => readonly string[]): readonly string[] =>
  Array.from({ length: count }, (_, at) => lines(at)).flat();

/** Normalisations and functions over much, with a small product at the end. */
const normalisations = [
  'opset 17',
  'in x0 float32 [1, 256, 256]',
  'const g float32 [256] = 1',
  'const b float32 [256] = 0',
  'const w float32 [256, 8] = random',
  ...times(6, (at) => [
    `n${at} = LayerNormalization(x${at}, g, b)`,
    `e${at} = Erf(n${at})`,
    `s${at} = Softmax(e${at})`,
    `x${at + 1} = Mul(s${at}, n${at})`,
  ]),
  'y = MatMul(x6, w)',
  'out y float32 [1, 256, 8]',
];

/** A layer, to be repeated, of a tiny perceptron and of a wide one. */
const layers = (count: number, width: number) => [
  'opset 17',
  `in x0 float32 [1, ${width}]`,
  ...times(count, (at) => [
    `const w${at} float32 [${width}, ${width}] = random`,
    `m${at} = MatMul(x${at}, w${at})`,
    `x${at + 1} = Relu(m${at})`,
  ]),
  `out x${count} float32 [1, ${width}]`,
];

const convolutions = (count: number, channels: number, size: number, group: number) => [
  'opset 17',
  `in x0 float32 [1, ${channels}, ${size}, ${size}]`,
  ...times(count, (at) => [
    `const w${at} float32 [${channels}, ${channels / group}, 3, 3] = random`,
    `c${at} = Conv(x${at}, w${at}) {group = ${group}, pads = [1, 1, 1, 1]}`,
    `x${at + 1} = Relu(c${at})`,
  ]),
  `out x${count} float32 [1, ${channels}, ${size}, ${size}]`,
];

/** Three kinds of model that are better left alone, and two that gain. */
export const keptAndQuantized: readonly Example[] = [
  {
    name: 'normalisations, a product of 256 × 8',
    scheme: 'dynamic-int8',
    pays: false,
    text: normalisations.join('\n'),
  },
  { name: 'MLP, 2 × 16', scheme: 'static-int8', pays: false, text: layers(2, 16).join('\n') },
  {
    name: 'convolutions of 4 × 8 × 8, in 16 bits',
    scheme: 'fp16',
    pays: false,
    text: convolutions(3, 4, 8, 1).join('\n'),
  },
  { name: 'control: MLP, 4 × 1024', scheme: 'dynamic-int8', pays: true, text: layers(4, 1024).join('\n') },
  {
    name: 'control: convolutions of 64 × 56 × 56',
    scheme: 'static-int8',
    pays: true,
    text: convolutions(4, 64, 56, 1).join('\n'),
  },
];
