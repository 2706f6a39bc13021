import { english } from '../english.ts';
import type { ByteSource } from '../graph/byte-source.ts';
import { dataTypeFromCode } from '../graph/data-type.ts';
import type {
  Attribute,
  Dim,
  FunctionDefinition,
  Graph,
  Model,
  Node,
  NodeId,
  QuantizationAnnotation,
  SparseTensor,
  Tensor,
  ValueInfo,
  ValueType,
} from '../graph/model.ts';
import type { Problem } from '../problem.ts';
import { addDims, ByteStrings, LongList } from './lists.ts';
import { memoryOf } from './memory.ts';
import { nameText, ProblemList } from './problem-list.ts';
import { findProblems } from './problems.ts';
import { loadStructure, MalformedError, maxDepth } from './resident.ts';
import { rememberSpan } from './spans.ts';
import { fieldSource, readTensor } from './tensor-data.ts';
import { decodeText } from './text.ts';
import { type Field, WireReader } from './wire.ts';

/** Opens a file that a tensor's external data names, relative to the model. Rejects when it is refused or missing. */
export type ExternalFiles = (location: string) => ByteSource;

const noAttributes: ReadonlyMap<string, Attribute> = new Map();

/** What decoding carries along. */
export interface ReadContext {
  readonly source: ByteSource;
  readonly wire: WireReader;
  readonly external: ExternalFiles;
  readonly problems: ProblemList;
  nextNodeId: number;
  depth: number;
}

/**
 * Reads a model's structure; weights stay byte ranges of `source` and of the external files.
 * Rejects with `MalformedError` when the bytes are not an ONNX model; a model's oddities come back as problems.
 */
export async function readModel(
  source: ByteSource,
  external: ExternalFiles,
): Promise<{ model: Model; problems: Problem[] }> {
  const chunks = await loadStructure(source);
  const context: ReadContext = {
    source,
    wire: new WireReader(chunks),
    external,
    problems: new ProblemList(),
    nextNodeId: 0,
    depth: 0,
  };
  for (const { bytes } of chunks) context.wire.spend(bytes.length);
  const model = decodeModel(context, source.byteLength);
  findProblems(model, context.problems);
  return { model, problems: context.problems.all() };
}

function decodeModel(context: ReadContext, length: number): Model {
  const { wire } = context;
  const opsets = new Map<string, number>();
  const metadata = new Map<string, string>();
  const functions: FunctionDefinition[] = [];
  const trainingInfo: ByteSource[] = [];
  const unknown = new Leftovers(wire);
  let irVersion = 0;
  let modelVersion = 0n;
  let graph: Graph | undefined;
  const texts = { producerName: '', producerVersion: '', domain: '', docString: '' };
  for (const field of wire.fields(0, length)) {
    if (field.number === 1 && field.wire === 0) irVersion = Number(unsigned(wire, field));
    else if (field.number === 2 && field.wire === 2) texts.producerName = text(wire, field);
    else if (field.number === 3 && field.wire === 2) texts.producerVersion = text(wire, field);
    else if (field.number === 4 && field.wire === 2) texts.domain = text(wire, field);
    else if (field.number === 5 && field.wire === 0) modelVersion = BigInt.asIntN(64, unsigned(wire, field));
    else if (field.number === 6 && field.wire === 2) texts.docString = text(wire, field);
    else if (field.number === 7 && field.wire === 2) graph = decodeGraph(context, field);
    else if (field.number === 8 && field.wire === 2) decodeOpset(context, field, opsets);
    else if (field.number === 14 && field.wire === 2) decodeEntry(wire, field, metadata);
    else if (field.number === 20 && field.wire === 2) trainingInfo.push(fieldSource(context, field));
    else if (field.number === 25 && field.wire === 2) functions.push(decodeFunction(context, field));
    else unknown.add(field);
  }
  if (!graph) throw new MalformedError(english`There is no graph in the file.`);
  const model: Model = {
    irVersion,
    ...texts,
    modelVersion,
    opsets,
    graph,
    functions,
    metadata,
    ...(trainingInfo.length > 0 ? { trainingInfo } : {}),
    ...unknown.property(),
    nextNodeId: context.nextNodeId,
  };
  return rememberSpan(model, { source: context.source, field: 0, start: 0, from: 0, to: length });
}

