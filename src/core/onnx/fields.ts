/** What all messages have in common: texts, numbers, entries of maps, and fields that nothing here reads. */
import { english } from '../english.ts';
import type { ByteSource } from '../graph/byte-source.ts';
import type { Graph } from '../graph/model.ts';
import { memoryOf } from './memory.ts';
import type { ProblemList } from './problem-list.ts';
import { MalformedError } from './resident.ts';
import { decodeText } from './text.ts';
import type { Field, WireReader } from './wire.ts';

/** Opens a file that a tensor's external data names, relative to the model. Throws when it is refused or missing. */
export type ExternalFiles = (location: string) => ByteSource;

/** What decoding a tensor carries along. */
export interface TensorContext {
  readonly source: ByteSource;
  readonly wire: WireReader;
  readonly external: ExternalFiles;
  readonly problems: ProblemList;
}

/** What decoding a model carries along. */
export interface ReadContext extends TensorContext {
  /** Decodes a graph: attributes hold graphs, and graphs hold attributes. */
  readonly graph: (context: ReadContext, field: Field) => Graph;
  nextNodeId: number;
  depth: number;
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
