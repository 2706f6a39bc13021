import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { NodeId } from '../src/core/graph/model.ts';
import type { Client } from '../src/protocol/rpc.ts';
import type { ViewHostContract } from '../src/protocol/webview.ts';
import { type Resource, resource } from './resource.ts';

/** The search box: what was typed, what it found, and which hit is on view. */
export interface Finder {
  readonly query: Signal<string>;
  readonly hits: ReadonlySignal<ReadonlySet<NodeId>>;
  readonly found: Resource<Int32Array>;
  /** Place of the hit on view, from 0; −1 before the first step. */
  readonly at: ReadonlySignal<number>;
  /** Goes to the next or previous hit, around the end; null when there is none. */
  step(by: 1 | -1): NodeId | null;
}

const none: ReadonlySet<NodeId> = new Set();

/** A finder over the nodes of `version`. */
export function createFinder(host: Client<ViewHostContract>, version: ReadonlySignal<number | null>): Finder {
  const query = signal('');
  const question = computed(() =>
    version.value === null || query.value.trim() === '' ? null : { version: version.value, query: query.value.trim() },
  );
  const found = resource(
    () => question.value,
    (request, signal) => host.search(request, { signal }),
  );
  const hits = computed(() => (found.value.value ? new Set(found.value.value as Iterable<NodeId>) : none));
  // The place belongs to one list of hits; a new list starts before its first.
  const place = signal<{ readonly list: Int32Array | null; readonly at: number }>({ list: null, at: -1 });
  const at = computed(() => (place.value.list === found.value.value ? place.value.at : -1));

  const step = (by: 1 | -1) => {
    const list = found.value.value;
    if (!list || list.length === 0) return null;
    const next = at.value < 0 ? (by === 1 ? 0 : list.length - 1) : (at.value + by + list.length) % list.length;
    place.value = { list, at: next };
    return list[next] as NodeId;
  };
  return { query, hits, found, at, step };
}