function decodeGraph(context: ReadContext, { number, start, from, to }: Field): Graph {
  if (++context.depth > maxDepth) throw new MalformedError(english`Graphs are nested deeper than ${maxDepth}.`);
  const { wire } = context;
  wire.spend(memoryOf.graph);
  const nodes: Node[] = [];
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  const valueInfo: ValueInfo[] = [];
  const initializers = new Map<string, Tensor>();
  const sparseInitializers: SparseTensor[] = [];
  const quantizationAnnotations: QuantizationAnnotation[] = [];
  const metadata = new Map<string, string>();
  const unknown = new Leftovers(wire);
  let name = '';
  let docString = '';
  for (const field of wire.fields(from, to)) {
    if (field.wire !== 2) unknown.add(field);
    else if (field.number === 1) nodes.push(decodeNode(context, field));
    else if (field.number === 2) name = text(wire, field);
    else if (field.number === 5) {
      const tensor = readTensor(context, field);
      if (initializers.has(tensor.name)) {
        context.problems.add(
          'duplicate-initializer',
          () => english`The initializer ${nameText(tensor.name)} stands twice in the file; the last one counts.`,
        );
      }
      initializers.set(tensor.name, tensor);
    } else if (field.number === 10) docString = text(wire, field);
    else if (field.number === 11) inputs.push(decodeValueInfo(context, field));
    else if (field.number === 12) outputs.push(decodeValueInfo(context, field));
    else if (field.number === 13) valueInfo.push(decodeValueInfo(context, field));
    else if (field.number === 14) quantizationAnnotations.push(decodeAnnotation(context, field));
    else if (field.number === 15) sparseInitializers.push(decodeSparse(context, field));
    else if (field.number === 16) decodeEntry(wire, field, metadata);
    else unknown.add(field);
  }
  context.depth--;
  const graph: Graph = {
    name,
    docString,
    nodes,
    inputs,
    outputs,
    valueInfo,
    initializers,
    sparseInitializers,
    quantizationAnnotations,
    metadata,
    ...unknown.property(),
  };
  return rememberSpan(graph, { source: context.source, field: number, start, from, to });
}

function decodeNode(context: ReadContext, { number, start, from, to }: Field): Node {
  const { wire } = context;
  wire.spend(memoryOf.node);
  const id = context.nextNodeId++ as NodeId;
  const inputs: string[] = [];
  const outputs: string[] = [];
  let attributes: Map<string, Attribute> | undefined;
  let metadata: Map<string, string> | undefined;
  const unknown = new Leftovers(wire);
  const texts = { name: '', opType: '', domain: '', docString: '', overload: '' };
  for (const field of wire.fields(from, to)) {
    if (field.wire !== 2) unknown.add(field);
    else if (field.number === 1) inputs.push(text(wire, field));
    else if (field.number === 2) outputs.push(text(wire, field));
    else if (field.number === 3) texts.name = text(wire, field);
    else if (field.number === 4) texts.opType = text(wire, field);
    else if (field.number === 5) {
      attributes ??= new Map();
      attributes.set(...decodeAttribute(context, field));
    } else if (field.number === 6) texts.docString = text(wire, field);
    else if (field.number === 7) texts.domain = plainDomain(text(wire, field));
    else if (field.number === 8) texts.overload = text(wire, field);
    else if (field.number === 9) {
      metadata ??= new Map();
      decodeEntry(wire, field, metadata);
    } else unknown.add(field);
  }
  const node: Node = {
    id,
    opType: texts.opType,
    domain: texts.domain,
    name: texts.name,
    inputs,
    outputs,
    attributes: attributes ?? noAttributes,
    ...(texts.docString ? { docString: texts.docString } : {}),
    ...(texts.overload ? { overload: texts.overload } : {}),
    ...(metadata ? { metadata } : {}),
    ...unknown.property(),
  };
  return rememberSpan(node, { source: context.source, field: number, start, from, to });
}

