import { assertUnreachable } from '../core/assert.ts';
import { english } from '../core/english.ts';
import type { Attribute, NodeId, Tensor } from '../core/graph/model.ts';
import type { GraphView } from '../core/graph/view.ts';
import { significant } from '../core/report/format.ts';
import { shapeText } from '../core/shapes/infer.ts';
import type { AttributeText, NodeDetails, NodeTable, NodeValue } from '../protocol/worker.ts';
import type { Analysis, PlacedNode, Version } from './documents.ts';
import { inputSlot, outputSlot } from './operator-slots.ts';

/** Elements of a list attribute that are written out. */
const maxListElements = 64;

/** All nodes of a version as columns. */
export function nodeTable({ nodes, facts }: Analysis): NodeTable {
  const producers: number[] = [];
  const producerOffsets = new Uint32Array(nodes.length + 1);
  for (const [row, { node, graph }] of nodes.entries()) {
    for (const value of new Set(node.inputs)) {
      const producer = producerOf(graph, value);
      if (producer !== undefined) producers.push(producer);
    }
    producerOffsets[row + 1] = producers.length;
  }
  return {
    id: Int32Array.from(nodes, ({ node }) => node.id),
    name: nodes.map(({ node }) => node.name),
    opType: nodes.map(({ node }) => node.opType),
    domain: nodes.map(({ node }) => node.domain),
    scope: nodes.map(({ graph }) => scopeOf(graph)),
    outputType: nodes.map(({ node, graph }) => {
      const value = facts.of(graph, node.outputs[0] ?? '');
      const shape = shapeText(value);
      return [value.dtype, shape && `[${shape.join(', ')}]`].filter(Boolean).join(' ');
    }),
    producers: Int32Array.from(producers),
    producerOffsets,
  };
}

/** The node that makes a value, in this graph or in one around it. */
function producerOf(graph: GraphView, value: string): NodeId | undefined {
  for (let at: GraphView | undefined = graph; at; at = at.owner?.graph) {
    if (at.defines(value)) return at.producer(value)?.id;
  }
  return undefined;
}

/** Where a graph is, in words: empty for the main graph. */
function scopeOf(graph: GraphView): string {
  if (graph.definition) return `function ${graph.definition.name}`;
  if (!graph.owner) return '';
  const { node, attribute, graph: outer } = graph.owner;
  const owner = outer.node(node);
  return [scopeOf(outer), `${owner?.name || owner?.opType || 'node'}.${attribute}`].filter(Boolean).join(' / ');
}

/** Figures of a node that do not come from the node itself. */
export interface NodeFigures {
  readonly macs: number | null;
  readonly parameters: number;
  readonly bytes: number | null;
}

/** Everything there is to say about a node. `original` is the version that origins point into. */
export function nodeDetails(
  version: Version,
  analysis: Analysis,
  placed: PlacedNode,
  figures: NodeFigures,
  original: Analysis,
): NodeDetails {
  const { node, graph } = placed;
  return {
    id: node.id,
    name: node.name,
    opType: node.opType,
    domain: node.domain,
    opset: graph.opsets.get(node.domain) ?? 0,
    docString: node.docString ?? '',
    attributes: [...node.attributes].map(([name, attribute]) => attributeText(name, attribute)),
    inputs: node.inputs.map((value, index) => inputValue(analysis, placed, value, inputSlot(node.opType, index))),
    outputs: node.outputs.map((value, index) => outputValue(analysis, placed, value, outputSlot(node.opType, index))),
    macs: figures.macs,
    parameters: figures.parameters,
    bytes: figures.bytes,
    origin: (version.origins.get(node.id) ?? []).map((id) => ({ id, label: nodeLabel(original.byId.get(id)) })),
    why: [
      ...new Set(version.rewrites.filter(({ added }) => added.some(({ id }) => id === node.id)).map(({ why }) => why)),
    ],
  };
}

/** `Conv /features/0/Conv`, or what stands for a node that is not there. */
export function nodeLabel(placed: PlacedNode | undefined): string {
  return placed ? [placed.node.opType, placed.node.name].filter(Boolean).join(' ') : 'a node';
}

function inputValue(analysis: Analysis, { graph }: PlacedNode, value: string, slot: string): NodeValue {
  const producer = producerOf(graph, value);
  return {
    ...valueText(analysis, graph, value),
    slot,
    constant: value !== '' && graph.constant(value) !== undefined,
    nodes: producer === undefined ? [] : [producer],
  };
}

function outputValue(analysis: Analysis, { graph }: PlacedNode, value: string, slot: string): NodeValue {
  return {
    ...valueText(analysis, graph, value),
    slot,
    constant: value !== '' && graph.constant(value) !== undefined,
    nodes: value === '' ? [] : graph.consumers(value).map(({ id }) => id),
  };
}

function valueText({ facts }: Analysis, graph: GraphView, value: string) {
  if (value === '') return { name: '', dtype: '', shape: null };
  const known = facts.of(graph, value);
  return { name: value, dtype: known.dtype ?? (known.kind === 'tensor' ? '' : known.kind), shape: shapeText(known) };
}

function attributeText(name: string, attribute: Attribute): AttributeText {
  return { name, type: attribute.type, value: attributeValue(attribute) };
}

function attributeValue(attribute: Attribute): string {
  switch (attribute.type) {
    case 'float':
      return significant(attribute.value, 7);
    case 'int':
      return String(attribute.value);
    case 'string':
      return decode(attribute.value);
    case 'floats':
      return list(attribute.value, (each) => significant(each, 7));
    case 'ints':
      return list(attribute.value, String);
    case 'strings':
      return list(attribute.value, decode);
    case 'tensor':
      return tensorText(attribute.value);
    case 'tensors':
      return list(attribute.value, tensorText);
    case 'graph':
      return english`graph of ${attribute.value.nodes.length} nodes`;
    case 'graphs':
      return `${attribute.value.length} graphs`;
    case 'reference':
      return english`the caller's ${attribute.value}`;
    case 'sparse-tensor':
    case 'sparse-tensors':
    case 'type':
    case 'types':
      return attribute.type;
    case 'encoded':
      return attribute.of
        ? english`${attribute.of}: a list of ${attribute.value.byteLength} bytes, left in the file`
        : english`of an unknown type, ${attribute.value.byteLength} bytes`;
    default:
      return assertUnreachable(attribute);
  }
}

function list<T>(values: readonly T[], text: (value: T) => string): string {
  const shown = values.slice(0, maxListElements).map(text);
  return `[${[...shown, ...(values.length > shown.length ? [`… ${values.length} in all`] : [])].join(', ')}]`;
}

function tensorText({ dtype, dims }: Tensor): string {
  return `${dtype} [${dims.join(', ')}]`;
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
