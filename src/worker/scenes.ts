import { english } from '../core/english.ts';
import { buildHierarchy, type Hierarchy } from '../core/layout/hierarchy.ts';
import { layoutGraphInSteps } from '../core/layout/layout-graph.ts';
import type { Scene } from '../core/layout/scene.ts';
import type { SceneRequest, VersionRef } from '../protocol/worker.ts';
import { asRunScene } from './as-run.ts';
import type { Documents, Version } from './documents.ts';
import { pause } from './pause.ts';

/** What is known of the views of a version. */
interface Views {
  hierarchy?: Hierarchy;
  /** As it opens: asked for most, and the same every time. */
  opened?: Promise<Scene> | undefined;
  /** What was laid out last: where the next one keeps its order. */
  last?: Scene;
}

export interface Scenes {
  /** Lays a version out as it opens, once what was asked before is answered: it will be asked for first. */
  prepare(ref: VersionRef): void;
  scene(request: SceneRequest, signal: AbortSignal): Promise<Scene>;
  /** Resolves once the scene that a version opens with is there and sent, if it is being made: what one waits for is the graph. */
  afterFirst(ref: VersionRef): Promise<void>;
}

/** Lays versions out, a few milliseconds at a time; rejects when the signal aborts. */
export function sceneMaker(documents: Documents): Scenes {
  const known = new WeakMap<Version, Views>();
  const viewsOf = (version: Version): Views => {
    const found = known.get(version) ?? {};
    known.set(version, found);
    return found;
  };
  const layOut = (version: Version, open: SceneRequest['open'], signal?: AbortSignal): Promise<Scene> => {
    const { draft, facts } = documents.analysis(version);
    const views = viewsOf(version);
    views.hierarchy ??= buildHierarchy(draft.main, draft.functions);
    const { hierarchy, last } = views;
    const previous = typeof open === 'string' ? undefined : last;
    return layoutGraphInSteps({ main: draft.main, hierarchy, facts, open, signal, previous }, pause);
  };
  const opened = (version: Version): Promise<Scene> => {
    const views = viewsOf(version);
    // Shared by all who ask, so that no one's signal ends it.
    views.opened ??= pause()
      .then(() => layOut(version, 'auto'))
      .catch((error) => {
        views.opened = undefined;
        throw error;
      });
    return views.opened;
  };
  return {
    // What goes wrong goes wrong again for the one who asks.
    prepare: (ref) => void opened(documents.version(ref)).catch(() => {}),
    afterFirst: async (ref) => {
      const { opened: first } = viewsOf(documents.version(ref));
      await first?.catch(() => {});
      // Whoever asked for the scene is answered before the next work begins.
      if (first) await pause();
    },
    scene: async ({ open, asRun = false, ...ref }, signal) => {
      if (asRun) {
        const ran = documents.document(ref.document).measured.get(ref.version)?.asRun;
        if (!ran) throw new Error(english`Profile the model first: the graph as run comes from the profile.`);
        return asRunScene(ran, open, signal);
      }
      const version = documents.version(ref);
      const scene = await (open === 'auto' ? opened(version) : layOut(version, open, signal));
      viewsOf(version).last = scene;
      return scene;
    },
  };
}
