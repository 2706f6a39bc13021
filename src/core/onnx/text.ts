/**
 * Names and other text of a model. Protobuf asks for UTF-8, and files do not always keep to it: a byte that is no part
 * of UTF-8 becomes a lone surrogate U+DC80…U+DCFF, which no valid text holds, and becomes that byte again when it is
 * written (the scheme of PEP 383).
 */
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

const escapedBytes = /[\udc80-\udcff]/u;

/** Bytes as text. `encodeText` gives the same bytes back, whatever they are. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return decodeEscaping(bytes);
  }
}

/** Text as UTF-8, escaped bytes as themselves. */
export function encodeText(text: string): Uint8Array {
  if (!escapedBytes.test(text)) return encoder.encode(text);
  const bytes: number[] = [];
  for (const character of text) {
    if (escapedBytes.test(character)) bytes.push(character.charCodeAt(0) & 255);
    else for (const byte of encoder.encode(character)) bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

function decodeEscaping(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    parts.push(
      length === 0 ? String.fromCharCode(0xdc00 + bytes[at]!) : strict.decode(bytes.subarray(at, at + length)),
    );
    at += Math.max(1, length);
  }
  return parts.join('');
}

/** Bytes of the UTF-8 sequence that begins here; 0 when none does (Unicode 16, table 3-7). */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length =
    first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  for (let index = 1; index < length; index++) {
    const byte = bytes[at + index] ?? 0;
    const low = index > 1 ? 0x80 : first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
    const high = index > 1 ? 0xbf : first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    if (byte < low || byte > high) return 0;
  }
  return length;
}
