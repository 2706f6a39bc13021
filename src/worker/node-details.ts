import { assertUnreachable } from '../core/assert.ts';
import { english } from '../core/english.ts';
import type { Attribute, Node, NodeId, Tensor } from '../core/graph/model.ts';
import type { GraphView } from '../core/graph/view.ts';
import { significant } from '../core/report/format.ts';
import { operatorSummary } from '../core/report/operators.ts';
import { shapeText } from '../core/shapes/infer.ts';
import type { AttributeText, NodeDetails, NodeTable } from '../protocol/worker.ts';
import { constantBehind } from './constant-behind.ts';
import type { Analysis, PlacedNode, Version } from './documents.ts';
import { type OperatorSchema, type OperatorSlot, slotAt } from './operator-schema.ts';

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

interface Described {
  readonly version: Version;
  readonly analysis: Analysis;
  readonly placed: PlacedNode;
  readonly schema: OperatorSchema | undefined;
  readonly figures: NodeFigures;
  /** The version that origins point into. */
  readonly original: Analysis;
}

/** Everything there is to say about a node. */
export function nodeDetails({ version, analysis, placed, schema, figures, original }: Described): NodeDetails {
  const { node, graph } = placed;
  return {
    id: node.id,
    name: node.name,
    opType: node.opType,
    domain: node.domain,
    opset: graph.opsets.get(node.domain) ?? 0,
    docString: node.docString ?? '',
    summary: operatorSummary(node.domain, node.opType) ?? '',
    versions: schema ? { all: schema.versions, since: schema.since } : null,
    attributes: attributesOf(node, schema),
    inputs: node.inputs.map((value, index) => ({
      ...constantValue(analysis, placed, value),
      ...slotOf(schema?.inputs, index, 'input'),
      nodes: [producerOf(graph, value)].filter((id) => id !== undefined),
    })),
    outputs: node.outputs.map((value, index) => ({
      ...constantValue(analysis, placed, value),
      ...slotOf(schema?.outputs, index, 'output'),
      nodes: value === '' ? [] : graph.consumers(value).map(({ id }) => id),
    })),
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

function constantValue(analysis: Analysis, { graph }: PlacedNode, value: string) {
  const constant = value !== '' && constantBehind(graph, value) !== undefined;
  return { ...valueText(analysis, graph, value), constant };
}

/** What the operator calls a place, and which types it may have there. */
function slotOf(slots: readonly OperatorSlot[] = [], index: number, kind: 'input' | 'output') {
  const slot = slotAt(slots, index);
  const place = kind === 'output' && index === 0 ? 'output' : `${kind} ${index}`;
  return { slot: slot ? `${slot.name}${slot.variadic ? ` ${index}` : ''}` : place, types: slot?.types ?? [] };
}

/** The attributes of a node, and after them those it leaves out though they have a default. */
function attributesOf({ attributes }: Node, schema: OperatorSchema | undefined): readonly AttributeText[] {
  const declared: OperatorSchema['attributes'] = schema?.attributes ?? new Map();
  const given = [...attributes].map(([name, attribute]) => ({
    name,
    type: attribute.type,
    value: attributeValue(attribute),
    default: declared.get(name)?.default ?? null,
    omitted: false,
  }));
  const left = [...declared].filter(([name, { default: value }]) => value !== null && !attributes.has(name));
  return [
    ...given,
    ...left.map(([name, { type, default: value }]) => ({ name, type, value: value!, default: value, omitted: true })),
  ];
}

function valueText({ facts }: Analysis, graph: GraphView, value: string) {
  if (value === '') return { name: '', dtype: '', shape: null };
  const known = facts.of(graph, value);
  return { name: value, dtype: known.dtype ?? (known.kind === 'tensor' ? '' : known.kind), shape: shapeText(known) };
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
