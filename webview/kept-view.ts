import { batch, computed, effect, type Signal } from '@preact/signals';
import type { NodeId } from '../src/core/graph/model.ts';
import type { Client } from '../src/protocol/rpc.ts';
import type { DocumentState, PanelName, ViewHostContract, ViewState } from '../src/protocol/webview.ts';
import type { GraphPane } from './graph-pane.ts';
import type { Sorting } from './widgets/data-table.tsx';

/** Where an editor keeps its own view. */
export interface ViewMemory {
  /** Null in an editor that has kept nothing yet. */
  read(): Partial<ViewState> | null;
  write(state: ViewState): void;
}

/** For a view that is shown once. */
export const noMemory: ViewMemory = { read: () => null, write: () => {} };

/** The parts of the view that are kept. */
interface KeptParts {
  readonly panel: Signal<PanelName>;
  readonly pane: Pick<GraphPane, 'open' | 'camera' | 'asRun'>;
  readonly selected: Signal<NodeId | null>;
  readonly overlayId: Signal<string | null>;
  readonly scales: Signal<ViewState['scales']>;
  readonly query: Signal<string>;
  readonly onlyHits: Signal<boolean>;
  readonly sideBySide: Signal<boolean>;
  readonly overviewShown: Signal<boolean>;
  readonly tableShown: Signal<boolean>;
  readonly tableSorting: Signal<Sorting | null>;
  readonly tableHeight: Signal<number>;
  readonly panelWidth: Signal<number>;
}

/** Keeps these parts in the editor's own memory, and with the host for editors that have none yet. */
export function createKeptView(
  host: Client<ViewHostContract>,
  memory: ViewMemory,
  isRestored: () => boolean,
  parts: KeptParts,
) {
  const viewState = computed<ViewState>(() => ({
    panel: parts.panel.value,
    open: parts.pane.open.value,
    camera: parts.pane.camera.value,
    selected: parts.selected.value,
    overlay: parts.overlayId.value,
    scales: parts.scales.value,
    query: parts.query.value,
    onlyHits: parts.onlyHits.value,
    asRun: parts.pane.asRun.value,
    sideBySide: parts.sideBySide.value,
    overviewShown: parts.overviewShown.value,
    tableShown: parts.tableShown.value,
    tableSorting: parts.tableSorting.value,
    tableHeight: parts.tableHeight.value,
    panelWidth: parts.panelWidth.value,
  }));

  const firstPanel = parts.panel.value;

  /** Takes up what was kept; what is not in it stays, and so does a panel that was asked for since. */
  const restore = (saved: Partial<ViewState>, { current, reports }: DocumentState) =>
    batch(() => {
      const kept = { ...viewState.value, ...saved };
      if (parts.panel.value === firstPanel) parts.panel.value = kept.panel;
      parts.pane.open.value = kept.open;
      parts.pane.camera.value = kept.camera;
      parts.selected.value = kept.selected;
      parts.overlayId.value = kept.overlay;
      parts.scales.value = kept.scales;
      parts.query.value = kept.query;
      parts.onlyHits.value = kept.onlyHits;
      // What ran is known as long as the profile that showed it.
      parts.pane.asRun.value = kept.asRun && reports[current]?.profile !== undefined;
      parts.sideBySide.value = kept.sideBySide;
      parts.overviewShown.value = kept.overviewShown;
      parts.tableShown.value = kept.tableShown;
      parts.tableSorting.value = kept.tableSorting;
      parts.tableHeight.value = kept.tableHeight;
      parts.panelWidth.value = kept.panelWidth;
    });

  /** Keeps the view `delay` milliseconds after it last changed, or at `flush` what has not been kept yet. */
  const keepViewState = (delay: number) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = () => {
      if (timer === undefined) return;
      clearTimeout(timer);
      timer = undefined;
      if (!isRestored()) return;
      memory.write(viewState.value);
      void host.saveViewState(viewState.value);
    };
    const stop = effect(() => {
      void viewState.value;
      clearTimeout(timer);
      timer = setTimeout(flush, delay);
    });
    return { flush, stop };
  };

  return { viewState, restore, keepViewState };
}
