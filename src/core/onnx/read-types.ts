/** Values and their types, as the file states them. */
import { english } from '../english.ts';
import { dataTypeFromCode } from '../graph/data-type.ts';
import type { Dim, ValueInfo, ValueType } from '../graph/model.ts';
import { decodeEntry, Leftovers, type ReadContext, text, unsigned } from './fields.ts';
import { memoryOf } from './memory.ts';
import { MalformedError, maxDepth } from './resident.ts';
import { rememberSpan } from './spans.ts';
import type { Field, WireReader } from './wire.ts';

/** A `ValueInfoProto`. */
export function decodeValueInfo(context: ReadContext, { number, start, from, to }: Field): ValueInfo {
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

/** A `TypeProto`; undefined when it states no kind that is known. */
export function decodeType(context: ReadContext, { from, to }: Field): ValueType | undefined {
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
