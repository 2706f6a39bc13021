/** The `ai.onnx.ml` domain: classical machine learning. */
import { tensorAttribute } from '../../graph/attribute.ts';
import type { DataType } from '../../graph/data-type.ts';
import { constantDim } from '../dim.ts';
import type { ValueFacts } from '../facts.ts';
import { forEach, type Operation, type Rules, sameShape, tensor } from '../operation.ts';

/** Number of elements of a list attribute; undefined when it is absent or empty. */
function countOf(op: Operation, name: string): number | undefined {
  const attribute = op.node.attributes.get(name);
  return attribute && Array.isArray(attribute.value) && attribute.value.length > 0 ? attribute.value.length : undefined;
}

/** Rows of a table; a vector is one row. */
const rows = (op: Operation) => {
  const shape = op.shape(0);
  return shape ? (shape.length === 1 ? constantDim(1) : (shape[0] ?? null)) : null;
};

/** Label and scores of a classifier; the scores' width is the number of classes, unless two may share one score. */
function classifier(op: Operation): readonly ValueFacts[] {
  const names = ['classlabels_strings', 'classlabels_int64s', 'classlabels_ints'] as const;
  const found = names.find((name) => countOf(op, name));
  const strings = found === 'classlabels_strings';
  const count = found && countOf(op, found);
  const ownScores = count !== undefined && (count > 2 || countOf(op, 'intercepts') === count);
  return [
    tensor(strings ? 'string' : 'int64', [rows(op)]),
    tensor('float32', [rows(op), ownScores ? constantDim(count) : null]),
  ];
}

const regressor =
  (targets: (op: Operation) => number | undefined) =>
  (op: Operation): readonly ValueFacts[] => {
    const count = targets(op);
    return [tensor('float32', [rows(op), count ? constantDim(count) : null])];
  };

function labelEncoder(op: Operation): readonly ValueFacts[] {
  const byValues: Record<string, DataType> = {
    values_strings: 'string',
    values_int64s: 'int64',
    values_floats: 'float32',
  };
  const found = Object.keys(byValues).find((name) => op.node.attributes.has(name));
  const values = tensorAttribute(op.node, 'values_tensor');
  const legacy: DataType | undefined = op.opset < 2 ? (op.dtype(0) === 'string' ? 'int64' : 'string') : undefined;
  return [tensor(values?.dtype ?? (found ? byValues[found] : legacy), op.shape(0))];
}

const elementOfMap = (op: Operation): readonly ValueFacts[] => {
  const to: Record<string, DataType> = { TO_FLOAT: 'float32', TO_STRING: 'string', TO_INT64: 'int64' };
  return [tensor(to[op.string('cast_to', 'TO_FLOAT')], undefined)];
};

export const mlRules: Rules = {
  ...forEach('LinearClassifier SVMClassifier TreeEnsembleClassifier', classifier),
  LinearRegressor: regressor((op) => op.int('targets', 1)),
  TreeEnsembleRegressor: regressor((op) => op.int('n_targets')),
  TreeEnsemble: (op) => [tensor(op.dtype(0), [rows(op), constantDim(op.int('n_targets', 1))])],
  SVMRegressor: regressor(() => 1),
  ...forEach('Scaler Normalizer', sameShape('float32')),
  Imputer: (op) => [tensor(op.dtype(0), op.shape(0))],
  Binarizer: (op) => [tensor(op.dtype(0), op.shape(0))],
  LabelEncoder: labelEncoder,
  CategoryMapper: labelEncoder,
  OneHotEncoder: (op) => {
    const count = countOf(op, 'cats_int64s') ?? countOf(op, 'cats_strings');
    return [tensor('float32', op.shape(0) && [...op.shape(0)!, count ? constantDim(count) : null])];
  },
  ArrayFeatureExtractor: (op) => {
    const shape = op.shape(0);
    const picked =
      op
        .shape(1)
        ?.reduce((all, axis) => (all?.constant === 1 ? axis : axis?.constant === 1 ? all : null), constantDim(1)) ??
      null;
    return [
      tensor(op.dtype(0), shape && (shape.length === 1 ? [constantDim(1), picked] : [...shape.slice(0, -1), picked])),
    ];
  },
  FeatureVectorizer: () => [tensor('float32', [null, null])],
  CastMap: elementOfMap,
  DictVectorizer: (op) => [
    tensor(undefined, [
      constantDim(1),
      (() => {
        const count = countOf(op, 'string_vocabulary') ?? countOf(op, 'int64_vocabulary');
        return count ? constantDim(count) : null;
      })(),
    ]),
  ],
  ZipMap: () => [{ kind: 'sequence', element: { kind: 'map' } }],
};
