import { zipSync } from 'fflate';
import type { TensorValue } from '../evaluator.ts';
import { writeNpy } from './npy.ts';

/** Arrays as a compressed `.npz` archive; the same arrays give the same bytes. */
export function writeNpz(arrays: ReadonlyMap<string, TensorValue>): Uint8Array {
  return zipSync(Object.fromEntries(Array.from(arrays, ([name, value]) => [`${name}.npy`, writeNpy(value)])), {
    mtime: '1980-01-01T00:00:00',
  });
}
