/**
 * A recipe: how a model was made from another, so that it can be made again. It is kept as JSON, in which fields are
 * only ever added. SHA-256 sums are in hexadecimal; paths are relative to the recipe's folder.
 */
import type { Gate } from './junit.ts';
import type { CompareReport, LatencyComparison, Verdict } from './report.ts';

export const recipeSchema = 1;

/** A model's file and the weights files beside it, by name. */
export interface RecipeModel {
  readonly sha256: string;
  readonly bytes: number;
  readonly weights?: readonly { readonly name: string; readonly sha256: string }[];
}

/** Data that a step read: a file, or all files of a folder. */
export interface RecipeData {
  readonly path: string;
  readonly sha256: string;
}

/** Everything that decides the result of optimizing. */
export interface OptimizeStep {
  readonly command: 'optimize';
  readonly preset: 'exact' | 'default' | 'aggressive';
  readonly passes?: readonly string[];
  readonly skip?: readonly string[];
  readonly targetOpset?: number;
  readonly keepOverridable?: boolean;
  /** Symbolic dimension → size that the model was made for. */
  readonly dims: Readonly<Record<string, number>>;
  /** Of the inputs that both models were compared on. */
  readonly seed: number;
  /** The user's data that both models were compared on. */
  readonly data?: RecipeData;
  /** Rewrites that changed an output were taken back. */
  readonly verify: boolean;
}

/** Everything that decides the result of quantizing: what a search found, not that it searched. */
export interface QuantizeStep {
  readonly command: 'quantize';
  readonly scheme: string;
  readonly method: string;
  readonly perChannel: boolean;
  readonly reduceRange: boolean;
  readonly density: 'full' | 'lean';
  readonly correctBias: boolean;
  /** First outputs of the nodes that stay float. */
  readonly keepFloat: readonly string[];
  /** Calibration data of the user's. */
  readonly data?: RecipeData;
  readonly randomCalibration?: boolean;
  readonly dims: Readonly<Record<string, number>>;
  /** Of random calibration data. */
  readonly seed: number;
  /** The signal to noise, in dB, below which the outputs count as different. */
  readonly minSqnr: number;
}

export type RecipeStep = OptimizeStep | QuantizeStep;

export interface ModelRecipe {
  readonly schema: number;
  /** Versions that made the result. */
  readonly opscope: string;
  readonly onnxruntime: string;
  readonly source: RecipeModel & { readonly path: string };
  readonly steps: readonly RecipeStep[];
  readonly result: RecipeModel;
}

/** What came of replaying a recipe. */
export interface ApplyReport {
  readonly schema: number;
  readonly recipe: string;
  /** As it was when the recipe was written, or another model. */
  readonly source: RecipeModel & { readonly path: string; readonly same: boolean };
  /** Data that steps read. */
  readonly data: readonly (RecipeData & { readonly same: boolean })[];
  readonly steps: readonly {
    readonly command: RecipeStep['command'];
    readonly verdict: Verdict;
    /** Quantize: the lowest signal to noise of an output; null when all are equal. */
    readonly sqnrDb?: number | null;
  }[];
  readonly result: RecipeModel;
  /** The result is, byte for byte, the one that the recipe names. */
  readonly reproduced: boolean;
  /** What differs from when the recipe was written, each in a sentence. */
  readonly differences: readonly string[];
  readonly output?: string;
  readonly milliseconds: number;
}

/** What came of checking a recipe. */
export interface CheckReport extends Omit<ApplyReport, 'output'> {
  readonly passed: boolean;
  readonly gates: readonly Gate[];
  /** The result against the source, where the options ask for it. */
  readonly outputs?: CompareReport['outputs'];
  readonly latency?: LatencyComparison;
}

/** The text is no recipe that can be replayed; the message says what is wrong with it. */
export class RecipeError extends Error {
  override readonly name = 'RecipeError';
}