/** `AttributeProto.type` → the field that holds the value. Files below IR 2 leave the type out. */
const attributeTypes: Readonly<Record<number, [Attribute['type'], field: number]>> = {
  1: ['float', 2],
  2: ['int', 3],
  3: ['string', 4],
  4: ['tensor', 5],
  5: ['graph', 6],
  6: ['floats', 7],
  7: ['ints', 8],
  8: ['strings', 9],
  9: ['tensors', 10],
  10: ['graphs', 11],
  11: ['sparse-tensor', 22],
  12: ['sparse-tensors', 23],
  13: ['type', 14],
  14: ['types', 15],
};

const valueFields: ReadonlySet<number> = new Set(Object.values(attributeTypes).map(([, field]) => field));

/** The fields of an attribute that may hold its value. Numbers, of which there may be millions, are decoded at once. */
class Held {
  readonly ints = new LongList<bigint>();
  readonly floats = new LongList<number>();
  readonly strings: ByteStrings;
  private readonly fields = new Map<number, Field[]>();
  private readonly wire: WireReader;

  constructor(wire: WireReader) {
    this.wire = wire;
    this.strings = new ByteStrings(wire);
  }

  add(field: Field): void {
    const list = this.fields.get(field.number) ?? [];
    if (!this.fields.has(field.number)) this.fields.set(field.number, list);
    if (field.number === 8) this.wire.addIntegers(field, this.ints);
    else if (field.number === 7) this.wire.addFloats(field, this.floats);
    else if (field.number === 9) this.strings.add(field);
    else {
      this.wire.spend(memoryOf.field);
      list.push(field);
    }
  }

  has(number: number): boolean {
    return this.fields.has(number);
  }

  of(number: number): readonly Field[] {
    return this.fields.get(number) ?? [];
  }
}

function decodeAttribute(context: ReadContext, attributeField: Field): [name: string, attribute: Attribute] {
  const { wire } = context;
  wire.spend(memoryOf.attribute);
  let name = '';
  let docString = '';
  let reference = '';
  let code = 0;
  const held = new Held(wire);
  const unknown = new Leftovers(wire);
  for (const field of wire.fields(attributeField.from, attributeField.to)) {
    if (field.number === 1) name = text(wire, field);
    else if (field.number === 13) docString = text(wire, field);
    else if (field.number === 20) code = Number(unsigned(wire, field));
    else if (field.number === 21) reference = text(wire, field);
    else if (valueFields.has(field.number)) held.add(field);
    else unknown.add(field);
  }
  const extras = { ...(docString ? { docString } : {}), ...unknown.property() };
  if (reference !== '') return [name, { type: 'reference', value: reference, of: code, ...extras }];
  const known =
    attributeTypes[code] ?? Object.values(attributeTypes).find(([, field]) => code === 0 && held.has(field));
  if (!known) {
    for (const field of wire.fields(attributeField.from, attributeField.to))
      if (valueFields.has(field.number)) unknown.add(field);
    return [name, { type: 'unknown', value: null, ...extras, ...unknown.property() }];
  }
  const [type, number] = known;
  const attribute = { type, value: decodeAttributeValue(context, type, held, number), ...extras } as Attribute;
  const { number: field, start, from, to } = attributeField;
  return [name, rememberSpan(attribute, { source: context.source, field, start, from, to })];
}

