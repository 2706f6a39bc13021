/** Operators that work element by element, with their effect on shape values. */
import type { DataType } from '../../graph/data-type.ts';
import { dataTypeFromCode, isFloat, isInteger } from '../../graph/data-type.ts';
import {
  type Axis,
  addDims,
  constantDim,
  divideExactly,
  isNonNegative,
  maxDims,
  minDims,
  moduloDims,
  multiplyDims,
  negate,
  sameDim,
  subtractDims,
  truncateDivide,
} from '../dim.ts';
import type { ValueFacts } from '../facts.ts';
import {
  broadcast,
  constants,
  forEach,
  maxValueLength,
  type Operation,
  type Rules,
  type Shape,
  same,
  sameShape,
  tensor,
} from '../operation.ts';
import { roundTo } from '../tensor-value.ts';

/** What an operator makes of two elements; `dtype` is theirs. */
type BinaryElement = (a: Axis, b: Axis, dtype: DataType | undefined) => Axis;

const truth = (known: boolean): Axis => constantDim(known ? 1 : 0);

/** Exact where symbols are involved, so only for integers; on constants also for floats, rounded to the type. */
function arithmetic(exact: (a: Axis, b: Axis) => Axis, onFloats: (a: number, b: number) => number): BinaryElement {
  return (a, b, dtype) => {
    if (!dtype || isInteger(dtype)) return exact(a, b);
    if (a?.constant === undefined || b?.constant === undefined) return exact(a, b);
    const result = roundTo(dtype, onFloats(a.constant, b.constant));
    return Number.isFinite(result) ? constantDim(result) : null;
  };
}

const divide: BinaryElement = (a, b, dtype) => {
  if (dtype && isInteger(dtype)) return truncateDivide(a, b);
  if (a === null || b === null || b.constant === 0) return null;
  if (a.constant !== undefined && b.constant !== undefined) return constantDim(roundTo(dtype, a.constant / b.constant));
  return divideExactly(a, b) ?? null;
};

const modulo: BinaryElement = (a, b) =>
  a && b && isNonNegative(a) && isNonNegative(b) && b.constant !== 0 ? moduloDims(a, b) : null;

/** A comparison that comes out the same for every sign that the difference of both sides can have. */
function comparison(holds: (difference: number) => boolean): BinaryElement {
  return (a, b) => {
    const difference = subtractDims(a, b);
    if (difference === null) return null;
    if (difference.constant !== undefined) return truth(holds(difference.constant));
    const signs: number[] = [];
    if (!atLeast(difference, 0)) signs.push(-1);
    if (!atLeast(difference, 1) && !atLeast(negate(difference), 1)) signs.push(0);
    if (!atLeast(negate(difference), 0)) signs.push(1);
    return new Set(signs.map(holds)).size === 1 ? truth(holds(signs[0]!)) : null;
  };
}

const atLeast = (a: Axis, least: number): boolean => {
  const above = subtractDims(a, constantDim(least));
  return above !== null && isNonNegative(above);
};

const logic =
  (operation: (a: number, b: number) => boolean, absorbing?: number): BinaryElement =>
  (a, b) => {
    if (absorbing !== undefined && (a?.constant === absorbing || b?.constant === absorbing)) return truth(!!absorbing);
    return a?.constant !== undefined && b?.constant !== undefined ? truth(operation(a.constant, b.constant)) : null;
  };

const numericOperators: Record<string, BinaryElement> = {
  Add: arithmetic(addDims, (a, b) => a + b),
  Sub: arithmetic(subtractDims, (a, b) => a - b),
  Mul: arithmetic(multiplyDims, (a, b) => a * b),
  Max: arithmetic(maxDims, Math.max),
  Min: arithmetic(minDims, Math.min),
  Div: divide,
  Mod: modulo,
};

const truthOperators: Record<string, BinaryElement> = {
  Equal: (a, b) => (sameDim(a, b) ? truth(true) : comparison((difference) => difference === 0)(a, b, undefined)),
  Greater: comparison((difference) => difference > 0),
  GreaterOrEqual: comparison((difference) => difference >= 0),
  Less: comparison((difference) => difference < 0),
  LessOrEqual: comparison((difference) => difference <= 0),
  And: logic((a, b) => a !== 0 && b !== 0, 0),
  Or: logic((a, b) => a !== 0 || b !== 0, 1),
  Xor: logic((a, b) => (a !== 0) !== (b !== 0)),
};

/** Elements of the broadcast of small tensors, made one by one. */
function elements(
  inputs: readonly ValueFacts[],
  shape: Shape | undefined,
  make: (at: number) => Axis,
): Shape | undefined {
  if (!shape || shape.length > 1 || inputs.some(({ value }) => !value)) return undefined;
  const count = shape.length === 0 ? 1 : shape[0]?.constant;
  if (count === undefined || count > maxValueLength) return undefined;
  const result: Axis[] = [];
  for (let at = 0; at < count; at++) result.push(make(at));
  return result;
}

const elementAt = ({ value }: ValueFacts, at: number): Axis =>
  value!.length === 1 ? value![0]! : (value![at] ?? null);

/** Shape of an operator on several inputs; before opset 7 `axis` and `broadcast` stretched the second to the first. */
function broadcastShape(op: Operation): Shape | undefined {
  if (op.opset < 7 && op.node.domain === '') return op.shape(0);
  return op.inputs.length === 1 ? op.shape(0) : broadcast(op.inputs.map(({ shape }) => shape));
}

const firstDtype = (op: Operation): DataType | undefined => op.inputs.find(({ dtype }) => dtype)?.dtype;

