import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TensorValue } from '../../../src/core/evaluator.ts';
import { Draft } from '../../../src/core/graph/draft.ts';
import type { Model } from '../../../src/core/graph/model.ts';
import { catalog } from '../../../src/core/passes/catalog.ts';
import { findRuleProblems, rules } from '../../../src/core/rules/catalog.ts';
import { createFacts } from '../../../src/core/shapes/infer.ts';
import { buildModel, type GraphParts } from '../../worker/build-model.ts';

const folder = resolve(import.meta.dirname, '../../../src/core/rules');

const codesOf = (model: Model): string[] => {
  const draft = new Draft(model);
  return findRuleProblems({ draft, facts: createFacts(draft) }).map(({ code }) => code);
};

const tensor = (dtype: TensorValue['dtype'], bytes: number[], dims = [bytes.length]): TensorValue => ({
  dtype,
  dims,
  bytes: Uint8Array.from(bytes),
});
const scale = tensor('float32', [0, 0, 128, 63], []);
const otherScale = tensor('float32', [0, 0, 0, 64], []);
const zero = tensor('uint8', [0], []);
const quantization = { s: scale, t: otherScale, z: zero };

const node = (opType: string, inputs: string, output: string, rest: Partial<GraphParts['nodes'][number]> = {}) => ({
  opType,
  inputs: inputs.split(' '),
  outputs: output.split(' '),
  ...rest,
});

const x = { x: ['float32', [1, 4]] } as const;
const y = { y: ['float32', [1, 4]] } as const;
const model = (parts: Partial<GraphParts> & Pick<GraphParts, 'nodes'>) =>
  buildModel({ inputs: x, outputs: y, ...parts });
const atOpset = (version: number, from: Model): Model => ({ ...from, opsets: new Map([['', version]]) });

/** For each rule a model that breaks it, and one close by that does not. */
const cases: Readonly<Record<string, { readonly breaks: Model; readonly keeps: Model }>> = {
  'unknown-operators': {
    breaks: model({ nodes: [node('Mystery', 'x', 'y', { domain: 'custom' })] }),
    keeps: model({ nodes: [node('FusedMatMul', 'x x', 'y', { domain: 'com.microsoft' })] }),
  },
  'operator-set-range': {
    breaks: atOpset(6, model({ nodes: [node('Relu', 'x', 'y')] })),
    keeps: atOpset(7, model({ nodes: [node('Relu', 'x', 'y')] })),
  },
  'overridable-initializers': {
    breaks: model({
      inputs: { ...x, s: ['float32', []] },
      initializers: { s: scale },
      nodes: [node('Mul', 'x s', 'y')],
    }),
    keeps: model({ initializers: { s: scale }, nodes: [node('Mul', 'x s', 'y')] }),
  },
  'double-quantization': {
    breaks: model({
      initializers: quantization,
      nodes: [
        node('QuantizeLinear', 'x s z', 'q'),
        node('DequantizeLinear', 'q s z', 'd'),
        node('QuantizeLinear', 'd t z', 'r'),
        node('DequantizeLinear', 'r t z', 'y'),
      ],
    }),
    keeps: model({
      initializers: quantization,
      nodes: [
        node('QuantizeLinear', 'x s z', 'q'),
        node('DequantizeLinear', 'q s z', 'd'),
        node('QuantizeLinear', 'd s z', 'r'),
        node('DequantizeLinear', 'r s z', 'y'),
      ],
    }),
  },
  'float16-overflow': {
    breaks: model({
      inputs: { x: ['float16', [1]] },
      initializers: { m: tensor('float16', [0x00, 0xfc], [1]) },
      nodes: [node('Add', 'x m', 'y')],
    }),
    keeps: model({
      inputs: { x: ['float16', [1]] },
      initializers: { m: tensor('float16', [0xe2, 0xf0], [1]) },
      nodes: [node('Add', 'x m', 'y')],
    }),
  },
  'dynamic-convolution': {
    breaks: model({
      nodes: [node('DynamicQuantizeLinear', 'x', 'q s z'), node('ConvInteger', 'q w z', 'y')],
    }),
    keeps: model({ nodes: [node('ConvInteger', 'x w', 'y')] }),
  },
  'training-mode': {
    breaks: model({ nodes: [node('BatchNormalization', 'x a b c d', 'y', { attributes: { training_mode: 1 } })] }),
    keeps: model({ nodes: [node('BatchNormalization', 'x a b c d', 'y')] }),
  },
  'double-precision': {
    breaks: model({ inputs: { x: ['float64', [4, 4]] }, nodes: [node('MatMul', 'x x', 'y')] }),
    keeps: model({ inputs: { x: ['float64', [4, 4]] }, nodes: [node('Add', 'x x', 'y')] }),
  },
  'isolated-quantization': {
    breaks: model({
      initializers: quantization,
      nodes: [
        node('Relu', 'x', 'r'),
        node('QuantizeLinear', 'r s z', 'q'),
        node('DequantizeLinear', 'q s z', 'd'),
        node('Exp', 'd', 'y'),
      ],
    }),
    keeps: model({
      initializers: { ...quantization, w: tensor('uint8', [1, 2, 3, 4], [4, 1]) },
      nodes: [
        node('Relu', 'x', 'r'),
        node('QuantizeLinear', 'r s z', 'q'),
        node('DequantizeLinear', 'q s z', 'd'),
        node('DequantizeLinear', 'w s z', 'v'),
        node('MatMul', 'd v', 'y'),
      ],
    }),
  },
  'opset-without-channels': {
    breaks: atOpset(12, model({ nodes: [node('MatMul', 'x x', 'y')] })),
    keeps: atOpset(12, model({ nodes: [node('Relu', 'x', 'y')] })),
  },
  'dead-nodes': {
    breaks: model({ nodes: [node('Relu', 'x', 'y'), node('Exp', 'x', 'unused')] }),
    keeps: model({ nodes: [node('Exp', 'x', 'used'), node('Relu', 'used', 'y')] }),
  },
  'unused-initializers': {
    breaks: model({ initializers: { s: scale }, nodes: [node('Relu', 'x', 'y')] }),
    keeps: model({ initializers: { s: scale }, nodes: [node('Mul', 'x s', 'y')] }),
  },
};

