import { english } from '../english.ts';
import { stringAttribute } from '../graph/attribute.ts';
import type { Pass } from './pass.ts';
import { dtypeOf } from './shape-facts.ts';
import { forEachNode } from './visit.ts';

/**
 * `y = Einsum(a, b) {equation = bij,bjk->bik}`
 * becomes `y = MatMul(a, b)`: a sum over the last axis of one and the last but one of the other. Of types that ONNX
 * Runtime multiplies matrices of on every kind of processor: bfloat16 it takes in Einsum only.
 */
export const einsumToMatmul: Pass = {
  name: 'einsum-to-matmul',
  title: english`Write products of matrices as MatMul`,
  summary: english`Uses MatMul for an Einsum that is one, batches included, with no axis to be moved.`,
  exactness: 'rounding',
  run(draft, { facts }) {
    forEachNode(draft, new Set(['Einsum']), (node, graph) => {
      const equation = stringAttribute(node, 'equation') ?? '';
      if (node.inputs.length !== 2 || !isMatmul(equation)) return;
      if (!multiplied.has(dtypeOf(facts, graph, node.inputs[0]))) return;
      graph.rewrite(node, english`${equation} is a product of matrices.`, (edit) => {
        edit.change(node, { opType: 'MatMul', attributes: new Map() });
      });
    });
  },
};

const multiplied: ReadonlySet<string | undefined> = new Set(['float16', 'float32', 'float64', 'int32', 'int64']);

function isMatmul(equation: string): boolean {
  const [, left, right, result] =
    /^([A-Za-z]{2,}),([A-Za-z]{2,})->([A-Za-z]{2,})$/.exec(equation.replaceAll(' ', '')) ?? [];
  if (!left || !right || !result) return false;
  const batch = left.slice(0, -2);
  const [rows, inner] = left.slice(-2);
  const columns = right.at(-1)!;
  const distinct = new Set([...batch, rows, inner, columns]).size === batch.length + 3;
  return distinct && right === `${batch}${inner}${columns}` && result === `${batch}${rows}${columns}`;
}
