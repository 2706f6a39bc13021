import { unzipSync, zipSync } from 'fflate';
import { english } from '../english.ts';
import type { TensorValue } from '../evaluator.ts';
import { parseNpy, writeNpy } from './npy.ts';

/** Archives may unpack to this many bytes; a file that claims more is refused before memory is taken. */
const maxUnpackedBytes = 4 * 2 ** 30;

/** The arrays of a NumPy `.npz` archive by name. Throws with what is wrong when it is none. */
export function parseNpz(bytes: Uint8Array): Map<string, TensorValue> {
  let unpacked = 0;
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        unpacked += originalSize;
        if (unpacked > maxUnpackedBytes) throw new Error(english`The archive unpacks to more than 4 GB; split it.`);
        return name.endsWith('.npy');
      },
    });
  } catch (error) {
    throw new Error(`The .npz file could not be unpacked: ${error instanceof Error ? error.message : String(error)}`);
  }
  return new Map(Object.entries(files).map(([name, content]) => [name.slice(0, -'.npy'.length), parseNpy(content)]));
}

/** Arrays as a compressed `.npz` archive; the same arrays give the same bytes. */
export function writeNpz(arrays: ReadonlyMap<string, TensorValue>): Uint8Array {
  return zipSync(Object.fromEntries(Array.from(arrays, ([name, value]) => [`${name}.npy`, writeNpy(value)])), {
    mtime: '1980-01-01T00:00:00',
  });
}