/** The recipe in a JSON text. Throws `RecipeError` for anything else. */
export function parseRecipe(json: string): ModelRecipe {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new RecipeError('This is not JSON.');
  }
  if (isObject(value) && value.schema !== recipeSchema) {
    throw new RecipeError(`Its schema is ${JSON.stringify(value.schema)}; this Opscope reads ${recipeSchema}.`);
  }
  const wrong = firstWrong(value, recipeShape, 'recipe');
  if (wrong) throw new RecipeError(`${wrong} is missing or not what a recipe has there.`);
  const { steps } = value as ModelRecipe;
  if (steps.length === 0) throw new RecipeError('It has no steps.');
  for (const [index, step] of steps.entries()) {
    if (!Object.hasOwn(stepShapes, step.command)) {
      throw new RecipeError(`Step ${index + 1} is ${JSON.stringify(step.command)}, which this Opscope cannot replay.`);
    }
    const bad = firstWrong(step, stepShapes[step.command], `steps[${index}]`);
    if (bad) throw new RecipeError(`${bad} is missing or not what a recipe has there.`);
  }
  return value as ModelRecipe;
}

/** What a value must be: a test, a list of such, or an object with these fields; `?` ends the name of one that may be absent. */
type Shape = ((value: unknown) => boolean) | readonly [Shape] | { readonly [name: string]: Shape };

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown) => typeof value === 'string' && value !== '';
const yesNo = (value: unknown) => typeof value === 'boolean';
const number = (value: unknown) => typeof value === 'number' && Number.isFinite(value);
const whole = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const hash = (value: unknown) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const oneOf =
  (...words: readonly string[]) =>
  (value: unknown) =>
    words.includes(value as string);
const fileName = (value: unknown) => text(value) && !/[/\\]|^\.\.?$/.test(value as string);
const sizes = (value: unknown) => isObject(value) && Object.values(value).every(whole);

const modelShape = { sha256: hash, bytes: whole, 'weights?': [{ name: text, sha256: hash }] } as const;
const dataShape = { path: text, sha256: hash };
const recipeShape: Shape = {
  opscope: text,
  onnxruntime: text,
  // The weights of a source may lie in folders beside it; those of a result are written, and only beside it.
  source: { ...modelShape, path: text },
  steps: [{ command: text }],
  result: { ...modelShape, 'weights?': [{ name: fileName, sha256: hash }] },
};
const stepShapes: Readonly<Record<RecipeStep['command'], Shape>> = {
  optimize: {
    preset: oneOf('exact', 'default', 'aggressive'),
    'passes?': [text],
    'skip?': [text],
    'targetOpset?': whole,
    'keepOverridable?': yesNo,
    dims: sizes,
    seed: whole,
    'data?': dataShape,
    verify: yesNo,
  },
  quantize: {
    scheme: text,
    method: text,
    perChannel: yesNo,
    reduceRange: yesNo,
    density: oneOf('full', 'lean'),
    correctBias: yesNo,
    keepFloat: [text],
    'data?': dataShape,
    'randomCalibration?': yesNo,
    dims: sizes,
    seed: whole,
    minSqnr: number,
  },
};

/** The path of the first thing that is not as it must be. */
function firstWrong(value: unknown, shape: Shape, path: string): string | undefined {
  if (typeof shape === 'function') return shape(value) ? undefined : path;
  if (isList(shape)) {
    if (!Array.isArray(value)) return path;
    for (const [index, each] of value.entries()) {
      const wrong = firstWrong(each, shape[0], `${path}[${index}]`);
      if (wrong) return wrong;
    }
    return undefined;
  }
  if (!isObject(value)) return path;
  for (const [field, inner] of Object.entries(shape)) {
    const name = field.replace(/\?$/, '');
    const found = Object.hasOwn(value, name) ? value[name] : undefined;
    if (found === undefined && name !== field) continue;
    const wrong = firstWrong(found, inner, `${path}.${name}`);
    if (wrong) return wrong;
  }
  return undefined;
}

const isList = (shape: Shape): shape is readonly [Shape] => Array.isArray(shape);
