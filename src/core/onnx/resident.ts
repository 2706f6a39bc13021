/**
 * First pass over a model file: which bytes are structure, and which are the payload of tensors too large to keep.
 * Structure is loaded; payloads stay where they are.
 */
import { english } from '../english.ts';
import type { ByteSource } from '../graph/byte-source.ts';
import { mostMemory } from './memory.ts';

/** Tensors up to this many bytes stay in memory, so that passes can read them at once. */
export const residentTensorBytes = 4096;

/** A stretch of the file that is in memory. */
export interface Chunk {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

/** Fields under which tensors may lie, by message; the field's message, or `payload` for
 * what is left in the file: a tensor's data, and training information, which nothing here looks into. */
const paths: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  model: { 7: 'graph', 20: 'payload', 25: 'function' },
  function: { 7: 'node', 11: 'attribute' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: { 4: 'payload', 5: 'payload', 7: 'payload', 9: 'payload', 10: 'payload', 11: 'payload' },
};

/** The lists of an attribute, which the official library writes as one field an element, side by side. */
const listFields: ReadonlySet<number> = new Set([7, 8, 9]);
/** Lists of attributes that take more bytes stay in the file: those of large tree ensembles hold tens of millions. */
export const mostListBytes = 1 << 20;

/** Messages nested deeper than this are not opened: ONNX Runtime gives up long before. */
export const maxDepth = 200;

const windowBytes = 1 << 14;

/** Loads everything but the payloads of large tensors. Rejects with `MalformedError` when a length leaves its message. */
export async function loadStructure(source: ByteSource): Promise<readonly Chunk[]> {
  const payloads = await findPayloads(source);
  const structure = payloads.reduce((left, [from, to]) => left - (to - from), source.byteLength);
  if (structure > mostMemory) {
    throw new MalformedError(english`The file holds ${structure} bytes that are no weights, more than ${mostMemory}.`);
  }
  const chunks: Chunk[] = [];
  let start = 0;
  for (const [from, to] of [...payloads, [source.byteLength, source.byteLength] as const]) {
    if (from > start) chunks.push({ start, end: from, bytes: await source.read(start, from - start) });
    start = to;
  }
  return chunks;
}

/** The bytes are not a protobuf message of the expected form. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
}

async function findPayloads(source: ByteSource): Promise<[number, number][]> {
  const payloads: [number, number][] = [];
  // One buffer for all windows: fresh ones would make up a fifth of the memory that opening a model takes.
  const memory = new Uint8Array(windowBytes);
  let window: Uint8Array = new Uint8Array(0);
  let windowStart = 0;
  let position = 0;
  const total = source.byteLength;

  const isAtHand = (count: number) => {
    const from = position - windowStart;
    return from >= 0 && from + Math.min(count, total - position) <= window.length;
  };
  const load = async () => {
    windowStart = position;
    window = await source.read(position, Math.min(windowBytes, total - position), memory);
  };
  const varint = (): number => {
    let value = 0;
    let scale = 1;
    for (let index = 0; index < 10; index++) {
      const byte = window[position - windowStart];
      if (byte === undefined) throw new MalformedError(english`The file ends in the middle of a number.`);
      position++;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    throw new MalformedError(english`A number in the file is longer than 10 bytes.`);
  };

  /** The elements of a list that lie side by side, up to where the scan is. */
  let list = { tag: 0, from: 0, to: 0 };
  const follow = (tag: number, start: number) => {
    if (tag === list.tag && start === list.to) list.to = position;
    else {
      if (list.to - list.from > mostListBytes) payloads.push([list.from, list.to]);
      list = { tag, from: start, to: tag === 0 ? start : position };
    }
  };

  const stack: { readonly end: number; readonly message: string }[] = [{ end: total, message: 'model' }];
  while (stack.length > 0) {
    const { end, message } = stack.at(-1)!;
    if (position === end) {
      follow(0, position);
      stack.pop();
      continue;
    }
    // Waiting for what is there already takes longer than all the rest.
    if (!isAtHand(20)) await load();
    const start = position;
    const tag = varint();
    const field = Math.floor(tag / 8);
    const isList = message === 'attribute' && listFields.has(field);
    if (!isList) follow(0, start);
    switch (tag % 8) {
      case 0:
        varint();
        break;
      case 1:
        position += 8;
        break;
      case 5:
        position += 4;
        break;
      case 2: {
        const length = varint();
        if (length > end - position) throw new MalformedError(english`A length in the file reaches beyond its end.`);
        const inside = length > residentTensorBytes ? paths[message]![field] : undefined;
        if (inside === 'payload') payloads.push([position, position + length]);
        if (inside !== undefined && inside !== 'payload' && stack.length < maxDepth)
          stack.push({ end: position + length, message: inside });
        else position += length;
        break;
      }
      default:
        throw new MalformedError(english`The file holds an unknown kind of field (${tag % 8}).`);
    }
    if (position > stack.at(-1)!.end)
      throw new MalformedError(english`A field in the file reaches beyond its message.`);
    if (isList) follow(tag, start);
  }
  return payloads;
}
