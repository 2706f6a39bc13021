import { english } from '../english.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import type { Pass } from './pass.ts';
import { broadcastsInto, dtypeOf, rankOf, shapeOf } from './shape-facts.ts';
import { broadcastsFromTheBack, forEachNode, hasInput, producerOf, soleConsumer } from './visit.ts';

const floats = new Set(['float32', 'float64', 'float16']);

/**
 * `m = MatMul(x, w); y = Add(m, b)` with `x` and `w` of rank 2
 * becomes `y = Gemm(x, w, b)`; so does a Gemm without a bias. Of higher ranks it would take two reshapes, and of
 * integers there is no Gemm.
 */
export const fuseMatmulAdd: Pass = {
  name: 'fuse-matmul-add',
  title: english`Fuse MatMul and Add into Gemm`,
  summary: english`Multiplies matrices and adds a bias in one node where both factors are matrices of floats, also after a Gemm without one.`,
  exactness: 'rounding',
  run(draft, { facts }) {
    forEachNode(draft, new Set(['Add']), (node, graph) => {
      if (!broadcastsFromTheBack(graph)) return;
      for (const place of [0, 1] as const) {
        const value = node.inputs[place];
        const product = producerOf(graph, value, 'MatMul') ?? producerOf(graph, value, 'Gemm');
        if (!product || hasInput(product, 2) || soleConsumer(graph, node.inputs[place]!) !== node) continue;
        const bias = node.inputs[1 - place]!;
        if (!isGemm(graph, facts, product, bias)) continue;
        graph.rewrite(node, english`Gemm multiplies matrices and adds a bias.`, (edit) => {
          edit.remove(product);
          edit.remove(node);
          const inputs = [product.inputs[0]!, product.inputs[1]!, bias];
          // Without a bias its factor says nothing.
          const attributes = new Map([...product.attributes].filter(([name]) => name !== 'beta'));
          edit.add({ opType: 'Gemm', name: product.name, inputs, outputs: node.outputs, attributes }, [product, node]);
        });
        return;
      }
    });
  },
};

function isGemm(graph: GraphDraft, facts: Facts, product: Node, bias: string): boolean {
  const [left, right] = product.inputs;
  const dtype = dtypeOf(facts, graph, left);
  if (!dtype || !floats.has(dtype) || dtypeOf(facts, graph, bias) !== dtype) return false;
  if (rankOf(facts, graph, left) !== 2 || rankOf(facts, graph, right) !== 2) return false;
  return broadcastsInto(shapeOf(facts, graph, bias), shapeOf(facts, graph, product.outputs[0]));
}