function binary(element: BinaryElement, result?: DataType) {
  return (op: Operation): readonly ValueFacts[] => {
    const shape = broadcastShape(op);
    const dtype = firstDtype(op);
    const value =
      op.inputs.length === 0
        ? undefined
        : elements(op.inputs, shape, (at) =>
            op.inputs.map((input) => elementAt(input, at)).reduce((a, b) => element(a, b, dtype)),
          );
    return [tensor(result ?? dtype, shape, value)];
  };
}

function unary(element: (value: number) => number) {
  return (op: Operation): readonly ValueFacts[] => {
    const dtype = op.dtype(0);
    const value = op.value(0)?.map((axis) => {
      if (axis?.constant === undefined) return null;
      const result = roundTo(dtype, element(axis.constant));
      return Number.isFinite(result) ? constantDim(result) : null;
    });
    return [tensor(dtype, op.shape(0), value)];
  };
}

/** Rounding a value that is integral already, as every symbolic one is, changes nothing. */
function rounding(element: (value: number) => number) {
  return (op: Operation): readonly ValueFacts[] => [
    tensor(
      op.dtype(0),
      op.shape(0),
      op.value(0)?.map((axis) => (axis?.constant === undefined ? axis : constantDim(element(axis.constant) + 0))),
    ),
  ];
}

const roundHalfToEven = (value: number): number => {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
};

function where(op: Operation): readonly ValueFacts[] {
  const shape = broadcast(op.inputs.map((input) => input.shape));
  const [condition, yes, no] = op.inputs as [ValueFacts, ValueFacts, ValueFacts];
  const value = elements(op.inputs, shape, (at) => {
    const known = elementAt(condition, at)?.constant;
    const [a, b] = [elementAt(yes, at), elementAt(no, at)];
    if (known === undefined) return sameDim(a, b) ? a : null;
    return known ? a : b;
  });
  return [tensor(op.dtype(1) ?? op.dtype(2), shape, value)];
}

/** `Cast` to integers cuts fractions off; symbols are integral. Wrapping and saturation are left unknown. */
function castValue(value: Shape | undefined, to: DataType | undefined): Shape | undefined {
  if (!value || !to) return undefined;
  return value.map((axis) => {
    if (axis === null) return null;
    if (to === 'bool') return axis.constant === undefined ? null : truth(axis.constant !== 0);
    if (isFloat(to)) return axis.constant === undefined ? axis : constantDim(roundTo(to, axis.constant));
    if (axis.constant === undefined) return to === 'int64' || to === 'int32' ? axis : null;
    const cut = Math.trunc(axis.constant) + 0;
    const limit = to === 'int64' ? Number.MAX_SAFE_INTEGER : to === 'int32' ? 2 ** 31 - 1 : 127;
    return isInteger(to) && Math.abs(cut) <= limit && (cut >= 0 || !to.startsWith('u')) ? constantDim(cut) : null;
  });
}

function cast(op: Operation): readonly ValueFacts[] {
  const to = op.node.opType === 'CastLike' ? op.dtype(1) : castTarget(op);
  return [tensor(to, op.shape(0), castValue(op.value(0), to))];
}

/** Opset 1 to 5 named the type of a cast by a string. */
function castTarget(op: Operation): DataType | undefined {
  const code = op.int('to');
  if (code !== undefined) return dataTypeFromCode(code);
  const legacy: Record<string, DataType> = { FLOAT: 'float32', DOUBLE: 'float64' };
  const name = op.string('to', '').toUpperCase();
  return legacy[name] ?? (name ? (name.toLowerCase() as DataType) : undefined);
}

const preluShape = (op: Operation): readonly ValueFacts[] => [tensor(op.dtype(0), op.shape(0))];

const sameDtypeUnary =
  'Acos Acosh Asin Asinh Atan Atanh BitwiseNot Celu Clip Cos Cosh Elu Erf Exp Gelu HardSigmoid HardSwish Hardmax ' +
  'LeakyRelu Log LogSoftmax Mish Reciprocal Relu Selu Shrink Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt ' +
  'Swish Tan Tanh ThresholdedRelu Scale Affine ParametricSoftplus ScaledTanh';

export const elementwiseRules: Rules = {
  ...forEach(sameDtypeUnary, same()),
  ...Object.fromEntries(Object.entries(numericOperators).map(([name, element]) => [name, binary(element)])),
  ...Object.fromEntries(Object.entries(truthOperators).map(([name, element]) => [name, binary(element, 'bool')])),
  ...forEach('BitShift BitwiseAnd BitwiseOr BitwiseXor Mean', (op) => [tensor(firstDtype(op), broadcastShape(op))]),
  Sum: binary(numericOperators.Add!),
  Pow: (op) => [tensor(op.dtype(0), broadcastShape(op))],
  PRelu: preluShape,
  Abs: unary(Math.abs),
  Neg: (op) => [tensor(op.dtype(0), op.shape(0), op.value(0)?.map(negate))],
  Floor: rounding(Math.floor),
  Ceil: rounding(Math.ceil),
  Round: rounding(roundHalfToEven),
  ...forEach('IsNaN IsInf', sameShape('bool')),
  Not: (op) => [
    tensor(
      'bool',
      op.shape(0),
      op.value(0)?.map((axis) => (axis?.constant === undefined ? null : truth(!axis.constant))),
    ),
  ],
  Where: where,
  Cast: cast,
  CastLike: cast,
  BitCast: (op) => [tensor(dataTypeFromCode(op.int('to', 0)), op.shape(0))],
  SwiGLU: same(),
  Identity: (op) => [op.input(0)],
  Dropout: (op) => [tensor(op.dtype(0), op.shape(0)), tensor(op.opset >= 10 ? 'bool' : op.dtype(0), op.shape(0))],
  DynamicQuantizeLinear: (op) => [
    tensor('uint8', op.shape(0)),
    tensor('float32', constants()),
    tensor('uint8', constants()),
  ],
};
