/**
 * A recipe: how a model was made from another, so that it can be made again. It is kept as JSON, in which fields are
 * only ever added. SHA-256 sums are in hexadecimal; paths are relative to the recipe's folder.
 */
import { english } from '../english.ts';
import { type BlockMethod, blockMethods } from '../quantize/blocks.ts';
import { type QuantizedFormat, quantizedFormats } from '../quantize/formats.ts';
import { type NodeType, nodeTypes } from '../quantize/node-types.ts';
import { firstWrong, hash, isObject, number, oneOf, type Shape, sizes, text, whole, yesNo } from './json-shape.ts';
import type { Gate } from './junit.ts';
import type { CompareReport, LatencyComparison, PrunePattern, Verdict } from './report.ts';

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
  /** Bytes. */
  readonly maxFoldGrowth?: number;
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
  /** Layers were equalized first. */
  readonly equalize?: boolean;
  /** Type of what nodes read and give; uint8 when it is not said. */
  readonly activations?: 'uint8' | 'int8' | 'uint16' | 'int16';
  /** Activations have their zero point in the middle. */
  readonly symmetric?: boolean;
  /** Type of static weights; int8 when it is not said. */
  readonly weights?: 'int8' | 'uint8';
  /** Of the methods of the same names, where another than the default was asked for. */
  readonly percentile?: number;
  readonly movingAverageRate?: number;
  /** Conversions around float nodes, unless it says operators on integers. */
  readonly format?: QuantizedFormat;
  /** The share of the weights that became 0 first, or two of every four. */
  readonly prune?: number | '2:4';
  /** Strength of SmoothQuant, 0 to 1. */
  readonly smooth?: number;
  /** Weight-only: elements that share a scale, and how it is found. */
  readonly blockSize?: number;
  readonly blockMethod?: BlockMethod;
  /** First outputs of the nodes that stay float. */
  readonly keepFloat: readonly string[];
  /** Nodes with a type or number of scales of their own, by their first output. */
  readonly nodeTypes?: readonly { readonly output: string; readonly type: NodeType }[];
  /** Calibration data of the user's. */
  readonly data?: RecipeData;
  /** The data are images, prepared so: what `--image` was given. */
  readonly image?: string;
  readonly randomCalibration?: boolean;
  readonly dims: Readonly<Record<string, number>>;
  /** Of random calibration data. */
  readonly seed: number;
  /** The signal to noise, in dB, below which the outputs count as different. */
  readonly minSqnr: number;
}

/** Everything that decides the result of pruning. */
export interface PruneStep {
  readonly command: 'prune';
  readonly pattern: PrunePattern;
  /** The share that went, 0 to 1. */
  readonly ratio: number;
  /** First outputs of the nodes that stay as they are. */
  readonly keep: readonly string[];
  /** The signal to noise, in dB, below which the outputs count as different. */
  readonly minSqnr: number;
  readonly dims: Readonly<Record<string, number>>;
  /** Of the inputs that both models were compared on. */
  readonly seed: number;
  /** The user's data that both models were compared on. */
  readonly data?: RecipeData;
}

export type RecipeStep = OptimizeStep | QuantizeStep | PruneStep;

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
    /** Quantize and prune: the lowest signal to noise of an output; null when all are equal. */
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
    throw new RecipeError(english`This is not JSON.`);
  }
  if (isObject(value) && value.schema !== recipeSchema) {
    throw new RecipeError(english`Its schema is ${JSON.stringify(value.schema)}; this Opscope reads ${recipeSchema}.`);
  }
  const wrong = firstWrong(value, recipeShape, 'recipe');
  if (wrong) throw new RecipeError(english`${wrong} is missing or not what a recipe has there.`);
  const { steps } = value as ModelRecipe;
  if (steps.length === 0) throw new RecipeError(english`It has no steps.`);
  for (const [index, step] of steps.entries()) {
    if (!Object.hasOwn(stepShapes, step.command)) {
      throw new RecipeError(
        english`Step ${index + 1} is ${JSON.stringify(step.command)}, which this Opscope cannot replay.`,
      );
    }
    const bad = firstWrong(step, stepShapes[step.command], `steps[${index}]`);
    if (bad) throw new RecipeError(english`${bad} is missing or not what a recipe has there.`);
  }
  return value as ModelRecipe;
}

const fileName = (value: unknown) => text(value) && !/[/\\]|^\.\.?$/.test(value as string);

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
    'maxFoldGrowth?': whole,
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
    'equalize?': yesNo,
    'smooth?': number,
    'activations?': oneOf('uint8', 'int8', 'uint16', 'int16'),
    'symmetric?': yesNo,
    'weights?': oneOf('int8', 'uint8'),
    'percentile?': number,
    'movingAverageRate?': number,
    'format?': oneOf(...quantizedFormats),
    'prune?': (value: unknown) => number(value) || value === '2:4',
    'blockSize?': whole,
    'blockMethod?': oneOf(...blockMethods),
    keepFloat: [text],
    'nodeTypes?': [{ output: text, type: oneOf(...nodeTypes) }],
    'data?': dataShape,
    'image?': text,
    'randomCalibration?': yesNo,
    dims: sizes,
    seed: whole,
    minSqnr: number,
  },
  prune: {
    pattern: oneOf('channels', 'unstructured', '2:4'),
    ratio: number,
    keep: [text],
    minSqnr: number,
    dims: sizes,
    seed: whole,
    'data?': dataShape,
  },
};
