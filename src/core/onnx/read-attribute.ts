/** Attributes of nodes and functions. */
import { english } from '../english.ts';
import type { Attribute, SparseTensor, Tensor, ValueType } from '../graph/model.ts';
import { Leftovers, type ReadContext, text, unsigned } from './fields.ts';
import { addDims, ByteStrings, LongList } from './lists.ts';
import { memoryOf } from './memory.ts';
import { decodeType } from './read-types.ts';
import { MalformedError } from './resident.ts';
import { rememberSpan } from './spans.ts';
import { fieldSource, readTensor } from './tensor-data.ts';
import { type Field, notLoaded, type WireReader } from './wire.ts';

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

/**
 * An `AttributeProto`. A value that cannot be had as numbers or objects, of a type that is not known or a list too long
 * to hold, stays as the bytes of its message.
 */
export function decodeAttribute(
  context: ReadContext,
  { number, start, from, to }: Field,
): [name: string, attribute: Attribute] {
  const { wire, source } = context;
  wire.spend(memoryOf.attribute);
  let name = '';
  let docString = '';
  let reference = '';
  let code = 0;
  let isWhole = true;
  const held = new Held(wire);
  const unknown = new Leftovers(wire);
  for (const field of wire.fields(from, to)) {
    if (field.wire === notLoaded) isWhole = false;
    else if (field.number === 1) name = text(wire, field);
    else if (field.number === 13) docString = text(wire, field);
    else if (field.number === 20) code = Number(unsigned(wire, field));
    else if (field.number === 21) reference = text(wire, field);
    else if (valueFields.has(field.number)) held.add(field);
    else unknown.add(field);
  }
  const span = { source, field: number, start, from, to };
  const known =
    attributeTypes[code] ?? Object.values(attributeTypes).find(([, field]) => code === 0 && held.has(field));
  if (reference === '' && (!known || !isWhole)) {
    const type = known?.[0];
    const value = fieldSource(context, { number, wire: 2, start, from, to });
    return [name, rememberSpan({ type: 'encoded', value, ...(type ? { of: type } : {}) }, span)];
  }
  const content =
    reference === ''
      ? { type: known![0], value: decodeAttributeValue(context, known![0], held, known![1]) }
      : { type: 'reference', value: reference, of: code };
  const extras = { ...(docString ? { docString } : {}), ...unknown.property() };
  return [name, rememberSpan({ ...content, ...extras } as Attribute, span)];
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
      return context.graph(context, last);
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
      return fields.map((field) => context.graph(context, field));
    case 'sparse-tensors':
      return fields.map((field) => decodeSparse(context, field));
    case 'types':
      return fields.map((field): ValueType => decodeType(context, field) ?? { kind: 'opaque', domain: '', name: '' });
    default:
      throw new MalformedError(english`An attribute is of the type ${type}, which holds no value of its own.`);
  }
}

/** A `SparseTensorProto`. */
export function decodeSparse(context: ReadContext, { number, start, from, to }: Field): SparseTensor {
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
