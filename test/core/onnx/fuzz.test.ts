/**
 * Damaged files: structure-aware mutations of real ones, with a fixed seed. Reading must end in a model or in a
 * `MalformedError`, soon and without taking memory. `OPSCOPE_FUZZ_CASES` runs more.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bufferSource } from '../../../src/core/graph/byte-source.ts';
import { Draft } from '../../../src/core/graph/draft.ts';
import { encodeModel, piecesLength } from '../../../src/core/onnx/encode-model.ts';
import { readModel } from '../../../src/core/onnx/read-model.ts';
import { MalformedError } from '../../../src/core/onnx/resident.ts';
import { type Field, WireReader } from '../../../src/core/onnx/wire.ts';
import { createRandom, type Random } from '../../../src/core/random.ts';
import { corpusFolder, corpusModels, sampleModels } from '../../corpus.ts';
import { readNodeTests } from '../../node-tests.ts';

const cases = Number(process.env.OPSCOPE_FUZZ_CASES ?? 20_000);
const largestSeed = 40_000;
const refuse = () => {
  throw new Error('No external files here.');
};

describe('damaged files', () => {
  it(`${cases} mutations end in a model or a clear refusal`, async () => {
    const seeds = await seedFiles();
    const random = createRandom(20261123);
    const before = process.memoryUsage().rss;
    let slowest = 0;
    let refused = 0;
    let read = 0;
    let mostMemory = 0;
    for (let index = 0; index < cases; index++) {
      const bytes = mutate(seeds[index % seeds.length]!, random);
      const start = performance.now();
      try {
        const { model } = await readModel(bufferSource(bytes), refuse);
        new Draft(model).graphs();
        piecesLength(encodeModel(model, { afresh: true }));
        read++;
      } catch (error) {
        if (!(error instanceof MalformedError)) throw new Error(`Case ${index}: ${(error as Error).stack}`);
        refused++;
      }
      slowest = Math.max(slowest, performance.now() - start);
      if (index % 500 === 0) mostMemory = Math.max(mostMemory, process.memoryUsage().rss - before);
    }
    // Both ends are reached, so the mutations are neither harmless nor hopeless.
    expect(read).toBeGreaterThan(cases / 20);
    expect(refused).toBeGreaterThan(cases / 20);
    expect(slowest).toBeLessThan(2000);
    expect(mostMemory).toBeLessThan(512 * 2 ** 20);
  }, 600_000);

  it('refuses graphs nested without end', async () => {
    let inner = Uint8Array.of(0x12, 1, 0x67);
    for (let depth = 0; depth < 1000; depth++) inner = nest(1, nest(5, nest(6, inner)));
    await expect(readModel(bufferSource(nest(7, inner)), refuse)).rejects.toThrow(MalformedError);
  });

  it('refuses more nodes or fields than memory would hold', async () => {
    const nodes = Buffer.alloc(2 * 1_000_000, Uint8Array.of(0x0a, 0));
    await expect(readModel(bufferSource(long(7, nodes)), refuse)).rejects.toThrow('more than 400 MB of memory');
    const fields = Buffer.alloc(2 * 50_000_000, Uint8Array.of(0x0a, 0));
    const reader = new WireReader([{ start: 0, end: fields.length, bytes: fields }]);
    const readAll = () => {
      for (const _ of reader.fields(0, fields.length));
    };
    expect(readAll).toThrow('more than 400 MB of memory');
  });

  it('does not take memory for what a tensor only declares', async () => {
    // dims: [2^40, 2^20], data_type: float32, name: w; no data
    const tensor = Uint8Array.of(
      0x08,
      0x80,
      0x80,
      0x80,
      0x80,
      0x80,
      0x20,
      0x08,
      0x80,
      0x80,
      0x40,
      0x10,
      1,
      0x42,
      1,
      0x77,
    );
    const { model, problems } = await readModel(bufferSource(nest(7, nest(5, tensor))), refuse);
    expect(model.graph.initializers.get('w')!.data.byteLength).toBe(0);
    expect(problems.map(({ code }) => code)).toContain('tensor-size');
  });
});

function nest(field: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([(field << 3) | 2, ...varint(content.length), ...content]);
}

/** The same of content too long to be spread. */
function long(field: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat([Uint8Array.from([(field << 3) | 2, ...varint(content.length)]), content]));
}

