import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import type { OpenedModel } from '../worker/open-model.ts';
import type { SaveOptions } from '../worker/save-model.ts';

/** Where a command writes its model, and what it writes beside it. */
export interface WrittenModel {
  readonly output: string;
  /** The file beside the model that its weights go to. */
  readonly externalData?: string | undefined;
  readonly recipe?: string | undefined;
}

/** The option of commands that write a model. */
export function withExternalData(command: Command): Command {
  return command.option('--external-data <file>', 'write the weights to this file, beside the model');
}

/**
 * How the model is saved. Rejects, before anything is done, when one of the files is the source, holds the weights of
 * another model, or would be the recipe.
 */
export async function savingTo(
  opened: OpenedModel,
  { output, externalData, recipe }: WrittenModel,
): Promise<Pick<SaveOptions, 'weights' | 'externalName'>> {
  const { protectFromRecipe, protectSource, protectWeights } = await import('../worker/protect.ts');
  protectSource(opened, output, externalData);
  if (externalData) await protectWeights(output, externalData);
  if (recipe) protectFromRecipe(recipe, [opened.path, output, externalData && join(dirname(output), externalData)]);
  return externalData ? { weights: 'external', externalName: externalData } : {};
}
