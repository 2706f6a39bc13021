import { english } from '../english.ts';
import { attributes } from '../graph/attribute.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import { addInts, axisFromFront, sliceRange } from './operands.ts';
import type { Pass } from './pass.ts';
import { fromFront, rankOf, shapeOf } from './shape-facts.ts';
import { constantNumbers } from './tensors.ts';
import { defaultOpset, passGraphs } from './visit.ts';

/**
 * `a = Slice(x, 0, 4); b = Slice(x, 4, 8)`, or the same by Gather, with `x` of size 8
 * becomes `a, b = Split(x)`, where the pieces are the whole.
 */
export const slicesToSplit: Pass = {
  name: 'slices-to-split',
  title: english`Split instead of slicing several times`,
  summary: english`Cuts a value once where several slices or gathers together take all of it, piece by piece.`,
  exactness: 'exact',
  run(draft, { facts }) {
    for (const graph of passGraphs(draft)) {
      const families = new Map<string, Piece[]>();
      for (const node of graph.nodes()) {
        const piece = pieceOf(graph, facts, node);
        if (!piece) continue;
        const family = `${piece.axis} ${node.inputs[0]}`;
        families.set(family, [...(families.get(family) ?? []), piece]);
      }
      for (const pieces of families.values()) split(graph, facts, pieces);
    }
  },
};

/** What a node takes out of its input along one axis, in order and without gaps. */
interface Piece {
  readonly node: Node;
  readonly axis: number;
  readonly start: number;
  readonly end: number;
}

function pieceOf(graph: GraphDraft, facts: Facts, node: Node): Piece | undefined {
  if (node.domain !== '') return undefined;
  if (node.opType === 'Gather') {
    const axis = axisFromFront(graph, facts, node, 0);
    const indices = constantNumbers(graph, node.inputs[1]);
    if (axis === undefined || !indices || indices.length === 0 || rankOf(facts, graph, node.inputs[1]) !== 1)
      return undefined;
    const [start] = indices as [number];
    const inOrder = start >= 0 && indices.every((index, at) => index === start + at);
    return inOrder ? { node, axis, start, end: start + indices.length } : undefined;
  }
  const range = node.opType === 'Slice' ? sliceRange(facts, graph, node) : undefined;
  const shape = shapeOf(facts, graph, node.inputs[0]);
  if (range?.axes.length !== 1 || range.steps[0] !== 1 || !shape) return undefined;
  const axis = fromFront(range.axes[0]!, shape.length);
  const size = shape[axis]?.constant;
  if (size === undefined) return undefined;
  const count = (index: number) => Math.min(size, Math.max(0, fromFront(index, size)));
  return { node, axis, start: count(range.starts[0]!), end: count(range.ends[0]!) };
}

function split(graph: GraphDraft, facts: Facts, found: readonly Piece[]): void {
  const pieces = [...found].sort((a, b) => a.start - b.start);
  const [first] = pieces;
  if (!first || pieces.length < 2) return;
  const { axis, node } = first;
  const [input] = node.inputs;
  const size = shapeOf(facts, graph, input)?.[axis]?.constant;
  const whole = pieces.every(({ start, end }, at) => start === (pieces[at - 1]?.end ?? 0) && end > start);
  if (!whole || size === undefined || pieces.at(-1)!.end !== size) return;
  graph.rewrite(node, english`${pieces.length} pieces that are the whole are one Split.`, (edit) => {
    for (const piece of pieces) edit.remove(piece.node);
    const sizes = pieces.map(({ start, end }) => end - start);
    const asInput = defaultOpset(graph) >= 13;
    const inputs = asInput ? [input!, addInts(graph, edit, `${input}_sizes`, sizes)] : [input!];
    const outputs = pieces.map((piece) => piece.node.outputs[0]!);
    const parameters = attributes(asInput ? { axis } : { axis, split: sizes });
    edit.add(
      { opType: 'Split', inputs, outputs, attributes: parameters },
      pieces.map((piece) => piece.node),
    );
  });
}