/** Small real files, the node tests of ONNX with every operator and kind of value among them; of the samples, the structure without the weights. */
async function seedFiles(): Promise<Uint8Array[]> {
  const files = readNodeTests()
    .map(({ model }) => model)
    .filter(({ length }) => length <= largestSeed);
  for (const name of corpusModels) {
    const path = join(corpusFolder, name);
    if ((await stat(path)).size <= largestSeed) files.push(await readFile(path));
  }
  for (const path of sampleModels) {
    const { model } = await readModel(bufferSource(await readFile(path)), refuse);
    const light = {
      ...model,
      graph: {
        ...model.graph,
        initializers: new Map([...model.graph.initializers].filter(([, { data }]) => data.byteLength < 256)),
      },
    };
    files.push(
      Buffer.concat(
        encodeModel(light, { afresh: true }).map((piece) => (piece instanceof Uint8Array ? piece : piece.bytes!)),
      ),
    );
  }
  return files;
}

/** One to four changes: mostly to a field at some depth, with the lengths around it put right, else to any byte. */
function mutate(seed: Uint8Array, random: Random): Uint8Array {
  let bytes: Uint8Array = seed.slice();
  for (let count = 1 + random.integer(4); count > 0 && bytes.length > 4; count--) {
    const kind = random.integer(16);
    if (kind === 0) bytes[random.integer(bytes.length)] = random.integer(256);
    else if (kind === 1) bytes = bytes.slice(0, random.integer(bytes.length));
    else bytes = mutateField(bytes, kind, random);
  }
  return bytes;
}

/** A field twice, gone, with other content, or elsewhere. */
function mutateField(bytes: Uint8Array, kind: number, random: Random): Uint8Array {
  const path = randomPath(bytes, random);
  const field = path.at(-1);
  if (!field) return bytes;
  const whole = bytes.subarray(field.start, field.to);
  const noise = Uint8Array.from(
    { length: Math.min(12, field.to - field.from) },
    () => [0, 1, 127, 128, 255, random.integer(256)][random.integer(6)]!,
  );
  if (kind < 5) return replaced(bytes, path, Buffer.concat([whole, whole]));
  if (kind < 8) return replaced(bytes, path, new Uint8Array(0));
  if (kind < 10) return replaced(bytes, path, bytes.subarray(...bounds(randomPath(bytes, random).at(-1) ?? field)));
  if (kind < 11) return replaced(bytes, path, Buffer.concat([bytes.subarray(field.start, field.from), noise]));
  if (field.wire === 0)
    return replaced(
      bytes,
      path,
      Buffer.concat([bytes.subarray(field.start, field.from), varint(random.integer(2 ** 31))]),
    );
  return replaced(
    bytes,
    path,
    Buffer.concat([
      bytes.subarray(field.start, field.from),
      noise,
      bytes.subarray(field.from + noise.length, field.to),
    ]),
  );
}

const bounds = ({ start, to }: Field): [number, number] => [start, to];

/** A field at a random depth with all that hold it, outermost first; shorter where the bytes cannot be parsed. */
function randomPath(bytes: Uint8Array, random: Random): Field[] {
  const wire = new WireReader([{ start: 0, end: bytes.length, bytes }]);
  const path: Field[] = [];
  let [from, to] = [0, bytes.length];
  for (let depth = random.integer(6); depth >= 0; depth--) {
    try {
      const fields = [...wire.fields(from, to)];
      if (fields.length === 0) break;
      const next = fields[random.integer(fields.length)]!;
      path.push(next);
      if (next.wire !== 2) break;
      [from, to] = [next.from, next.to];
    } catch {
      break;
    }
  }
  return path;
}

/** The bytes with the last field of the path replaced, and the lengths of all that hold it put right. */
function replaced(bytes: Uint8Array, path: readonly Field[], by: Uint8Array): Uint8Array {
  let content = by;
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const { start, to } = path[depth]!;
    const parent = path[depth - 1];
    const inside = Buffer.concat([
      bytes.subarray(parent?.from ?? 0, start),
      content,
      bytes.subarray(to, parent?.to ?? bytes.length),
    ]);
    content = parent ? Buffer.concat([varint((parent.number << 3) | 2), varint(inside.length), inside]) : inside;
  }
  return content;
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push(rest > 127 ? (rest & 127) | 128 : rest);
    rest >>>= 7;
  } while (rest > 0);
  return Uint8Array.from(bytes);
}
