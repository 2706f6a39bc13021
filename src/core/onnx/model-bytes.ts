import { english } from '../english.ts';
import type { Model } from '../graph/model.ts';
import { encodeModel, piecesLength } from './encode-model.ts';
import type { Piece } from './message.ts';

/** Protobuf messages end at 2 GiB. */
export const maxMessageBytes = 2 ** 31 - 1;

/** A whole model in one buffer, external data taken in. Rejects above 2 GB. */
export function modelBytes(model: Model): Promise<Uint8Array> {
  return joinPieces(encodeModel(model, { placement: () => 'inline' }));
}

/** The pieces of a model in one buffer. Rejects above 2 GB. */
export async function joinPieces(pieces: readonly Piece[]): Promise<Uint8Array> {
  const length = piecesLength(pieces);
  if (length > maxMessageBytes)
    throw new Error(english`The model takes ${length} bytes; an ONNX file without external data ends at 2 GB.`);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece instanceof Uint8Array ? piece : await piece.read(0, piece.byteLength), at);
    at += piece.byteLength;
  }
  return bytes;
}
