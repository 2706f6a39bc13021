import { costOverlays } from '../core/cost/overlays.ts';
import { english } from '../core/english.ts';
import type { Overlay } from '../core/overlay.ts';
import { timeDifference } from '../core/profile/time-difference.ts';
import { matchNodes } from '../core/search/match.ts';
import { parseQuery } from '../core/search/query.ts';
import type { Handlers } from '../protocol/rpc.ts';
import type { OverlayRequest, VersionRef, WorkerContract } from '../protocol/worker.ts';
import type { Documents, Version } from './documents.ts';
import { mapVersions } from './mapping.ts';

type OverlayMethod = 'overlays' | 'overlay' | 'timeline' | 'samples' | 'search';

/** What there is to colour a version by, measured figures first, and the search over all of them. */
export function overlayHandlers(documents: Documents): Handlers<Pick<WorkerContract, OverlayMethod>> {
  const estimates = new WeakMap<Version, readonly Overlay[]>();
  const timeOf = (ref: VersionRef) =>
    documents
      .document(ref.document)
      .measured.get(ref.version)
      ?.overlays.find(({ id }) => id === 'time');
  /** By the time of the version that is coloured, which every profile makes anew: the other's, and how they differ. */
  const differences = new WeakMap<Overlay, { readonly other: Overlay; readonly difference: Overlay }>();
  const differenceOf = async ({ against, ...ref }: OverlayRequest): Promise<readonly Overlay[]> => {
    if (against === undefined || against === ref.version) return [];
    const [here, other] = [timeOf(ref), timeOf({ ...ref, version: against })];
    if (!here || !other) return [];
    const known = differences.get(here);
    if (known?.other === other) return [known.difference];
    const [a, b] = [against, ref.version].map((each) => {
      const version = documents.version({ ...ref, version: each });
      return { version, analysis: documents.analysis(version) };
    });
    const { pairs } = await mapVersions(a!, b!, true);
    const difference: Overlay = {
      id: 'difference',
      title: english`Time difference`,
      unit: 'ms',
      scale: 'diverging',
      values: timeDifference(pairs, here.values, other.values),
      basis: english`against ${a!.version.info.label}`,
    };
    differences.set(here, { other, difference });
    return [difference];
  };
  const overlaysOf = async (request: OverlayRequest): Promise<readonly Overlay[]> => {
    const { against: _, ...ref } = request;
    const version = documents.version(ref);
    let estimated = estimates.get(version);
    if (!estimated) {
      const { draft, sized } = documents.analysis(version);
      estimated = costOverlays(draft, sized);
      estimates.set(version, estimated);
    }
    const measured = documents.document(ref.document).measured.get(ref.version)?.overlays ?? [];
    return [...measured, ...(await differenceOf(request)), ...estimated];
  };
  return {
    overlays: async (request) =>
      (await overlaysOf(request)).map(({ values: _values, shared: _shared, ...description }) => description),
    overlay: async ({ id, ...request }) => {
      const found = (await overlaysOf(request)).find((overlay) => overlay.id === id);
      if (!found) throw new Error(english`There is no overlay ${id} for this version.`);
      return found;
    },
    samples: async ({ document, version }) => documents.document(document).measured.get(version)?.samples ?? null,
    timeline: async ({ document, version }) => documents.document(document).measured.get(version)?.timeline ?? null,
    search: async ({ query, ...ref }) => {
      const { draft, facts } = documents.analysis(documents.version(ref));
      const overlays = new Map((await overlaysOf(ref)).map((overlay) => [overlay.id, overlay]));
      return matchNodes(draft.graphs(), parseQuery(query), { facts, overlays });
    },
  };
}
