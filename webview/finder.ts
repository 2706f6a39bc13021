import { computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { NodeId } from '../src/core/graph/model.ts';
import type { Client } from '../src/protocol/rpc.ts';
import type { ViewHostContract } from '../src/protocol/webview.ts';
import { resource } from './resource.ts';

/** Nodes that were marked without a query: what feeds a node, a path. */
export interface MarkedNodes {
  readonly title: string;
  /** What the steps go through. */
  readonly list: Int32Array;
  /** Nodes that are marked, too, but not stepped through. */
  readonly also?: Int32Array;
}

/** The search box: what was typed, what it found, and which hit is on view. */
export interface Finder {
  readonly query: Signal<string>;
  /** Shown instead of what a query finds; typing a query takes it away. */
  readonly marked: Signal<MarkedNodes | null>;
  /** Hits in table order; null while there is nothing to look for. */
  readonly list: ReadonlySignal<Int32Array | null>;
  readonly hits: ReadonlySignal<ReadonlySet<NodeId>>;
  /** What is wrong with the query. */
  readonly problem: ReadonlySignal<string | null>;
  /** Place of the hit on view, from 0; −1 before the first step. */
  readonly at: ReadonlySignal<number>;
  /** Whether what was typed last is still being looked for. */
  readonly pending: ReadonlySignal<boolean>;
  /** Goes to the next or previous hit, around the end; null when there is none. */
  step(by: 1 | -1): NodeId | null;
}

const none: ReadonlySet<NodeId> = new Set();

/** A finder over the nodes of `version`. */
export function createFinder(host: Client<ViewHostContract>, version: ReadonlySignal<number | null>): Finder {
  const query = signal('');
  const marked = signal<MarkedNodes | null>(null);
  const question = computed(() =>
    version.value === null || query.value.trim() === '' ? null : { version: version.value, query: query.value.trim() },
  );
  const found = resource(
    () => question.value,
    (request, signal) => host.search(request, { signal }),
  );
  effect(() => {
    if (query.value !== '') marked.value = null;
  });
  const list = computed(() => marked.value?.list ?? found.value.value);
  const hits = computed(() =>
    list.value ? new Set([...list.value, ...(marked.value?.also ?? [])] as Iterable<NodeId>) : none,
  );
  // The place belongs to one list of hits; a new list starts before its first.
  const place = signal<{ readonly list: Int32Array | null; readonly at: number }>({ list: null, at: -1 });
  const at = computed(() => (place.value.list === list.value ? place.value.at : -1));

  const step = (by: 1 | -1) => {
    const hit = list.value;
    if (!hit || hit.length === 0) return null;
    const next = at.value < 0 ? (by === 1 ? 0 : hit.length - 1) : (at.value + by + hit.length) % hit.length;
    place.value = { list: hit, at: next };
    return hit[next] as NodeId;
  };
  return { query, marked, list, hits, problem: found.problem, at, pending: found.pending, step };
}
