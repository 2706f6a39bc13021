import { batch, type ReadonlySignal, type Signal } from '@preact/signals';
import type { NodeId } from '../src/core/graph/model.ts';
import type { PanelName } from '../src/protocol/webview.ts';
import type { Finder } from './finder.ts';
import { type GraphPane, settled } from './graph-pane.ts';
import { t } from './l10n.ts';
import type { SideBySide } from './side-by-side.ts';

interface ChoosingParts {
  readonly pane: GraphPane;
  readonly beside: SideBySide;
  readonly finder: Finder;
  readonly selected: Signal<NodeId | null>;
  readonly panel: Signal<PanelName>;
  readonly version: ReadonlySignal<number | null>;
  /** The version that the details of the selected node are of: another one where the node is gone. */
  readonly detailsVersion: ReadonlySignal<number | null>;
}

/** The one selection: what chooses a node or a box, and what then shows it. */
export function createChoosing({ pane, beside, finder, selected, panel, version, detailsVersion }: ChoosingParts) {
  /** Selects a node, or a box that is none, or nothing: the panel tells of whatever it is. */
  const select = (node: NodeId | null, box: string | null = null) => {
    selected.value = node;
    if ((node !== null || box !== null) && panel.value === 'summary') panel.value = 'node';
  };

  /** Selects a node and brings it, or the closed group that hides it, into the window. */
  const show = (node: NodeId) => {
    select(node);
    pane.handle.value?.reveal(node);
  };

  /** Selects a node and brings it into the window, opening the groups around it. One that is gone shows its details. */
  const reveal = async (node: NodeId) => {
    select(node);
    if (detailsVersion.value !== version.value) panel.value = 'node';
    await pane.reveal(node);
    const other = beside.otherSelected.value;
    if (other !== null && beside.otherVersion.value !== null) await beside.otherPane.reveal(other);
  };

  /** Chooses a node in the graph of the other version. */
  const selectOther = (node: NodeId | null) => {
    const partner = node === null ? null : beside.counterpartOf(node);
    select(partner ?? node);
    if (partner !== null) void pane.reveal(partner);
  };

  /** Opens or closes a group. A kernel that stands for several nodes opens as these nodes, marked in the model's own graph. */
  const openGroup = async (key: string) => {
    const nodes = pane.scene.value.value?.nodes;
    const box = nodes?.key.indexOf(key) ?? -1;
    const members = nodes?.members[box];
    if (!members || !key.startsWith('k')) return pane.toggleGroup(key);
    batch(() => {
      pane.asRun.value = false;
      finder.query.value = '';
      finder.marked.value = { title: t('Run as {0}', nodes.label[box]!), list: members.toSorted() };
    });
    await settled(pane.scene);
    const first = finder.step(1);
    if (first !== null) await reveal(first);
  };

  /** Goes to the next hit or the one before, and shows it. */
  const step = async (by: 1 | -1) => {
    // Enter right after the last letter means what that letter finds.
    await settled(finder);
    const node = finder.step(by);
    if (node !== null) await reveal(node);
  };

  return { select, show, reveal, selectOther, openGroup, step };
}
