/**
 * A model as a sequence of pieces to write one after another: bytes made here, and ranges of the file it was read from.
 * What is unchanged is copied, tag and length included, so that neighbours become one range; what is new is encoded in
 * the order of field numbers, as the official library writes it.
 */
import { byteRange } from '../graph/byte-source.ts';
import { dataTypeCode } from '../graph/data-type.ts';
import type {
  Attribute,
  FunctionDefinition,
  Graph,
  Model,
  Node,
  SparseTensor,
  Tensor,
  ValueInfo,
} from '../graph/model.ts';
import { encodeType } from './encode-types.ts';
import { float32, Message, type Piece, writeEntries, writeOpsets } from './message.ts';
import { spanOf } from './spans.ts';
import { WireWriter } from './wire.ts';

/** Where a tensor's elements go: into the file, or to a place in an external file. */
export type Placement = (tensor: Tensor) => 'inline' | 'as-is' | NonNullable<Tensor['external']>;

export interface EncodeOptions {
  /** Default: every tensor stays as it is. */
  readonly placement?: Placement;
  /** Encode everything afresh, copying no ranges but tensors' elements. */
  readonly afresh?: boolean;
}

/** The pieces of a model's file, neighbouring ranges merged. */
export function encodeModel(model: Model, options: EncodeOptions = {}): Piece[] {
  return joinSmall(new Encoder(options).model(model));
}

/** Pieces in memory up to this many bytes become one with their neighbours: every piece is a write of its own. */
const smallBytes = 1 << 16;

function joinSmall(pieces: readonly Piece[]): Piece[] {
  const joined: Piece[] = [];
  for (let at = 0; at < pieces.length; ) {
    let end = at;
    let length = 0;
    for (; end < pieces.length && length < 1 << 20; end++) {
      const piece = pieces[end]!;
      if (!(piece instanceof Uint8Array) || piece.length > smallBytes) break;
      length += piece.length;
    }
    if (end - at < 2) joined.push(pieces[at++]!);
    else {
      const bytes = new Uint8Array(length);
      for (let to = 0; at < end; at++) {
        bytes.set(pieces[at] as Uint8Array, to);
        to += pieces[at]!.byteLength;
      }
      joined.push(bytes);
    }
  }
  return joined;
}

/** A tensor as the bytes of a `TensorProto`. Its elements must be in memory. */
export function encodeTensor(tensor: Tensor): Uint8Array {
  const out = new Message();
  new Encoder({ afresh: true }).tensorContent(out, tensor, 'inline');
  const bytes = new Uint8Array(out.length);
  let at = 0;
  for (const piece of out.pieces) {
    bytes.set(piece instanceof Uint8Array ? piece : piece.bytes!, at);
    at += piece.byteLength;
  }
  return bytes;
}

