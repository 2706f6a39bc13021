/** The node tests of the ONNX package, as `scripts/make-node-tests.py` packs them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { unzipSync } from 'fflate';

export interface NodeTest {
  readonly name: string;
  readonly model: Uint8Array;
  /** Serialized tensors in the order of the graph's inputs and outputs; none where they are large or no tensors. */
  readonly inputs: readonly Uint8Array[];
  readonly outputs: readonly Uint8Array[];
}

/** All of them, by name. */
export function readNodeTests(): readonly NodeTest[] {
  const files = unzipSync(gunzipSync(readFileSync(join(import.meta.dirname, 'fixtures/node-tests.zip.gz'))));
  const names = new Set(Object.keys(files).map((path) => path.split('/')[0]!));
  return Array.from(names, (name) => {
    const numbered = (kind: string) => {
      const found: Uint8Array[] = [];
      for (let index = 0; files[`${name}/${kind}_${index}.pb`]; index++)
        found.push(files[`${name}/${kind}_${index}.pb`]!);
      return found;
    };
    return { name, model: files[`${name}/model.onnx`]!, inputs: numbered('input'), outputs: numbered('output') };
  });
}