function decodeAttributeValue(
  context: ReadContext,
  type: Attribute['type'],
  held: Held,
  number: number,
): Attribute['value'] {
  const { wire } = context;
  const fields = held.of(number);
  const last = fields.at(-1);
  switch (type) {
    case 'float': {
      const values: number[] = [];
      if (last) wire.addFloats(last, values);
      return values[0] ?? 0;
    }
    case 'int':
      return last ? BigInt.asIntN(64, unsigned(wire, last)) : 0n;
    case 'string':
      return last ? wire.bytes(last.from, last.to) : new Uint8Array(0);
    case 'tensor':
      if (!last) throw new MalformedError(english`An attribute says it holds a tensor and holds none.`);
      return readTensor(context, last);
    case 'graph':
      if (!last) throw new MalformedError(english`An attribute says it holds a graph and holds none.`);
      return decodeGraph(context, last);
    case 'sparse-tensor':
      if (!last) throw new MalformedError(english`An attribute says it holds a sparse tensor and holds none.`);
      return decodeSparse(context, last);
    case 'type':
      return (last && decodeType(context, last)) ?? { kind: 'opaque', domain: '', name: '' };
    case 'floats':
      return held.floats.all();
    case 'ints':
      return held.ints.all();
    case 'strings':
      return held.strings.list;
    case 'tensors':
      return fields.map((field) => readTensor(context, field));
    case 'graphs':
      return fields.map((field) => decodeGraph(context, field));
    case 'sparse-tensors':
      return fields.map((field) => decodeSparse(context, field));
    case 'types':
      return fields.map((field): ValueType => decodeType(context, field) ?? { kind: 'opaque', domain: '', name: '' });
    default:
      return null;
  }
}

function decodeSparse(context: ReadContext, { number, start, from, to }: Field): SparseTensor {
  const { wire } = context;
  let values: Tensor | undefined;
  let indices: Tensor | undefined;
  const dims: number[] = [];
  const unknown = new Leftovers(wire);
  wire.spend(memoryOf.values);
  for (const field of wire.fields(from, to)) {
    if (field.number === 1) values = readTensor(context, field);
    else if (field.number === 2) indices = readTensor(context, field);
    else if (field.number === 3) addDims(wire, field, dims);
    else unknown.add(field);
  }
  if (!values || !indices) throw new MalformedError(english`A sparse tensor lacks its values or its indices.`);
  return rememberSpan(
    { values, indices, dims, ...unknown.property() },
    { source: context.source, field: number, start, from, to },
  );
}

function decodeFunction(context: ReadContext, { number, start, from, to }: Field): FunctionDefinition {
  const { wire } = context;
  wire.spend(memoryOf.graph);
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: string[] = [];
  const attributeDefaults = new Map<string, Attribute>();
  const nodes: Node[] = [];
  const opsets = new Map<string, number>();
  const valueInfo: ValueInfo[] = [];
  const metadata = new Map<string, string>();
  const unknown = new Leftovers(wire);
  const texts = { name: '', domain: '', overload: '', docString: '' };
  for (const field of wire.fields(from, to)) {
    if (field.wire !== 2) unknown.add(field);
    else if (field.number === 1) texts.name = text(wire, field);
    else if (field.number === 4) inputs.push(text(wire, field));
    else if (field.number === 5) outputs.push(text(wire, field));
    else if (field.number === 6) attributes.push(text(wire, field));
    else if (field.number === 7) nodes.push(decodeNode(context, field));
    else if (field.number === 8) texts.docString = text(wire, field);
    else if (field.number === 9) decodeOpset(context, field, opsets);
    else if (field.number === 10) texts.domain = plainDomain(text(wire, field));
    else if (field.number === 11) attributeDefaults.set(...decodeAttribute(context, field));
    else if (field.number === 12) valueInfo.push(decodeValueInfo(context, field));
    else if (field.number === 13) texts.overload = text(wire, field);
    else if (field.number === 14) decodeEntry(wire, field, metadata);
    else unknown.add(field);
  }
  const definition: FunctionDefinition = {
    ...texts,
    inputs,
    outputs,
    attributes,
    attributeDefaults,
    opsets,
    nodes,
    valueInfo,
    metadata,
    ...unknown.property(),
  };
  return rememberSpan(definition, { source: context.source, field: number, start, from, to });
}

