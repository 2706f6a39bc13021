/**
 * The event of one kernel, found in the bytes of its line. A trace has one for every node and run, hundreds of bytes
 * each; making texts of them all takes four times as long as this does.
 */
export interface KernelEvent {
  /** Microseconds since the session began. */
  readonly start: number;
  readonly duration: number;
  /** Index of the node in ONNX Runtime's own graph; −1 where the event does not say. */
  readonly index: number;
  /** Where its texts lie. */
  readonly bytes: Uint8Array;
  /** The name of the node, from here… */
  readonly nameFrom: number;
  readonly nameTo: number;
  /** `args`, its fields in another order every time, from here… */
  readonly detailsFrom: number;
  readonly detailsTo: number;
}

/** The name of the node that an event is of. */
export function nameOf({ bytes, nameFrom, nameTo }: KernelEvent): string {
  return decoder.decode(bytes.subarray(nameFrom, nameTo));
}

export function detailsOf({ bytes, detailsFrom, detailsTo }: KernelEvent): string {
  return decoder.decode(bytes.subarray(detailsFrom, detailsTo));
}

export function haveSameName(a: KernelEvent, b: KernelEvent): boolean {
  const length = a.nameTo - a.nameFrom;
  if (length !== b.nameTo - b.nameFrom) return false;
  // Names of neighbours differ at their ends.
  for (let back = 1; back <= length; back++) if (a.bytes[a.nameTo - back] !== b.bytes[b.nameTo - back]) return false;
  return true;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What is looked for, and by a byte that may be its last: how far on the next place is where it may end. */
interface Wanted {
  readonly text: Uint8Array;
  readonly shifts: Uint8Array;
}

function wanted(name: string): Wanted {
  const text = encoder.encode(name);
  const shifts = new Uint8Array(256).fill(text.length);
  for (let at = 0; at < text.length - 1; at++) shifts[text[at]!] = text.length - 1 - at;
  return { text, shifts };
}

const category = wanted('"cat"');
const duration = wanted('"dur"');
const start = wanted('"ts"');
const name = wanted('"name"');
const nameEnd = wanted('_kernel_time"');
const args = wanted('"args"');
const nodeIndex = wanted('"node_index"');
const space = 0x20;
const quote = 0x22;
const comma = 0x2c;
const zero = 0x30;
const nine = 0x39;
const colon = 0x3a;
const capitalN = 0x4e;

/** The event of a kernel whose line was read in another way; `details` are the text of its `args`. */
export function kernelEventOf(name: string, start: number, duration: number, details: string): KernelEvent {
  const nameTo = encoder.encode(name).length;
  const bytes = encoder.encode(name + details);
  const index = indexIn(bytes, nameTo, bytes.length);
  return { start, duration, index, bytes, nameFrom: 0, nameTo, detailsFrom: nameTo, detailsTo: bytes.length };
}

/** The event with bytes of its own that hold its name and no more, to be kept when all others have gone. */
export function withNameOnly(event: KernelEvent): KernelEvent {
  // A Buffer's own `slice` would not copy.
  const bytes = new Uint8Array(event.bytes.subarray(event.nameFrom, event.nameTo));
  return { ...event, bytes, nameFrom: 0, nameTo: bytes.length, detailsFrom: 0, detailsTo: 0 };
}

/**
 * The event of a kernel as ONNX Runtime writes it, `{"cat" : "Node",…,"dur" :12,"ts" :34,"ph" : "X","name"
 * :"…_kernel_time","args" : {…}},` in bytes `from` to `to`; undefined for what is another event or is written otherwise.
 */
export function kernelEvent(bytes: Uint8Array, from: number, to: number): KernelEvent | undefined {
  let at = valueAt(bytes, category, from, to);
  if (at < 0 || bytes[at] !== quote || bytes[at + 1] !== capitalN) return undefined;
  at = valueAt(bytes, duration, at, to);
  const took = integerAt(bytes, at, to);
  at = valueAt(bytes, start, at, to);
  const began = integerAt(bytes, at, to);
  at = valueAt(bytes, name, at, to);
  if (at < 0 || Number.isNaN(took + began) || bytes[at] !== quote) return undefined;
  // A name may hold quotes: it ends where `args` begins.
  const end = after(bytes, nameEnd, at + 1, to);
  if (end < 0) return undefined;
  const next = skip(bytes, end, to);
  const details = after(bytes, args, next, Math.min(to, next + args.text.length));
  if (details < 0) return undefined;
  return {
    start: began,
    duration: took,
    index: indexIn(bytes, details, to),
    bytes,
    nameFrom: at + 1,
    nameTo: end - nameEnd.text.length,
    detailsFrom: details,
    detailsTo: to,
  };
}

/** Index of the node in ONNX Runtime's own graph; −1 where the fields do not say. */
function indexIn(bytes: Uint8Array, from: number, to: number): number {
  const at = valueAt(bytes, nodeIndex, from, to);
  const index = integerAt(bytes, at >= 0 && bytes[at] === quote ? at + 1 : at, to);
  return Number.isNaN(index) ? -1 : index;
}

/** Where the value of a key begins; −1 where the key is not found. */
function valueAt(bytes: Uint8Array, key: Wanted, from: number, to: number): number {
  const at = from < 0 ? -1 : after(bytes, key, from, to);
  return at < 0 ? -1 : skip(bytes, at, to);
}

/** Where the first place of `wanted` ends; −1 where there is none. Looks at few bytes between (Horspool 1980). */
function after(bytes: Uint8Array, { text, shifts }: Wanted, from: number, to: number): number {
  const last = text.length - 1;
  for (let at = from + last; at < to; at += shifts[bytes[at]!]!) {
    let same = 0;
    while (same <= last && bytes[at - same] === text[last - same]) same++;
    if (same > last) return at + 1;
  }
  return -1;
}

/** Past blanks, a colon and a comma. */
function skip(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && (bytes[at] === space || bytes[at] === colon || bytes[at] === comma)) at++;
  return at;
}

/** NaN where no digit stands. */
function integerAt(bytes: Uint8Array, from: number, to: number): number {
  let value = Number.NaN;
  for (let at = from; at >= 0 && at < to && bytes[at]! >= zero && bytes[at]! <= nine; at++)
    value = (Number.isNaN(value) ? 0 : value * 10) + bytes[at]! - zero;
  return value;
}
