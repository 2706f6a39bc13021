import { english } from '../english.ts';
import { attributes } from '../graph/attribute.ts';
import { isDeterministic } from '../graph/determinism.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import { sameDim } from '../shapes/dim.ts';
import type { Facts } from '../shapes/facts.ts';
import { addInts } from './operands.ts';
import type { Pass } from './pass.ts';
import { type KnownShape, shapeOf } from './shape-facts.ts';
import { constantNumbers } from './tensors.ts';
import { defaultOpset, passGraphs, producerOf } from './visit.ts';

/**
 * `a = Shape(x); i = Gather(a, 0); b = Shape(Relu(x)); j = Gather(b, 0)`
 * becomes `i` for both; a vector of sizes of one value becomes `Gather(Shape(x), [0, 2])`.
 */
export const shareShapes: Pass = {
  name: 'share-shapes',
  title: english`Compute equal sizes once`,
  summary: english`Reads each size from one place: values that are equal for all sizes are computed once, in the fewest steps.`,
  exactness: 'exact',
  run(draft, { facts }) {
    for (const graph of passGraphs(draft)) {
      const first = new Map<string, string>();
      const shapes: { readonly name: string; readonly sizes: KnownShape }[] = [];
      for (const { id } of graph.nodes()) {
        const node = graph.node(id);
        const [output] = node?.outputs ?? [];
        if (!node || !output || node.outputs.length !== 1 || !isDeterministic(node)) continue;
        const key = keyOf(facts, graph, output);
        if (key === undefined) continue;
        const twin = first.get(key);
        if (twin !== undefined && replaceByTwin(graph, node, twin)) continue;
        first.set(key, twin ?? output);
        if (isWholeShape(node)) shapes.push({ name: output, sizes: facts.of(graph, output).value! });
        else gatherFrom(graph, facts, node, shapes);
      }
    }
  },
};

/** Equal keys: equal values. Undefined when an element is not known, and for constants, which other passes fold. */
function keyOf(facts: Facts, graph: GraphDraft, value: string): string | undefined {
  const { dtype, value: elements, shape } = facts.of(graph, value);
  if (!elements || !shape || !dtype || (dtype !== 'int64' && dtype !== 'int32') || shape.length > 1) return undefined;
  if (elements.some((each) => each === null) || elements.every((each) => each?.constant !== undefined))
    return undefined;
  return `${dtype}:${shape.length}:${elements.map((each) => each!.key).join()}`;
}

function replaceByTwin(graph: GraphDraft, node: Node, twin: string): boolean {
  const output = node.outputs[0]!;
  if (!graph.canReplaceValue(output, twin)) return false;
  return graph.rewrite(node, english`It always equals ${twin}.`, (edit) => {
    edit.remove(node);
    edit.replaceValue(output, twin);
  });
}

const isWholeShape = (node: Node) => node.opType === 'Shape' && node.domain === '' && node.attributes.size === 0;

/** Makes a vector whose elements are all sizes of one value a Gather from its shape. */
function gatherFrom(
  graph: GraphDraft,
  facts: Facts,
  node: Node,
  shapes: readonly { readonly name: string; readonly sizes: KnownShape }[],
): void {
  const output = node.outputs[0]!;
  if (shapeOf(facts, graph, output)?.length !== 1 || facts.of(graph, output).dtype !== 'int64') return;
  if (defaultOpset(graph) < 11 || isGatherOfShape(graph, node)) return;
  const sizes = facts.of(graph, output).value!;
  for (const { name, sizes: available } of shapes) {
    const places = sizes.map((size) => available.findIndex((each) => sameDim(each, size)));
    if (places.includes(-1)) continue;
    graph.rewrite(node, english`Its elements are sizes that ${name} holds.`, (edit) => {
      const indices = addInts(graph, edit, `${output}_indices`, places);
      edit.remove(node);
      edit.add(
        {
          opType: 'Gather',
          name: node.name,
          inputs: [name, indices],
          outputs: [output],
          attributes: attributes({ axis: 0 }),
        },
        [node],
      );
    });
    return;
  }
}

function isGatherOfShape(graph: GraphDraft, node: Node): boolean {
  return (
    node.opType === 'Gather' &&
    producerOf(graph, node.inputs[0], 'Shape') !== undefined &&
    constantNumbers(graph, node.inputs[1]) !== undefined
  );
}