function decodeValueInfo(context: ReadContext, { number, start, from, to }: Field): ValueInfo {
  const { wire } = context;
  wire.spend(memoryOf.values);
  let metadata: Map<string, string> | undefined;
  const unknown = new Leftovers(wire);
  let name = '';
  let docString = '';
  let type: ValueType | undefined;
  let denotation = '';
  for (const field of wire.fields(from, to)) {
    if (field.number === 1) name = text(wire, field);
    else if (field.number === 2) {
      type = decodeType(context, field);
      for (const inner of wire.fields(field.from, field.to)) if (inner.number === 6) denotation = text(wire, inner);
    } else if (field.number === 3) docString = text(wire, field);
    else if (field.number === 4) {
      metadata ??= new Map();
      decodeEntry(wire, field, metadata);
    } else unknown.add(field);
  }
  const info: ValueInfo = {
    name,
    ...(type ? { type } : {}),
    ...(denotation ? { denotation } : {}),
    ...(docString ? { docString } : {}),
    ...(metadata ? { metadata } : {}),
    ...unknown.property(),
  };
  return rememberSpan(info, { source: context.source, field: number, start, from, to });
}

function decodeType(context: ReadContext, { from, to }: Field): ValueType | undefined {
  if (++context.depth > maxDepth) throw new MalformedError(english`Types are nested deeper than ${maxDepth}.`);
  const { wire } = context;
  let type: ValueType | undefined;
  for (const field of wire.fields(from, to)) {
    const inner = () => firstFields(wire, field);
    if (field.number === 1 || field.number === 8) {
      const fields = inner();
      const dtype = dataTypeFromCode(fields.has(1) ? Number(unsigned(wire, fields.get(1)!)) : 0) ?? 'undefined';
      const shape = fields.get(2);
      type = {
        kind: field.number === 1 ? 'tensor' : 'sparse-tensor',
        dtype,
        ...(shape ? decodeShape(wire, shape) : {}),
      };
    } else if (field.number === 4 || field.number === 9) {
      const element = inner().get(1);
      type = { kind: field.number === 4 ? 'sequence' : 'optional', element: element && decodeType(context, element) };
    } else if (field.number === 5) {
      const fields = inner();
      const value = fields.get(2);
      const key = dataTypeFromCode(fields.has(1) ? Number(unsigned(wire, fields.get(1)!)) : 0) ?? 'undefined';
      type = { kind: 'map', key, value: value && decodeType(context, value) };
    } else if (field.number === 7) {
      const fields = inner();
      const part = (number: number) => (fields.has(number) ? text(wire, fields.get(number)!) : '');
      type = { kind: 'opaque', domain: part(1), name: part(2) };
    }
  }
  context.depth--;
  return type;
}

/** The fields 1 and 2 of a message; of each the last. */
function firstFields(wire: WireReader, { from, to }: Field): ReadonlyMap<number, Field> {
  wire.spend(memoryOf.type);
  const found = new Map<number, Field>();
  for (const field of wire.fields(from, to)) if (field.number <= 2) found.set(field.number, field);
  return found;
}

function decodeShape(wire: WireReader, shapeField: Field): { shape: Dim[]; denotations?: string[] } {
  const shape: Dim[] = [];
  const denotations: string[] = [];
  for (const field of wire.fields(shapeField.from, shapeField.to)) {
    if (field.number !== 1) continue;
    wire.spend(memoryOf.dim);
    let dim: Dim = null;
    let denotation = '';
    for (const inner of wire.fields(field.from, field.to)) {
      if (inner.number === 1) {
        const size = Number(BigInt.asIntN(64, unsigned(wire, inner)));
        // Negative sizes stand for "not known" in files of several exporters.
        dim = size >= 0 ? size : null;
      } else if (inner.number === 2) dim = text(wire, inner) || null;
      else if (inner.number === 3) denotation = text(wire, inner);
    }
    shape.push(dim);
    denotations.push(denotation);
  }
  return denotations.some((each) => each !== '') ? { shape, denotations } : { shape };
}