export function piecesLength(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

class Encoder {
  private readonly placement: Placement;
  private readonly afresh: boolean;

  constructor({ placement = () => 'as-is', afresh = false }: EncodeOptions) {
    this.placement = placement;
    this.afresh = afresh;
  }

  model(model: Model): Piece[] {
    const out = new Message();
    const span = spanOf(model);
    if (
      span &&
      !this.afresh &&
      this.graphStays(model.graph) &&
      model.functions.every((each) => this.functionStays(each))
    ) {
      return [byteRange(span.source, span.from, span.to - span.from)];
    }
    if (model.irVersion !== 0) out.varint(1, model.irVersion);
    out.text(2, model.producerName);
    out.text(3, model.producerVersion);
    out.text(4, model.domain);
    if (model.modelVersion !== 0n) out.varint(5, model.modelVersion);
    out.text(6, model.docString);
    this.graph(out, 7, model.graph);
    writeOpsets(out, 8, model.opsets);
    writeEntries(out, 14, model.metadata);
    for (const training of model.trainingInfo ?? []) {
      out.header(20, training.byteLength);
      out.add(training.bytes ?? training);
    }
    for (const definition of model.functions) this.function(out, 25, definition);
    if (model.unknown) out.add(model.unknown);
    return out.pieces;
  }

  /** Copies an object that is unchanged; false when it has to be encoded. */
  private copy(out: Message, field: number, object: object, stays: boolean): boolean {
    const span = spanOf(object);
    if (this.afresh || !span || !stays) return false;
    if (span.field === field) out.add(byteRange(span.source, span.start, span.to - span.start));
    else {
      out.header(field, span.to - span.from);
      out.add(byteRange(span.source, span.from, span.to - span.from));
    }
    return true;
  }

  private graph(out: Message, field: number, graph: Graph): void {
    if (this.copy(out, field, graph, this.graphStays(graph))) return;
    const content = new Message();
    for (const node of graph.nodes) this.node(content, 1, node);
    content.text(2, graph.name);
    for (const tensor of graph.initializers.values()) this.tensor(content, 5, tensor);
    content.text(10, graph.docString);
    for (const input of graph.inputs) this.valueInfo(content, 11, input);
    for (const output of graph.outputs) this.valueInfo(content, 12, output);
    for (const info of graph.valueInfo) this.valueInfo(content, 13, info);
    for (const annotation of graph.quantizationAnnotations) {
      if (this.copy(content, 14, annotation, true)) continue;
      const inner = new Message();
      inner.text(1, annotation.tensorName);
      writeEntries(inner, 2, annotation.parameters);
      content.message(14, inner);
    }
    for (const sparse of graph.sparseInitializers) this.sparse(content, 15, sparse);
    writeEntries(content, 16, graph.metadata);
    if (graph.unknown) content.add(graph.unknown);
    out.message(field, content);
  }

  private node(out: Message, field: number, node: Node): void {
    if (this.copy(out, field, node, this.nodeStays(node))) return;
    const content = new Message();
    for (const input of node.inputs) content.item(1, input);
    for (const output of node.outputs) content.item(2, output);
    content.text(3, node.name);
    content.text(4, node.opType);
    for (const [name, attribute] of node.attributes) this.attribute(content, 5, name, attribute);
    content.text(6, node.docString);
    content.text(7, node.domain);
    content.text(8, node.overload);
    writeEntries(content, 9, node.metadata);
    if (node.unknown) content.add(node.unknown);
    out.message(field, content);
  }

  private attribute(out: Message, field: number, name: string, attribute: Attribute): void {
    if (this.copy(out, field, attribute, this.attributeStays(attribute))) return;
    if (attribute.type === 'encoded') {
      out.header(field, attribute.value.byteLength);
      out.add(attribute.value.bytes ?? attribute.value);
      return;
    }
    const content = new Message();
    content.text(1, name);
    this.attributeValue(content, attribute);
    content.text(13, attribute.docString);
    const code = attribute.type === 'reference' ? attribute.of : (attributeCodes[attribute.type] ?? 0);
    if (code !== 0) content.varint(20, code);
    if (attribute.type === 'reference') content.text(21, attribute.value);
    if (attribute.unknown) content.add(attribute.unknown);
    out.message(field, content);
  }

  private attributeValue(content: Message, attribute: Attribute): void {
    switch (attribute.type) {
      case 'float':
        content.add(new WireWriter().varint(21n).raw(float32(attribute.value)).finish());
        break;
      case 'int':
        content.varint(3, attribute.value);
        break;
      case 'string':
        content.bytes(4, attribute.value);
        break;
      case 'tensor':
        this.tensor(content, 5, attribute.value);
        break;
      case 'graph':
        this.graph(content, 6, attribute.value);
        break;
      case 'floats':
        for (const value of attribute.value) content.add(new WireWriter().varint(61n).raw(float32(value)).finish());
        break;
      case 'ints':
        for (const value of attribute.value) content.varint(8, value);
        break;
      case 'strings':
        for (const value of attribute.value) content.bytes(9, value);
        break;
      case 'tensors':
        for (const value of attribute.value) this.tensor(content, 10, value);
        break;
      case 'graphs':
        for (const value of attribute.value) this.graph(content, 11, value);
        break;
      case 'type':
        content.message(14, encodeType(attribute.value));
        break;
      case 'types':
        for (const value of attribute.value) content.message(15, encodeType(value));
        break;
      case 'sparse-tensor':
        this.sparse(content, 22, attribute.value);
        break;
      case 'sparse-tensors':
        for (const value of attribute.value) this.sparse(content, 23, value);
        break;
      default:
        break;
    }
  }

  private tensor(out: Message, field: number, tensor: Tensor): void {
    const placement = this.placement(tensor);
    if (this.copy(out, field, tensor, placement === 'as-is' || (placement === 'inline' && !tensor.external))) return;
    const content = new Message();
    this.tensorContent(content, tensor, placement);
    out.message(field, content);
  }

  tensorContent(content: Message, tensor: Tensor, placement: ReturnType<Placement>): void {
    for (const dim of tensor.dims) content.varint(1, dim);
    content.varint(2, dataTypeCode(tensor.dtype));
    for (const value of tensor.strings ?? []) content.bytes(6, value);
    content.text(8, tensor.name);
    const external = placement === 'as-is' ? tensor.external : placement === 'inline' ? undefined : placement;
    if (!external && !tensor.strings) {
      content.header(9, tensor.data.byteLength);
      content.add(tensor.data.bytes ?? tensor.data);
    }
    content.text(12, tensor.docString);
    if (external) {
      const { location, offset, length, others = [] } = external;
      const place = [
        ['location', location],
        ['offset', String(offset)],
        ['length', String(length)],
      ] as const;
      writeEntries(content, 13, new Map([...place, ...others]));
      content.varint(14, 1);
    }
    writeEntries(content, 16, tensor.metadata);
    if (tensor.unknown) content.add(tensor.unknown);
  }

  private sparse(out: Message, field: number, sparse: SparseTensor): void {
    if (this.copy(out, field, sparse, this.sparseStays(sparse))) return;
    const content = new Message();
    this.tensor(content, 1, sparse.values);
    this.tensor(content, 2, sparse.indices);
    for (const dim of sparse.dims) content.varint(3, dim);
    if (sparse.unknown) content.add(sparse.unknown);
    out.message(field, content);
  }

  private valueInfo(out: Message, field: number, info: ValueInfo): void {
    if (this.copy(out, field, info, true)) return;
    const content = new Message();
    content.text(1, info.name);
    if (info.type) {
      const type = encodeType(info.type);
      type.text(6, info.denotation);
      content.message(2, type);
    }
    content.text(3, info.docString);
    writeEntries(content, 4, info.metadata);
    if (info.unknown) content.add(info.unknown);
    out.message(field, content);
  }

  private function(out: Message, field: number, definition: FunctionDefinition): void {
    if (this.copy(out, field, definition, this.functionStays(definition))) return;
    const content = new Message();
    content.text(1, definition.name);
    for (const input of definition.inputs) content.item(4, input);
    for (const output of definition.outputs) content.item(5, output);
    for (const attribute of definition.attributes) content.item(6, attribute);
    for (const node of definition.nodes) this.node(content, 7, node);
    content.text(8, definition.docString);
    writeOpsets(content, 9, definition.opsets);
    content.text(10, definition.domain);
    for (const [name, attribute] of definition.attributeDefaults) this.attribute(content, 11, name, attribute);
    for (const info of definition.valueInfo) this.valueInfo(content, 12, info);
    content.text(13, definition.overload);
    writeEntries(content, 14, definition.metadata);
    if (definition.unknown) content.add(definition.unknown);
    out.message(field, content);
  }

  private functionStays({ nodes, attributeDefaults }: FunctionDefinition): boolean {
    return (
      nodes.every((node) => this.nodeStays(node)) &&
      [...attributeDefaults.values()].every((attribute) => this.attributeStays(attribute))
    );
  }

  private graphStays(graph: Graph): boolean {
    for (const tensor of graph.initializers.values()) if (!this.tensorStays(tensor)) return false;
    return (
      graph.nodes.every((node) => this.nodeStays(node)) &&
      graph.sparseInitializers.every((sparse) => this.sparseStays(sparse))
    );
  }

  private nodeStays(node: Node): boolean {
    for (const attribute of node.attributes.values()) if (!this.attributeStays(attribute)) return false;
    return true;
  }

  private attributeStays({ type, value }: Attribute): boolean {
    switch (type) {
      case 'tensor':
        return this.tensorStays(value);
      case 'tensors':
        return value.every((tensor) => this.tensorStays(tensor));
      case 'graph':
        return this.graphStays(value);
      case 'graphs':
        return value.every((graph) => this.graphStays(graph));
      case 'sparse-tensor':
        return this.sparseStays(value);
      case 'sparse-tensors':
        return value.every((sparse) => this.sparseStays(sparse));
      default:
        return true;
    }
  }

  private sparseStays({ values, indices }: SparseTensor): boolean {
    return this.tensorStays(values) && this.tensorStays(indices);
  }

  private tensorStays(tensor: Tensor): boolean {
    const placement = this.placement(tensor);
    return placement === 'as-is' || (placement === 'inline' && !tensor.external);
  }
}

const attributeCodes: Readonly<Partial<Record<Attribute['type'], number>>> = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  'sparse-tensor': 11,
  'sparse-tensors': 12,
  type: 13,
  types: 14,
};
