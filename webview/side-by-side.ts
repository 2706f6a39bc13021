import { computed, type ReadonlySignal, signal } from '@preact/signals';
import { counterparts, type Side } from '../src/core/diff/counterparts.ts';
import type { NodeId } from '../src/core/graph/model.ts';
import type { Client } from '../src/protocol/rpc.ts';
import type { DocumentState, PanelName, ViewHostContract } from '../src/protocol/webview.ts';
import type { Mark } from './graph/graph-canvas.tsx';
import { createGraphPane } from './graph-pane.ts';
import { marksOf } from './node-link.ts';

interface Shown {
  readonly document: ReadonlySignal<DocumentState | null>;
  readonly version: ReadonlySignal<number | null>;
  readonly panel: ReadonlySignal<PanelName>;
  readonly selected: ReadonlySignal<NodeId | null>;
}

export type SideBySide = ReturnType<typeof createSideBySide>;

/** The comparison on view: which side of it the current version is, the other side's graph, and the marks on both. */
export function createSideBySide(host: Client<ViewHostContract>, { document, version, panel, selected }: Shown) {
  const sideBySide = signal(false);
  const comparison = computed(() => document.value?.comparison ?? null);
  /** Null when the version on view takes no part in the comparison. */
  const side = computed<Side | null>(() => {
    const { a, b } = comparison.value ?? {};
    if (version.value === null) return null;
    return b === version.value ? 'b' : a === version.value ? 'a' : null;
  });
  /** The version that the current one is compared with; null when that is another file. */
  const comparedVersion = computed(() => {
    const other = side.value && comparison.value![opposite(side.value)];
    return typeof other === 'number' ? other : null;
  });
  const otherVersion = computed(() => (sideBySide.value ? comparedVersion.value : null));
  const otherPane = createGraphPane(host, otherVersion);
  const otherSelected = computed(() => {
    if (selected.value === null || side.value === null) return null;
    return counterparts(comparison.value!.mapping, side.value, selected.value)[0] ?? selected.value;
  });
  /** The node of the version on view that belongs to a node of the other. */
  const counterpartOf = (node: NodeId): NodeId | null =>
    side.value === null ? null : (counterparts(comparison.value!.mapping, opposite(side.value), node)[0] ?? null);

  const showMarks = computed(() => panel.value === 'compare' || sideBySide.value);
  const marksFor = (which: (own: Side) => Side) =>
    computed<ReadonlyMap<NodeId, Mark>>(() =>
      showMarks.value && side.value ? marksOf(comparison.value!.mapping, which(side.value)) : new Map(),
    );
  return {
    sideBySide,
    comparison,
    side,
    comparedVersion,
    otherVersion,
    otherPane,
    otherSelected,
    counterpartOf,
    marks: marksFor((own) => own),
    otherMarks: marksFor(opposite),
  };
}

function opposite(side: Side): Side {
  return side === 'a' ? 'b' : 'a';
}