function decodeAnnotation(context: ReadContext, { number, start, from, to }: Field): QuantizationAnnotation {
  const { wire } = context;
  wire.spend(memoryOf.values);
  let tensorName = '';
  const parameters = new Map<string, string>();
  for (const field of wire.fields(from, to)) {
    if (field.number === 1) tensorName = text(wire, field);
    else if (field.number === 2) decodeEntry(wire, field, parameters);
  }
  return rememberSpan({ tensorName, parameters }, { source: context.source, field: number, start, from, to });
}

function decodeOpset({ wire, problems }: ReadContext, { from, to }: Field, opsets: Map<string, number>): void {
  wire.spend(memoryOf.entry);
  let domain = '';
  let version = 0;
  for (const field of wire.fields(from, to)) {
    if (field.number === 1) domain = plainDomain(text(wire, field));
    else if (field.number === 2) version = Number(unsigned(wire, field));
  }
  const before = opsets.get(domain);
  if (before !== undefined) {
    problems.add(
      'duplicate-opset',
      () =>
        english`The operator set ${nameText(domain) || 'ai.onnx'} is imported twice, as version ${before} and ${version}; the higher one counts.`,
    );
  }
  opsets.set(domain, Math.max(version, before ?? 0));
}

export function decodeEntry(wire: WireReader, { from, to }: Field, into: Map<string, string>): void {
  wire.spend(memoryOf.entry);
  let key = '';
  let value = '';
  for (const field of wire.fields(from, to)) {
    if (field.number === 1) key = text(wire, field);
    else if (field.number === 2) value = text(wire, field);
  }
  into.set(key, value);
}

/** Fields that nothing here reads, kept as they are. */
export class Leftovers {
  private readonly wire: WireReader;
  /** Where they begin and end; fields that lie side by side are one stretch. */
  private readonly bounds: number[] = [];

  constructor(wire: WireReader) {
    this.wire = wire;
  }

  add({ start, to }: Field): void {
    this.wire.spend(to - start);
    if (this.bounds.at(-1) === start) this.bounds[this.bounds.length - 1] = to;
    else this.bounds.push(start, to);
  }

  /** `{ unknown }`, or nothing when every field was known. */
  property(): { unknown?: Uint8Array } {
    const { bounds, wire } = this;
    if (bounds.length === 0) return {};
    let length = 0;
    for (let at = 0; at < bounds.length; at += 2) length += bounds[at + 1]! - bounds[at]!;
    const unknown = new Uint8Array(length);
    let to = 0;
    for (let at = 0; at < bounds.length; at += 2) {
      unknown.set(wire.bytes(bounds[at]!, bounds[at + 1]!), to);
      to += bounds[at + 1]! - bounds[at]!;
    }
    return { unknown };
  }
}

/** A string field. A field of another wire type under its number is no ONNX. */
export function text(wire: WireReader, { number, wire: type, from, to }: Field): string {
  if (type !== 2) throw new MalformedError(english`Field ${number} should be text and is not.`);
  wire.spend(memoryOf.text + to - from);
  return decodeText(wire.bytes(from, to));
}

/** An integer field, unsigned. */
export function unsigned(wire: WireReader, { number, wire: type, from }: Field): bigint {
  if (type !== 0) throw new MalformedError(english`Field ${number} should be a number and is not.`);
  return wire.varint(from)[0];
}

/** `ai.onnx` is the default domain's long name. */
export function plainDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}
