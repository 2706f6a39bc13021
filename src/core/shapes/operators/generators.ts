/** Operators that make tensors out of sizes, attributes or chance. */
import { tensorAttribute } from '../../graph/attribute.ts';
import { type DataType, dataTypeFromCode } from '../../graph/data-type.ts';
import type { Attribute, Tensor } from '../../graph/model.ts';
import { type Axis, constantDim, hugeDim } from '../dim.ts';
import type { ValueFacts } from '../facts.ts';
import {
  constants,
  forEach,
  maxValueLength,
  type Operation,
  type Rules,
  type Shape,
  tensor,
  unknown,
  unknownAxes,
} from '../operation.ts';
import { smallValue } from '../tensor-value.ts';

/** What a constant tensor tells. */
export function factsOfTensor(constant: Tensor): ValueFacts {
  return tensor(constant.dtype, constants(...constant.dims), smallValue(constant));
}

const integer = (value: bigint): Axis =>
  Number.isSafeInteger(Number(value)) ? constantDim(Number(value)) : hugeDim(value);

function factsOfAttribute(attribute: Attribute): ValueFacts {
  switch (attribute.type) {
    case 'tensor':
      return factsOfTensor(attribute.value);
    case 'int':
      return tensor('int64', [], [integer(attribute.value)]);
    case 'ints':
      return tensor(
        'int64',
        constants(attribute.value.length),
        attribute.value.slice(0, maxValueLength + 1).map(integer),
      );
    case 'float':
      return tensor('float32', [], [Number.isFinite(attribute.value) ? constantDim(attribute.value) : null]);
    case 'floats':
      return tensor('float32', constants(attribute.value.length));
    case 'string':
      return tensor('string', []);
    case 'strings':
      return tensor('string', constants(attribute.value.length));
    case 'sparse-tensor':
      return tensor(attribute.value.values.dtype, constants(...attribute.value.dims));
    default:
      return unknown;
  }
}

function constant(op: Operation): readonly ValueFacts[] {
  for (const [name, attribute] of op.node.attributes) {
    if (name === 'value' || name === 'sparse_value' || name.startsWith('value_')) return [factsOfAttribute(attribute)];
  }
  return [unknown];
}

/** A shape given as elements of an input: unknown elements keep their places. */
function shapeInput(op: Operation, index: number): Shape | undefined {
  const rank = op.shape(index)?.[0]?.constant;
  return op.value(index) ?? (rank !== undefined && rank <= maxValueLength ? unknownAxes(rank) : undefined);
}

function constantOfShape(op: Operation): readonly ValueFacts[] {
  const fill = tensorAttribute(op.node, 'value');
  const shape = shapeInput(op, 0);
  const element = fill ? smallValue(fill)?.[0] : constantDim(0);
  const count = shape?.length === 0 ? 1 : shape?.length === 1 ? shape[0]?.constant : undefined;
  const value =
    element && count !== undefined && count <= maxValueLength ? new Array<Axis>(count).fill(element) : undefined;
  return [tensor(fill?.dtype ?? 'float32', shape, value)];
}

const dtypeAttribute = (op: Operation, fallback: DataType | undefined): DataType | undefined => {
  const code = op.int('dtype');
  return code === undefined ? fallback : dataTypeFromCode(code);
};

export const generatorRules: Rules = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  ...forEach('RandomNormal RandomUniform', (op) => [
    tensor(dtypeAttribute(op, 'float32'), op.ints('shape')?.map(constantDim)),
  ]),
  ...forEach('RandomNormalLike RandomUniformLike EyeLike Bernoulli', (op) => [
    tensor(dtypeAttribute(op, op.dtype(0)), op.shape(0)),
  ]),
  Multinomial: (op) => [
    tensor(dtypeAttribute(op, 'int32'), [op.shape(0)?.[0] ?? null, constantDim(op.int('sample_size', 1))]),
  ],
  ...forEach('HannWindow HammingWindow BlackmanWindow', (op) => [
    tensor(dataTypeFromCode(op.int('output_datatype', 1)), [op.value(0)?.[0] ?? null]),
  ]),
  MelWeightMatrix: (op) => {
    const [bins, length] = [op.value(0)?.[0] ?? null, op.value(1)?.[0]?.constant];
    const rows = length === undefined ? null : constantDim(Math.floor(length / 2) + 1);
    return [tensor(dataTypeFromCode(op.int('output_datatype', 1)), [rows, bins])];
  },
};
