import { computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { NodeId } from '../src/core/graph/model.ts';
import type { Scene } from '../src/core/layout/scene.ts';
import type { Client } from '../src/protocol/rpc.ts';
import type { ViewHostContract, ViewState } from '../src/protocol/webview.ts';
import type { Camera, GraphHandle } from './graph/graph-canvas.tsx';
import { type Resource, resource } from './resource.ts';

/** One graph on screen: which version, what is open in it, and where its window stands. */
export interface GraphPane {
  readonly version: ReadonlySignal<number | null>;
  readonly scene: Resource<Scene>;
  readonly open: Signal<ViewState['open']>;
  readonly asRun: Signal<boolean>;
  readonly camera: Signal<Camera | null>;
  /** Key of the box that the selection is on. */
  readonly focused: Signal<string | null>;
  /** Name of the value that is followed. */
  readonly followed: Signal<string | null>;
  readonly handle: Signal<GraphHandle | null>;
  toggleGroup(key: string): void;
  /** Opens all groups, or closes all when all are open. */
  toggleAll(): void;
  /** Brings a node into the window, opening the groups around it. */
  reveal(node: NodeId): Promise<void>;
}

/** A pane that shows `version`, asking `host` for its scenes. */
export function createGraphPane(host: Client<ViewHostContract>, version: ReadonlySignal<number | null>): GraphPane {
  const open = signal<ViewState['open']>('auto');
  const asRun = signal(false);
  const camera = signal<Camera | null>(null);
  const focused = signal<string | null>(null);
  const followed = signal<string | null>(null);
  const handle = signal<GraphHandle | null>(null);

  const question = computed(() =>
    version.value === null ? null : { version: version.value, open: open.value, asRun: asRun.value },
  );
  const scene = resource(
    () => question.value,
    (request, signal) => host.scene(request, { signal }),
  );

  const toggleGroup = (key: string) => {
    if (!scene.value.value) return;
    const frames = openGroups(scene.value.value);
    open.value = frames.includes(key) ? frames.filter((each) => each !== key) : [...frames, key];
  };

  const toggleAll = () => {
    handle.value?.keepMiddle();
    open.value = open.value === 'all' ? [] : 'all';
  };

  const reveal = async (node: NodeId) => {
    // A group that does not open, such as a kernel of several nodes, is asked for once.
    const tried = new Set<string>();
    for (;;) {
      const group = scene.value.value && closedGroupOf(scene.value.value, node);
      if (!group || tried.has(group)) break;
      tried.add(group);
      toggleGroup(group);
      await settled(scene);
    }
    handle.value?.reveal(node);
  };

  return { version, scene, open, asRun, camera, focused, followed, handle, toggleGroup, toggleAll, reveal };
}

/** Keys of the groups that are open in a scene, outer before inner. */
export function openGroups({ nodes }: Scene): string[] {
  return nodes.key.filter((_, index) => nodes.kind[index] === 'frame');
}

/** The closed group that hides a node; undefined when the node has a box, is a line in one, or is not in the scene. */
export function closedGroupOf({ nodes }: Scene, node: NodeId): string | undefined {
  const index = nodes.kind.findIndex(
    (kind, at) => kind === 'group' && (nodes.members[at]?.includes(node) || nodes.folded[at]?.includes(node)),
  );
  return nodes.key[index];
}

/** Resolves when nothing is being asked for. */
export function settled({ pending }: Pick<Resource<unknown>, 'pending'>): Promise<void> {
  return new Promise((resolve) => {
    const stop = effect(() => {
      if (!pending.value) queueMicrotask(() => stop());
      if (!pending.value) resolve();
    });
  });
}
