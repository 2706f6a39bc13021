import { writeFile } from 'node:fs/promises';
import { toHtml } from '../core/report/html.ts';
import { toMarkdown } from '../core/report/markdown.ts';
import { tuneDocument } from '../core/report/tune-document.ts';
import type { PackageKind } from '../protocol/worker.ts';
import { exportPackage } from './export-package.ts';
import { hashFile } from './hash-file.ts';
import { type OpenedModel, openModel } from './open-model.ts';
import type { MeasurementContext } from './profile.ts';
import { recordRecipe } from './recipe.ts';
import { saveModel } from './save-model.ts';
import type { Tuned } from './tune.ts';

/** Where the results of a search go, each as it is wanted. */
export interface TuneDelivery {
  readonly output?: string;
  /** Needs `output`, whose sum it names. */
  readonly recipe?: string;
  readonly html?: string;
  readonly markdown?: string;
  /** A new folder with the model and what runs it, with the settings that were found. Needs `output`. */
  readonly package?: string;
  readonly packageKind?: PackageKind;
}

/** Writes what came of a search. Gives whether there was a step to write a recipe of. */
export async function deliver(
  source: OpenedModel,
  { report, model, steps, measured }: Tuned,
  { output, recipe, html, markdown, package: folder, packageKind: kind = 'snippet' }: TuneDelivery,
  context: MeasurementContext,
): Promise<{ readonly recorded: boolean }> {
  const { signal, onProgress, opscope } = context;
  const recorded = recipe !== undefined && output !== undefined && steps.length > 0;
  if (output !== undefined) await saveModel(model, output, { signal, onProgress });
  if (recorded) await recordRecipe(recipe, { source, steps, output }, context);
  const document = tuneDocument(report);
  if (html !== undefined) await writeFile(html, toHtml(document));
  if (markdown !== undefined) await writeFile(markdown, toMarkdown(document));
  if (folder !== undefined && output !== undefined) {
    const written = await openModel(output);
    try {
      const request = { kind, folder, measured, sha256: await hashFile(output), ...(recorded ? { recipe } : {}) };
      await exportPackage(written, request, { opscope, signal, onProgress });
    } finally {
      await written.close();
    }
  }
  return { recorded };
}
