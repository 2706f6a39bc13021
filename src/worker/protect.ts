import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { english } from '../core/english.ts';
import { tensorsOf } from '../core/onnx/tensors-of.ts';
import { type OpenedModel, openModel } from './open-model.ts';

/** A file that must not be written, because it is what something else is made of. */
export class ProtectedFileError extends Error {
  override readonly name = 'ProtectedFileError';
}

/**
 * Before a model is written: refuses a target that is the source itself or one of its weights files, however either is
 * reached. `weightsName` is the name of the weights file beside the output, when one will be written.
 */
export function protectSource(opened: OpenedModel, output: string, weightsName?: string): void {
  if (weightsName !== undefined && basename(weightsName) !== weightsName) {
    throw new ProtectedFileError(
      english`The weights file lies beside the model: give --external-data a name without folders.`,
    );
  }
  const sources = new Set([real(opened.path)]);
  for (const { external } of tensorsOf(opened.model)) {
    if (external) sources.add(real(join(dirname(opened.path), external.location)));
  }
  const targets = [output, join(dirname(output), weightsName ?? `${basename(output)}.data`)];
  for (const target of targets) {
    if (sources.has(real(target)))
      throw new ProtectedFileError(english`${target} belongs to the model itself. Name another file to write.`);
  }
}

/**
 * Before weights are written to a file of a name that was asked for: refuses one that is there already, unless the
 * model that is about to be replaced keeps its weights in it: it may hold those of another model.
 */
export async function protectWeights(output: string, weights: string): Promise<void> {
  if (weights === basename(output))
    throw new ProtectedFileError(english`${output} is where the weights go. Name another file.`);
  if (!existsSync(join(dirname(output), weights)) || (await keepsWeightsIn(output, weights))) return;
  throw new ProtectedFileError(
    english`There is a file ${weights} beside ${output} already, which may hold the weights of another model. Name another file, or write to another folder.`,
  );
}

async function keepsWeightsIn(path: string, weights: string): Promise<boolean> {
  if (!existsSync(path)) return false;
  try {
    const opened = await openModel(path);
    await opened.close();
    return [...tensorsOf(opened.model)].some(({ external }) => external?.location === weights);
  } catch {
    return false;
  }
}

/** Before a recipe is written: refuses a place where a model is or will be, and one in a folder that there is not. */
export function protectFromRecipe(recipe: string, models: readonly (string | undefined)[]): void {
  if (models.some((path) => path !== undefined && real(path) === real(recipe))) {
    throw new ProtectedFileError(english`${recipe} is a file of the model. Name another file for the recipe.`);
  }
  if (!existsSync(dirname(resolve(recipe))))
    throw new ProtectedFileError(english`The folder of ${recipe} does not exist.`);
}

/** A path with links followed, where there is something. */
function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}