describe('problem rules', () => {
  it('are all in the catalog, one a file, with a case each', () => {
    const files = readdirSync(folder)
      .map((file) => file.replace(/\.ts$/, ''))
      .filter((name) => name !== 'catalog' && name !== 'rule');
    expect(rules.map(({ code }) => code).sort()).toEqual(files.sort());
    expect(Object.keys(cases).sort()).toEqual(files.sort());
  });

  it('name only passes that there are', () => {
    const passes = catalog.map(({ name }) => name);
    for (const { fix } of rules) if (fix) expect(passes).toContain(fix);
  });

  it.each(Object.keys(cases))('%s is found where it holds and nowhere else', (code) => {
    const { breaks, keeps } = cases[code]!;
    expect(codesOf(breaks).filter((each) => each === code)).toHaveLength(1);
    expect(codesOf(keeps)).not.toContain(code);
  });

  it.each([
    [-1e9, 'Where', 1],
    [65520, 'Add', 1],
    [65504, 'Add', 0],
    [Number.NEGATIVE_INFINITY, 'Add', 0],
    [3.4e38, 'Clip', 0],
  ])('a float32 constant of %d that %s reads gives %d remarks about fp16', (value, opType, remarks) => {
    const mask = tensor('float32', [...new Uint8Array(Float32Array.of(value).buffer)], []);
    const inputs = opType === 'Where' ? 'c m x' : 'x m';
    const draft = new Draft(model({ initializers: { m: mask }, nodes: [node(opType, inputs, 'y')] }));
    const found = findRuleProblems({ draft, facts: createFacts(draft) });
    const about = found.filter(({ code }) => code === 'float16-overflow');
    expect(about.map(({ severity }) => severity)).toEqual(Array(remarks).fill('info'));
    if (value < -1e8 && remarks > 0) expect(about[0]!.message).toContain('-1.00e+9');
  });
});
