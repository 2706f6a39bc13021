import { assertUnreachable } from '../assert.ts';
import type { Attribute, Node } from '../graph/model.ts';
import type { GraphView } from '../graph/view.ts';
import type { Overlay } from '../overlay.ts';
import type { Facts } from '../shapes/facts.ts';
import type { Query, Term } from './query.ts';

export interface SearchOptions {
  readonly facts?: Facts;
  /** Figures by overlay id. */
  readonly overlays?: ReadonlyMap<string, Overlay>;
}

/** Ids of the nodes of all graphs that match, in the order of the graphs. */
export function matchNodes(graphs: Iterable<GraphView>, query: Query, options: SearchOptions = {}): Int32Array {
  const found: number[] = [];
  for (const graph of graphs) {
    for (const node of graph.nodes()) {
      if (query.some((terms) => terms.every(({ term, negated }) => holds(term, node, graph, options) !== negated)))
        found.push(node.id);
    }
  }
  return Int32Array.from(found);
}

function holds(term: Term, node: Node, graph: GraphView, { facts, overlays }: SearchOptions): boolean {
  const matches = (text: string) =>
    (term as { exact: boolean }).exact
      ? text.toLowerCase() === (term as { text: string }).text
      : text.toLowerCase().includes((term as { text: string }).text);
  switch (term.kind) {
    case 'word':
      return matches(node.name) || matches(node.opType) || node.outputs.some(matches);
    case 'op':
      return matches(node.opType);
    case 'name':
      return matches(node.name);
    case 'domain':
      return matches(node.domain === '' ? 'ai.onnx' : node.domain);
    case 'input':
      return node.inputs.some((value) => value !== '' && matches(value));
    case 'output':
      return node.outputs.some((value) => value !== '' && matches(value));
    case 'dtype':
      return [...node.inputs, ...node.outputs].some((value) => {
        const dtype = value === '' ? undefined : facts?.of(graph, value).dtype;
        return dtype !== undefined && matches(dtype);
      });
    case 'shape':
      return node.outputs.some((value) => {
        const shape = value === '' ? undefined : facts?.of(graph, value).shape;
        return (
          shape?.length === term.dims.length &&
          term.dims.every((dim, axis) => dim === '*' || (shape[axis]?.key ?? '?') === dim)
        );
      });
    case 'attribute': {
      const attribute = node.attributes.get(term.name);
      return attribute !== undefined && (term.value === null || attributeText(attribute) === term.value);
    }
    case 'figure': {
      const value = overlays?.get(term.overlay)?.values[node.id] ?? Number.NaN;
      return compare(value, term.compare, term.value);
    }
    default:
      return assertUnreachable(term);
  }
}

function compare(value: number, operator: Extract<Term, { kind: 'figure' }>['compare'], limit: number): boolean {
  switch (operator) {
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '>':
      return value > limit;
    case '>=':
      return value >= limit;
    case '=':
      return value === limit;
    default:
      return assertUnreachable(operator);
  }
}

const decoder = new TextDecoder();

/** An attribute's value as a person would type it: `1`, `3,3`, `SAME_UPPER`. */
function attributeText(attribute: Attribute): string {
  switch (attribute.type) {
    case 'int':
    case 'float':
      return String(attribute.value);
    case 'string':
      return decoder.decode(attribute.value);
    case 'ints':
    case 'floats':
      return attribute.value.join(',');
    case 'strings':
      return attribute.value.map((each) => decoder.decode(each)).join(',');
    default:
      return '';
  }
}
