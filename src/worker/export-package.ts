import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { assertUnreachable } from '../core/assert.ts';
import { english } from '../core/english.ts';
import { ExportError, type ExportedModel } from '../core/export/exported-model.ts';
import { readMeasurement } from '../core/export/measurement.ts';
import { mlflowFiles } from '../core/export/mlflow.ts';
import { modelCard } from '../core/export/model-card.ts';
import { programs } from '../core/export/programs.ts';
import { tritonConfig } from '../core/export/triton.ts';
import { toMarkdown } from '../core/report/markdown.ts';
import type { ModelRecipe } from '../core/report/recipe.ts';
import { reportSchema } from '../core/report/report.ts';
import type { Progress } from '../protocol/rpc.ts';
import type { ExportPackageReport, ExportPackageRequest, PackageKind, VersionRef } from '../protocol/worker.ts';
import { hashFile } from './hash-file.ts';
import { inspectModel } from './inspect.ts';
import type { OpenedModel } from './open-model.ts';
import { readRecipe } from './recipe.ts';
import { saveModel } from './save-model.ts';

export interface PackageRequest extends Omit<ExportPackageRequest, keyof VersionRef> {
  /** The file of the recipe that made it. */
  readonly recipe?: string;
  /** Of the model's file, when it has one: what a measurement and a recipe say they are of is held against it. */
  readonly sha256?: string;
}

interface PackageContext {
  readonly opscope: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

const modelFile = 'model.onnx';

/**
 * Writes a model with what a server, a registry or a program needs beside it. The folder is whole or not there: it is
 * made under another name first. Rejects with an `ExportError` when the model cannot be packed so.
 */
export async function exportPackage(
  opened: OpenedModel,
  { kind, measured, recipe, sha256, ...request }: PackageRequest,
  { opscope, signal, onProgress }: PackageContext,
): Promise<ExportPackageReport> {
  const folder = resolve(request.folder);
  const name = basename(folder);
  await mustBeFree(folder);
  const modelFolder = kind === 'triton' ? '1' : '.';
  await mkdir(dirname(folder), { recursive: true });
  const temporary = join(dirname(folder), `.${name}.${randomUUID().slice(0, 8)}.tmp`);
  try {
    await mkdir(join(temporary, modelFolder), { recursive: true });
    const saved = await saveModel(opened.model, join(temporary, modelFolder, modelFile), { signal, onProgress });
    onProgress?.({ message: english`Hashing` });
    const files = await Promise.all(saved.files.map(describeFile));
    const { inputs, outputs, parameters, model } = await inspectModel(opened);
    const facts: ExportedModel = {
      name,
      inputs,
      outputs,
      opsets: model.opsets,
      irVersion: model.irVersion,
      parameters,
      files,
      ...(recipe === undefined ? {} : { recipe: await recipeOf(recipe, sha256) }),
      ...(measured === undefined ? {} : { measured: readMeasurement(measured, { inputs, outputs }, sha256) }),
      opscope,
      date: new Date().toISOString(),
    };
    const texts = { ...textsOf(kind, facts), 'README.md': toMarkdown(modelCard(facts)) };
    for (const [path, text] of Object.entries(texts)) await writeFile(join(temporary, path), text);
    signal?.throwIfAborted();
    await rename(temporary, folder);
    return {
      schema: reportSchema,
      model: model.path,
      kind,
      output: request.folder,
      files: [...files.map((file) => ({ ...file, name: join(modelFolder, file.name) })), ...sizes(texts)],
    };
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/** The files beside the model, by their paths in the package. */
function textsOf(kind: PackageKind, model: ExportedModel): Readonly<Record<string, string>> {
  switch (kind) {
    case 'triton':
      return { 'config.pbtxt': tritonConfig(model) };
    case 'mlflow':
      return mlflowFiles(model);
    case 'snippet': {
      const { python, javascript, csharp } = programs(model, modelFile);
      return { 'run.py': python, 'run.mjs': javascript, 'run.cs': csharp };
    }
    default:
      return assertUnreachable(kind);
  }
}

/** Refuses a folder that has files in it already, or whose name cannot be that of a model. */
export async function mustBeFree(folder: string): Promise<void> {
  const name = basename(folder);
  if (!/^\w[\w.-]*$/.test(name)) {
    throw new ExportError(english`${name} is no name for a model: use letters, digits, dots, dashes and underscores.`);
  }
  let found: readonly string[];
  try {
    found = await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (found.length > 0)
    throw new ExportError(english`The folder ${folder} is not empty. Name one that is, or a new one.`);
}

async function describeFile(path: string): Promise<ExportedModel['files'][number]> {
  return { name: basename(path), bytes: (await stat(path)).size, sha256: await hashFile(path) };
}

/** A recipe is kept with a model only when it made that model. */
async function recipeOf(path: string, sha256: string | undefined): Promise<ModelRecipe> {
  const recipe = await readRecipe(path);
  if (recipe.result.sha256 === sha256) return recipe;
  throw new ExportError(
    english`${path} is the recipe of another model. Leave it out, or make the model again with it.`,
  );
}

const sizes = (texts: Readonly<Record<string, string>>) =>
  Object.entries(texts).map(([name, text]) => ({ name, bytes: Buffer.byteLength(text) }));
