import type { QuantizedModel, Scheme } from '../core/quantize/quantize-model.ts';
import type { ExplainedRewrite, QuantizeReport } from '../core/report/report.ts';
import { kernelUse } from './kernels-as-run.ts';
import { type NodeIds, withIds } from './node-ids.ts';
import { type OpenedModel, openModel } from './open-model.ts';
import { composed, explained, type Prepared } from './quantize-preparation.ts';
import { kernelsOf, type QuantizeOutcome, quantizeReport } from './quantize-report.ts';
import type { SearchResult } from './quantize-search.ts';
import type { QuantizeWork } from './quantize-work.ts';
import type { RuntimeManager } from './runtime-client.ts';

/** A candidate of a search that lies in a file, and what became known of it. */
export interface KeptCandidate {
  readonly label: string;
  readonly path: string;
  readonly ids: NodeIds;
  /** Nodes of the candidate → nodes of the model that was quantized. */
  readonly origins: Prepared['origins'];
  readonly rewrites: readonly ExplainedRewrite[];
  /** As if it had been asked for; which kernels are integer ones is found when it is opened. */
  readonly report: QuantizeReport;
  readonly scheme: Scheme;
  readonly prepared: Prepared;
  readonly quantized: Pick<QuantizedModel, 'nodes' | 'origins'>;
}

/** What a search tried, as it can be opened again while the folder it was kept in is there. */
export function keptCandidates(work: QuantizeWork, search: SearchResult, outcome: QuantizeOutcome): KeptCandidate[] {
  const { candidates } = search;
  return search.tried.map((each) => {
    const { label, file, ids, prepared, quantized, model, recipe, method = outcome.method, latency } = each;
    const { equalize, smooth, sqnrDb, verdict, metric } = each;
    const own: QuantizeOutcome = {
      ...outcome,
      recipe,
      method,
      quantized: { ...quantized, model },
      model,
      kernels: { nodes: 0, of: 0, islands: [] },
      error: { sqnrDb, verdict },
      errors: [],
      sensitivity: undefined,
      latency,
      judged: metric === undefined ? undefined : { share: metric, samples: outcome.judged?.samples ?? 0 },
      search: { candidates },
      accepted: each.within,
      decided: { ...outcome.decided, equalize, smooth },
    };
    return {
      label,
      path: file.path,
      ids,
      origins: composed(quantized.origins, prepared.origins),
      rewrites: [...prepared.rewrites, ...quantized.rewrites.map(explained)],
      report: quantizeReport({ ...work, prepared }, own),
      scheme: recipe.scheme,
      prepared,
      quantized,
    };
  });
}

/** A kept candidate with the model from its file, which stays open, and its whole report. Rejects when the file is gone. */
export async function openCandidate(
  { path, ids, report, scheme, prepared, quantized }: KeptCandidate,
  manager: RuntimeManager,
  signal?: AbortSignal,
): Promise<{ readonly file: OpenedModel; readonly report: QuantizeReport }> {
  const opened = await openModel(path);
  try {
    const model = withIds(opened.model, ids);
    const kernels = await kernelUse(manager, { ...quantized, model }, scheme, signal);
    return { file: { ...opened, model }, report: { ...report, ...kernelsOf(kernels, prepared) } };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
