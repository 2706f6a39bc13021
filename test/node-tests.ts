/** The node tests of ONNX 1.23, made by scripts/node-tests.ts: models of every operator, as the official library writes them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { WireReader } from '../src/core/onnx/wire.ts';

export interface NodeTest {
  readonly name: string;
  readonly model: Uint8Array;
  /** Serialized tensors in the order of the graph's inputs; none where they are large or no tensors. */
  readonly inputs: readonly Uint8Array[];
  /** What the model has to give for them, in the order of the graph's outputs. */
  readonly outputs: readonly Uint8Array[];
}

/** All of them, by name. */
export function readNodeTests(): readonly NodeTest[] {
  const archive = brotliDecompressSync(readFileSync(join(import.meta.dirname, 'fixtures/node-tests.br')));
  const wire = new WireReader([{ start: 0, end: archive.length, bytes: archive }]);
  return [...wire.fields(0, archive.length)].map(({ from, to }) => {
    const fields = [...wire.fields(from, to)];
    const contents = (number: number) =>
      fields.filter((field) => field.number === number).map((field) => wire.bytes(field.from, field.to));
    const name = new TextDecoder().decode(contents(1)[0]);
    return { name, model: contents(2)[0]!, inputs: contents(3), outputs: contents(4) };
  });
}
