import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { english } from '../core/english.ts';
import type { Model } from '../core/graph/model.ts';
import { encodeModel } from '../core/onnx/encode-model.ts';
import type { Checkpoint, PassState } from '../core/quantize/calibration.ts';
import { firstWrong, hash, text, whole } from '../core/report/json-shape.ts';
import { InputError } from './inputs.ts';
import { explainWriting, targetOf } from './write-file.ts';

/** Where passes over calibration data stand, kept in a file so that an interrupted one goes on from there. */
export interface CalibrationCache {
  /** The pass that these words tell from every other of this model and these data. */
  checkpoint(model: Model, pass: readonly string[]): Promise<Checkpoint>;
}

const schema = 1;
/** Weights are hashed so many bytes at a time. */
const pieceBytes = 1 << 22;

interface StoredPass {
  /** SHA-256 of model, data and what is measured. */
  readonly key: string;
  readonly samples: number;
  /** Numbers as 64-bit floats, little-endian, in base64: ranges stay what they are to the bit. */
  readonly numbers: string;
}

const passShape = { key: hash, samples: whole, numbers: (value: unknown) => value === '' || text(value) };

/**
 * The cache in a file, which need not exist yet. `data` names the calibration data, and how it is prepared. A file that is
 * no cache is never written over: rejects with `InputError`.
 */
export async function openCalibrationCache(path: string, data: readonly string[]): Promise<CalibrationCache> {
  const passes = await readPasses(path);
  const models = new WeakMap<Model, string>();
  const modelKey = async (model: Model): Promise<string> => {
    const known = models.get(model) ?? (await hashModel(model));
    models.set(model, known);
    return known;
  };
  return {
    checkpoint: async (model, pass) => {
      const key = sha256([await modelKey(model), ...data, ...pass]);
      const stored = passes.get(key);
      return {
        from: stored && { samples: stored.samples, numbers: decode(stored.numbers) },
        save: async ({ samples, numbers }: PassState) => {
          passes.set(key, { key, samples, numbers: encode(numbers) });
          await writePasses(path, [...passes.values()]);
        },
      };
    },
  };
}

async function readPasses(path: string): Promise<Map<string, StoredPass>> {
  const json = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (json === undefined) return new Map();
  const refusal = new InputError(
    english`${path} is no calibration cache of this Opscope. Name another file, or remove it.`,
  );
  let value: { readonly schema?: unknown; readonly passes?: readonly StoredPass[] };
  try {
    value = JSON.parse(json);
  } catch {
    throw refusal;
  }
  if (firstWrong(value, { schema: (each) => each === schema, passes: [passShape] }, 'cache')) throw refusal;
  return new Map(value.passes!.map((pass) => [pass.key, pass]));
}

/** Beside the file first: whoever is interrupted here has the one or the other, whole. */
async function writePasses(path: string, passes: readonly StoredPass[]): Promise<void> {
  try {
    const target = (await targetOf(path)).path;
    const beside = `${target}.${process.pid}.part`;
    await writeFile(beside, `${JSON.stringify({ schema, passes })}\n`);
    await rename(beside, target);
  } catch (error) {
    throw explainWriting(error, path);
  }
}

function sha256(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** SHA-256 of the model as it would be written, weights included, read a piece at a time. */
async function hashModel(model: Model): Promise<string> {
  const sum = createHash('sha256');
  for (const piece of encodeModel(model, { placement: () => 'inline' })) {
    if (piece instanceof Uint8Array) sum.update(piece);
    else
      for (let at = 0; at < piece.byteLength; at += pieceBytes)
        sum.update(await piece.read(at, Math.min(pieceBytes, piece.byteLength - at)));
  }
  return sum.digest('hex');
}

function encode(numbers: Float64Array): string {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString('base64');
}

function decode(text: string): Float64Array {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  return new Float64Array(bytes.buffer, 0, Math.floor(bytes.length / 8));
}
