import { costOverlays } from '../core/cost/overlays.ts';
import { english } from '../core/english.ts';
import type { Overlay } from '../core/overlay.ts';
import { matchNodes } from '../core/search/match.ts';
import { parseQuery } from '../core/search/query.ts';
import type { Handlers } from '../protocol/rpc.ts';
import type { VersionRef, WorkerContract } from '../protocol/worker.ts';
import type { Documents, Version } from './documents.ts';

type OverlayMethod = 'overlays' | 'overlay' | 'timeline' | 'samples' | 'search';

/** What there is to colour a version by, measured figures first, and the search over all of them. */
export function overlayHandlers(documents: Documents): Handlers<Pick<WorkerContract, OverlayMethod>> {
  const estimates = new WeakMap<Version, readonly Overlay[]>();
  const overlaysOf = (ref: VersionRef): readonly Overlay[] => {
    const version = documents.version(ref);
    let estimated = estimates.get(version);
    if (!estimated) {
      const { draft, sized } = documents.analysis(version);
      estimated = costOverlays(draft, sized);
      estimates.set(version, estimated);
    }
    return [...(documents.document(ref.document).measured.get(ref.version)?.overlays ?? []), ...estimated];
  };
  return {
    overlays: async (ref) => overlaysOf(ref).map(({ values: _, ...description }) => description),
    overlay: async ({ id, ...ref }) => {
      const found = overlaysOf(ref).find((overlay) => overlay.id === id);
      if (!found) throw new Error(english`There is no overlay ${id} for this version.`);
      return found;
    },
    samples: async ({ document, version }) => documents.document(document).measured.get(version)?.samples ?? null,
    timeline: async ({ document, version }) => documents.document(document).measured.get(version)?.timeline ?? null,
    search: async ({ query, ...ref }) => {
      const { draft, facts } = documents.analysis(documents.version(ref));
      const overlays = new Map(overlaysOf(ref).map((overlay) => [overlay.id, overlay]));
      return matchNodes(draft.graphs(), parseQuery(query), { facts, overlays });
    },
  };
}
