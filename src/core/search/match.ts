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
      for (const [name, attribute] of node.attributes)
        if (name.toLowerCase() === term.name) return term.value === null || hasValue(attribute, term.value);
      return false;
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

/** Whether an attribute is what was typed: `1`, `1e-5`, `3,3`, `[3, 3]`, `SAME_UPPER`. */
function hasValue(attribute: Attribute, text: string): boolean {
  switch (attribute.type) {
    case 'int':
    case 'float':
      return isNumber(attribute.value, text);
    case 'string':
      return decoder.decode(attribute.value) === text;
    case 'ints':
    case 'floats': {
      const { value } = attribute;
      const parts = listed(text);
      return parts.length === value.length && parts.every((part, index) => isNumber(value[index]!, part));
    }
    case 'strings': {
      const { value } = attribute;
      const parts = listed(text);
      return parts.length === value.length && parts.every((part, index) => decoder.decode(value[index]) === part);
    }
    default:
      return false;
  }
}

/** Floats are stored in single precision: 0.00001 is 0.000009999999747378752 there. */
function isNumber(value: number | bigint, text: string): boolean {
  if (text.trim() === '') return false;
  const typed = Number(text);
  if (typeof value === 'bigint')
    return Number.isSafeInteger(typed) ? BigInt(typed) === value : String(value) === text.trim();
  return typed === value || Math.fround(typed) === value;
}

/** The parts of a list, in brackets or not. */
function listed(text: string): string[] {
  const inner = /^\[(.*)\]$/s.exec(text.trim())?.[1] ?? text;
  return inner.trim() === '' ? [] : inner.split(',').map((part) => part.trim());
}
