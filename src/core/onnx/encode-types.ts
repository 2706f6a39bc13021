/** Types of values as the file has them. */
import { dataTypeCode } from '../graph/data-type.ts';
import type { ValueType } from '../graph/model.ts';
import { Message } from './message.ts';

/** The content of a `TypeProto`. */
export function encodeType(type: ValueType): Message {
  const out = new Message();
  const content = new Message();
  switch (type.kind) {
    case 'tensor':
    case 'sparse-tensor': {
      const code = dataTypeCode(type.dtype);
      if (code !== 0) content.varint(1, code);
      if (type.shape) content.message(2, encodeShape(type.shape, type.denotations));
      out.message(type.kind === 'tensor' ? 1 : 8, content);
      break;
    }
    case 'sequence':
    case 'optional':
      if (type.element) content.message(1, encodeType(type.element));
      out.message(type.kind === 'sequence' ? 4 : 9, content);
      break;
    case 'map':
      content.varint(1, dataTypeCode(type.key));
      if (type.value) content.message(2, encodeType(type.value));
      out.message(5, content);
      break;
    case 'opaque':
      content.text(1, type.domain);
      content.text(2, type.name);
      out.message(7, content);
      break;
  }
  return out;
}

function encodeShape(
  shape: NonNullable<Extract<ValueType, { kind: 'tensor' | 'sparse-tensor' }>['shape']>,
  denotations: readonly string[] | undefined,
): Message {
  const out = new Message();
  for (const [axis, dim] of shape.entries()) {
    const content = new Message();
    if (typeof dim === 'number') content.varint(1, dim);
    else if (dim !== null) content.text(2, dim);
    content.text(3, denotations?.[axis]);
    out.message(1, content);
  }
  return out;
}
