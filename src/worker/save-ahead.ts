import type { Model } from '../core/graph/model.ts';
import { type SaveOptions, type StagedModel, saveModel, stageModel } from './save-model.ts';

/** Saves a model that is likely to be the result while it is still verified. */
export interface SaveAhead {
  /** Begins to write `model` beside the target. */
  begin(model: Model): void;
  /** Puts `model` in the target's place, from what was written if it is the one that was begun. Rejects as `saveModel`. */
  save(model: Model): Promise<void>;
  /** Removes what was begun and not saved. Call it in any case. */
  close(): Promise<void>;
}

/** Waiting for the disk takes as long as running a small model a dozen times: both go on at the same time. */
export function saveAhead(path: string, options: SaveOptions): SaveAhead {
  let begun: { readonly model: Model; readonly staged: Promise<StagedModel> } | undefined;
  const close = async () => {
    const { staged } = begun ?? {};
    begun = undefined;
    // A failure to write shows when it is saved.
    const written = await staged?.catch(() => undefined);
    await written?.discard();
  };
  return {
    begin: (model) => {
      begun = { model, staged: stageModel(model, path, options) };
      begun.staged.catch(() => {});
    },
    save: async (model) => {
      const ready = begun?.model === model ? begun.staged : undefined;
      if (!ready) {
        await close();
        await saveModel(model, path, options);
        return;
      }
      begun = undefined;
      await (await ready).commit();
    },
    close,
  };
}
