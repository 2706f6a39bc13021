/** The values that flow between the items of a model, over the borders of bodies and functions. */
import type { GraphView } from '../graph/view.ts';
import type { Facts } from '../shapes/facts.ts';
import type { Hierarchy, Item, Site } from './hierarchy.ts';
import { valueLabel } from './labels.ts';
import { type Levels, link } from './levels.ts';

/** Items that are linked in one step. */
const itemsInStep = 200;

/** Puts every value that flows between visible boxes into the levels it passes. Yields now and then. */
export function* connect({ sites }: Hierarchy, levels: Levels, facts: Facts | undefined): Generator<void, void> {
  let linked = 0;
  const labels = new Map<GraphView, Map<string, string>>();
  const labelOf = (graph: GraphView, value: string): string => {
    const known = labels.get(graph) ?? new Map<string, string>();
    labels.set(graph, known);
    const label = known.get(value) ?? valueLabel(facts, graph, value);
    known.set(value, label);
    return label;
  };
  const read = (reader: Item, site: Site, value: string) => {
    for (const { item, graph } of producersOf(site, value))
      link(item, reader, value, () => labelOf(graph, value), levels);
  };
  for (const site of sites) {
    for (const item of site.nodes.values()) {
      if (++linked % itemsInStep === 0) yield;
      for (const [position, value] of item.node!.inputs.entries()) {
        if (value === '') continue;
        const ends = item.inner.map((inner) => formalInput(inner, item, position)).filter((end) => end !== undefined);
        for (const reader of ends.length > 0 ? ends : [item]) read(reader, site, value);
      }
    }
    for (const [index, output] of site.outputs.entries()) read(output, site, site.graph.outputs[index]!.name);
  }
}

interface Produced {
  readonly item: Item;
  readonly graph: GraphView;
}

/** Where a value comes from, as seen from a graph: nodes that are drawn, results of the bodies of one, or an input. */
function producersOf(site: Site, value: string): Produced[] {
  for (let each: Site | undefined = site; each; each = each.graph.kind === 'body' ? each.holder?.site : undefined) {
    const { graph } = each;
    const node = graph.producer(value);
    if (node) {
      const item = each.nodes.get(node.id);
      if (!item) return [];
      const position = node.outputs.indexOf(value);
      const ends = item.inner.map((inner) => formalOutput(inner, item, position)).filter((end) => end !== undefined);
      return (ends.length > 0 ? ends : [item]).map((end) => ({ item: end, graph }));
    }
    const input = each.inputs.get(value);
    if (input) return [{ item: input, graph }];
    if (graph.defines(value)) return [];
  }
  return [];
}

/**
 * The end of a body or function that the input of its node at a position arrives at. `Loop`: the body's first input
 * counts the rounds, the others are the inputs from the condition on. `Scan` of opset 8 begins with the lengths of its sequences.
 * `If` hands nothing over.
 */
function formalInput({ graph, inputs }: Site, { node, site }: Item, position: number): Item | undefined {
  if (graph.kind === 'body' && node!.opType === 'Loop' && position === 0) return undefined;
  const isOldScan = graph.kind === 'body' && node!.opType === 'Scan' && (site!.graph.opsets.get('') ?? 9) < 9;
  const formal = graph.inputs[position - (isOldScan ? 1 : 0)];
  return formal && inputs.get(formal.name);
}

/** The end whose value becomes the output of the node at a position; the first result of a `Loop`'s body says whether to go on. */
function formalOutput({ graph, outputs }: Site, { node }: Item, position: number): Item | undefined {
  return outputs[graph.kind === 'body' && node!.opType === 'Loop' ? position + 1 : position];
}
