import { english } from '../english.ts';
import { attributes, intAttribute, intsAttribute } from '../graph/attribute.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import type { Pass } from './pass.ts';
import { forEachNode, producerOf, soleConsumer } from './visit.ts';

const places = [
  ['transA', 0],
  ['transB', 1],
] as const;

/**
 * `t = Transpose(b) {perm = [1, 0]}; y = Gemm(a, t)`
 * becomes `y = Gemm(a, b) {transB = 1}`. A Transpose that others read stays, and so does its Gemm: ONNX Runtime 1.30
 * does the same by itself, and crashes where the Transpose gives an output of the graph.
 */
export const fuseTransposeGemm: Pass = {
  name: 'fuse-transpose-gemm',
  title: english`Have Gemm transpose its inputs`,
  summary: english`Takes a Transpose before a Gemm into its transA or transB.`,
  exactness: 'rounding',
  run(draft) {
    forEachNode(draft, new Set(['Gemm']), (node, graph) => {
      for (const [name, place] of places) {
        const transpose = swapBefore(graph, graph.node(node.id)!, place);
        if (!transpose) continue;
        graph.rewrite(node, english`Gemm can read its input the other way round.`, (edit) => {
          const gemm = graph.node(node.id)!;
          const flipped = attributes({ [name]: intAttribute(gemm, name, 0) === 0 ? 1 : 0 });
          edit.change(gemm, {
            inputs: gemm.inputs.map((input, at) => (at === place ? transpose.inputs[0]! : input)),
            attributes: new Map([...gemm.attributes, ...flipped]),
          });
          edit.remove(transpose);
        });
      }
    });
  },
};

/** The Transpose of a matrix that only this input of the node reads. */
function swapBefore(graph: GraphDraft, node: Node, place: number): Node | undefined {
  const input = node.inputs[place]!;
  const transpose = producerOf(graph, input, 'Transpose');
  if (!transpose || soleConsumer(graph, input)?.id !== node.id) return undefined;
  // Gemm takes matrices only, so without a permutation the two axes are swapped.
  const [first = 1, second = 0] = intsAttribute(transpose, 'perm') ?? [];
  return first === 1 && second === 0 ? transpose : undefined;
}
