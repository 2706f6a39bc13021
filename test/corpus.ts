/** The corpus of real models that tests use when it is at hand: `OPSCOPE_CORPUS`, by default `../shared/models`. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const corpusFolder = resolve(import.meta.dirname, '..', process.env.OPSCOPE_CORPUS ?? '../shared/models');

export const corpusPresent = existsSync(join(corpusFolder, 'MANIFEST.csv'));

if (!corpusPresent)
  console.warn(`No model corpus at ${corpusFolder}: tests over it are left out. Set OPSCOPE_CORPUS to its folder.`);

/** Paths of all models, relative to the folder; empty when the corpus is absent. */
export const corpusModels: readonly string[] = corpusPresent
  ? readFileSync(join(corpusFolder, 'MANIFEST.csv'), 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.split(',')[0]!)
      .filter((path) => path.endsWith('.onnx'))
  : [];

/** The path of the one corpus model whose path ends so. */
export function corpusModel(ending: string): string {
  const found = corpusModels.find((path) => path.endsWith(ending));
  if (!found) throw new Error(`No model of the corpus ends in ${ending}.`);
  return join(corpusFolder, found);
}

/** Paths of the models that come with the project. */
export const sampleModels: readonly string[] = ['image-classifier', 'log-classifier'].map((name) =>
  resolve(import.meta.dirname, '../samples', name, `${name}.onnx`),
);
