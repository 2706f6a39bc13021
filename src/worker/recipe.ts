import { readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { assertUnreachable } from '../core/assert.ts';
import { english } from '../core/english.ts';
import type { Model } from '../core/graph/model.ts';
import { tensorsOf } from '../core/onnx/tensors-of.ts';
import {
  type ApplyReport,
  type ModelRecipe,
  type OptimizeStep,
  type PruneStep,
  parseRecipe,
  type QuantizeStep,
  RecipeError,
  type RecipeModel,
  type RecipeStep,
  recipeSchema,
} from '../core/report/recipe.ts';
import { hashData, hashFile } from './hash-file.ts';
import { modelIdentity } from './inspect.ts';
import { makeTemporaryFolder } from './model-source.ts';
import { type OpenedModel, openModel } from './open-model.ts';
import { type Optimized, type OptimizeOptions, optimizeModel } from './optimize.ts';
import type { MeasurementContext } from './profile.ts';
import { type PruneModelOptions, type PruneResult, pruneModel } from './prune.ts';
import { type QuantizeResult, quantizeModel } from './quantize.ts';
import { saveModel } from './save-model.ts';

/** A step before its data is hashed. Its path is one that can be opened. */
export type Unhashed<Step extends RecipeStep> = Omit<Step, 'data'> & { readonly data?: { readonly path: string } };

export interface RecordRequest {
  readonly source: OpenedModel;
  /** In the order in which they were done. */
  readonly steps: readonly (Unhashed<OptimizeStep> | Unhashed<QuantizeStep> | Unhashed<PruneStep>)[];
  /** The model that the last step wrote. */
  readonly output: string;
}

/** Writes the recipe of a model that was just made. */
export async function recordRecipe(
  path: string,
  { source, steps, output }: RecordRequest,
  context: Pick<MeasurementContext, 'manager' | 'opscope' | 'signal'>,
): Promise<void> {
  const fromRecipe = (target: string) =>
    relative(dirname(resolve(path)), resolve(target))
      .split(sep)
      .join('/');
  const recorded = async ({ data, ...rest }: RecordRequest['steps'][number]) =>
    ({
      ...rest,
      ...(data ? { data: { path: fromRecipe(data.path), sha256: await hashData(data.path) } } : {}),
    }) as RecipeStep;
  const recipe: ModelRecipe = {
    schema: recipeSchema,
    opscope: context.opscope,
    onnxruntime: await runtimeVersion(context),
    source: { path: fromRecipe(source.path), ...(await fingerprint(source)) },
    steps: await Promise.all(steps.map(recorded)),
    result: await fingerprintOf(output),
  };
  await writeFile(path, `${JSON.stringify(recipe, null, 2)}\n`);
}

/** A recipe from its file, with paths that can be opened. Rejects with `RecipeError`. */
export async function readRecipe(path: string): Promise<ModelRecipe> {
  const folder = dirname(resolve(path));
  const json = await readFile(path, 'utf8');
  let recipe: ModelRecipe;
  try {
    recipe = parseRecipe(json);
  } catch (error) {
    throw error instanceof RecipeError
      ? new RecipeError(english`${path} is not a usable recipe. ${error.message}`)
      : error;
  }
  return {
    ...recipe,
    source: { ...recipe.source, path: resolve(folder, recipe.source.path) },
    steps: recipe.steps.map((step) =>
      step.data ? { ...step, data: { ...step.data, path: resolve(folder, step.data.path) } } : step,
    ),
  };
}

export interface Replayed {
  readonly model: Model;
  readonly steps: ApplyReport['steps'];
  /** Removes what lies between the steps; the model's weights can no longer be read. */
  close(): Promise<void>;
}

/** Does the steps of a recipe to a model, one after the other, each on the file that the one before it would write. */
export async function replay(
  source: OpenedModel,
  steps: readonly RecipeStep[],
  context: MeasurementContext,
): Promise<Replayed> {
  const done: ApplyReport['steps'][number][] = [];
  const folder = await makeTemporaryFolder();
  const between: OpenedModel[] = [];
  const close = async () => {
    for (const each of between) await each.close();
    await folder.remove();
  };
  try {
    let opened = source;
    for (const [index, step] of steps.entries()) {
      const { model, report } = await runStep(opened, step, context);
      const noise = 'sqnrDb' in report ? { sqnrDb: report.sqnrDb } : {};
      done.push({ command: step.command, verdict: report.verdict, ...noise });
      if (index === steps.length - 1) return { model, steps: done, close };
      const path = join(folder.path, `step-${index + 1}.onnx`);
      await saveModel(model, path, { signal: context.signal, onProgress: context.onProgress });
      opened = await openModel(path);
      between.push(opened);
    }
    throw new RecipeError(english`The recipe has no steps.`);
  } catch (error) {
    await close();
    throw error;
  }
}

function runStep(opened: OpenedModel, step: RecipeStep, context: MeasurementContext) {
  switch (step.command) {
    case 'optimize':
      return runOptimizeStep(opened, step, context);
    case 'quantize':
      return runQuantizeStep(opened, step, context);
    case 'prune':
      return runPruneStep(opened, step, context);
    default:
      return assertUnreachable(step);
  }
}

/** Optimizes as a step says. The command does so too, so that what is recorded is what was done. */
export function runOptimizeStep(
  opened: OpenedModel,
  step: Unhashed<OptimizeStep>,
  { manager, opscope, signal, onProgress }: MeasurementContext,
  extra: Pick<OptimizeOptions, 'measure' | 'onCandidate'> = {},
): Promise<Optimized> {
  const { preset, passes, skip, targetOpset, keepOverridable, maxFoldGrowth, dims, seed, data, verify } = step;
  return optimizeModel(opened, {
    preset,
    ...(passes ? { passes } : {}),
    ...(skip ? { skip } : {}),
    ...(data ? { inputs: data.path } : {}),
    passOptions: {
      ...(targetOpset === undefined ? {} : { targetOpset }),
      ...(keepOverridable === undefined ? {} : { keepOverridable }),
      ...(maxFoldGrowth === undefined ? {} : { maxFoldGrowth }),
    },
    dims,
    verify,
    seed,
    manager,
    opscope,
    ...(signal ? { signal } : {}),
    ...(onProgress ? { onProgress } : {}),
    ...extra,
  });
}

async function runQuantizeStep(
  opened: OpenedModel,
  { command: _, data, dims, seed, ...choices }: QuantizeStep,
  context: MeasurementContext,
): Promise<QuantizeResult> {
  const target = { model: opened.model, path: opened.path, identity: await modelIdentity(opened) };
  const settings = { provider: 'cpu', threads: 0, timeLimit: 60, dims, seed };
  return quantizeModel(
    target,
    { ...choices, settings, ...(data ? { calibration: data.path } : {}), verify: true, measure: false },
    context,
  );
}

/** Prunes as a step says. The command does so too, with what it measures besides. */
export async function runPruneStep(
  opened: OpenedModel,
  { pattern, ratio, keep, minSqnr, dims, seed, data }: Unhashed<PruneStep>,
  context: MeasurementContext,
  besides: Partial<Pick<PruneModelOptions, 'labelled' | 'measure' | 'verify'>> & {
    readonly settings?: PruneModelOptions['settings'];
  } = {},
): Promise<PruneResult> {
  const target = { model: opened.model, path: opened.path, identity: await modelIdentity(opened) };
  const { settings = { provider: 'cpu', threads: 0, timeLimit: 60, dims, seed }, ...rest } = besides;
  const kept = new Set(keep);
  const exclude = opened.model.graph.nodes.filter(({ outputs }) => outputs.some((output) => kept.has(output)));
  return pruneModel(
    target,
    {
      pattern,
      ratio,
      exclude: exclude.map(({ id }) => id),
      settings: { ...settings, ...(data ? { inputs: data.path } : {}) },
      minSqnr,
      verify: true,
      measure: false,
      ...rest,
    },
    context,
  );
}

/** The version of the ONNX Runtime that a command works with. */
export async function runtimeVersion({
  manager,
  signal,
}: Pick<MeasurementContext, 'manager' | 'signal'>): Promise<string> {
  return (await manager.use(({ client }) => client.describe(undefined), { signal })).version;
}

/** What tells a model from any other: its file and the weights files that it names. */
export async function fingerprint({ path, model }: OpenedModel): Promise<RecipeModel> {
  const names = new Set<string>();
  for (const { external } of tensorsOf(model)) if (external) names.add(external.location);
  const weights: { readonly name: string; readonly sha256: string }[] = [];
  for (const name of [...names].sort()) weights.push({ name, sha256: await hashFile(join(dirname(path), name)) });
  const { size } = await stat(path);
  return { sha256: await hashFile(path), bytes: size, ...(weights.length > 0 ? { weights } : {}) };
}

/** `fingerprint` of the model in a file. */
export async function fingerprintOf(path: string): Promise<RecipeModel> {
  const opened = await openModel(path);
  try {
    return await fingerprint(opened);
  } finally {
    await opened.close();
  }
}

/** Whether two fingerprints are of the same bytes. */
export function sameModel(a: RecipeModel, b: RecipeModel): boolean {
  const sums = ({ sha256, weights = [] }: RecipeModel) => [sha256, ...weights.map((each) => each.sha256)].join(' ');
  return sums(a) === sums(b);
}
