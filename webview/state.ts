/**
 * Everything the view knows, as signals: usable and testable without a component. The host sends the document's state
 * whole; what is asked for piece by piece (scene, table, overlays, details, hits) is a resource that asks again when
 * what it depends on changes.
 */

import { batch, computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import type { NodeId } from '../src/core/graph/model.ts';
import type { Overlay } from '../src/core/overlay.ts';
import type { Client } from '../src/protocol/rpc.ts';
import { CancelledError } from '../src/protocol/rpc.ts';
import type { DocumentState, JobState, PanelName, ViewHostContract, ViewState } from '../src/protocol/webview.ts';
import type { RunSettings } from '../src/protocol/worker.ts';
import { engineText, translatedOverlay } from './engine-texts.ts';
import { createFinder } from './finder.ts';
import { createForms, fillIn, sweepAxes } from './forms.ts';
import { createGraphPane, settled } from './graph-pane.ts';
import { t } from './l10n.ts';
import { quantizeRequest } from './quantize-fields.ts';
import { type Direction, reach } from './reach.ts';
import { resource } from './resource.ts';
import { createSideBySide } from './side-by-side.ts';
import type { Sorting } from './widgets/data-table.tsx';

export const panelNames: readonly PanelName[] = ['summary', 'node', 'profile', 'optimize', 'quantize', 'compare'];

/** Jobs that the view can start, and start again after they failed. */
export type StartedJob = 'profile' | 'sweep' | 'optimize' | 'quantize' | 'compare';

export type State = ReturnType<typeof createState>;

/** The view's state over a host. Nothing is asked before `start`. */
export function createState(host: Client<ViewHostContract>) {
  const document = signal<DocumentState | null>(null);
  const openProblem = signal<string | null>(null);
  const version = computed(() => document.value?.current ?? null);
  const job = computed(() => document.value?.job ?? null);
  const reports = computed(() => document.value?.reports[document.value.current] ?? null);
  const settings = signal<RunSettings | null>(null);
  const rejected = signal<{ readonly job: JobState['kind']; readonly message: string } | null>(null);

  const panel = signal<PanelName>('summary');
  const panelWidth = signal(400);
  const tableHeight = signal(200);
  const tableShown = signal(true);
  const tableSorting = signal<Sorting | null>(null);
  const helpShown = signal(false);
  const selected = signal<NodeId | null>(null);
  const overlayId = signal<string | null>(null);
  const forms = createForms();

  /** Changes when a job has added to what is known of the version on view. */
  const knowledge = computed(() => `${version.value}:${reportKey(reports.value)}`);
  const ask = () => (version.value === null ? null : knowledge.value);
  const current = () => ({ version: version.value! });

  // The worker answers in the order it is asked: what one waits for is the graph.
  const pane = createGraphPane(host, version);
  const summary = resource(
    () => version.value,
    (asked, signal) => host.summary({ version: asked }, { signal }),
  );
  const table = resource(
    () => version.value,
    (asked, signal) => host.nodeTable({ version: asked }, { signal }),
  );
  const overlays = resource(ask, async (_, signal) =>
    (await host.overlays(current(), { signal })).map(translatedOverlay),
  );
  /** Every overlay with its values: the columns of the operator table. */
  const columns = resource(
    () => overlays.value.value,
    (list, signal) =>
      Promise.all(list.map(async ({ id }) => translatedOverlay(await host.overlay({ ...current(), id }, { signal })))),
  );
  const overlay = computed(() => columns.value.value?.find(({ id }) => id === overlayId.value) ?? null);

  /** One run of the last profile; asked for where it is shown. */
  const timeline = resource(
    () => (panel.value === 'profile' && reports.value?.profile ? knowledge.value : null),
    (_, signal) => host.timeline(current(), { signal }),
  );

  /** Asked for once a panel shows where a run may go. */
  const runsShown = computed(
    () => Boolean(document.value?.trusted) && panel.value !== 'summary' && panel.value !== 'node',
  );
  const providers = resource(
    () => (runsShown.value ? 'all' : null),
    (_, signal) => host.providers(undefined, { signal }),
  );

  const finder = createFinder(host, version);
  const noHits = signal<ReadonlySet<NodeId>>(new Set());
  const noOverlay = signal<Overlay | null>(null);

  const beside = createSideBySide(host, { document, version, panel, selected });

  // Node ids are the same in every version, so a node that is gone from this one is looked up where it still was.
  const detailsVersion = computed(() => {
    if (selected.value === null || version.value === null) return null;
    if (table.value.value?.id.includes(selected.value) ?? true) return version.value;
    const shown = document.value!.versions.find(({ id }) => id === version.value);
    return beside.comparedVersion.value ?? shown?.parent ?? version.value;
  });
  const details = resource(
    () => (detailsVersion.value === null ? null : `${detailsVersion.value}:${selected.value}`),
    (key, signal) => {
      const [asked, node] = key.split(':').map(Number) as [number, NodeId];
      return host.node({ version: asked, node }, { signal });
    },
  );

  const viewState = computed<ViewState>(() => ({
    panel: panel.value,
    open: pane.open.value,
    camera: pane.camera.value,
    selected: selected.value,
    overlay: overlayId.value,
    query: finder.query.value,
    tableHeight: tableHeight.value,
    panelWidth: panelWidth.value,
  }));

  /** Takes the host's word. Reports that did not change stay the same objects, so that what shows them stays still. */
  const update = (next: DocumentState) =>
    batch(() => {
      const before = document.value;
      const versions = next.versions.map((each) => ({ ...each, label: engineText(each.label) }));
      document.value = { ...next, versions, reports: keepSame(before?.reports ?? {}, next.reports, reportKey) };
      settings.value = next.settings;
      if (!before || (before.remembered && !next.remembered)) fillIn(forms, next.defaults);
      if (next.job) rejected.value = null;
      if (before && before.current !== next.current) onVersionChange();
      if (before) showResult(before, document.value);
    });

  /** Another version is another drawing: the window fits it again. What is open stays, since groups keep their keys. */
  const onVersionChange = () => {
    pane.asRun.value = false;
    pane.camera.value = null;
  };

  /** A new profile colours the graph and sorts the table by time, a new quantization by error, worst first. */
  const showResult = (before: DocumentState, after: DocumentState) => {
    const [old, now] = [before.reports[after.current], after.reports[after.current]];
    if (now?.profile && now.profile !== old?.profile) {
      overlayId.value = 'time';
      tableSorting.value = { column: 'time', descending: true };
    } else if (now?.quantize && now.quantize !== old?.quantize) {
      overlayId.value = 'error';
      tableSorting.value = { column: 'error', descending: false };
    }
  };

  const restore = (kept: ViewState) =>
    batch(() => {
      panel.value = kept.panel;
      pane.open.value = kept.open;
      pane.camera.value = kept.camera;
      selected.value = kept.selected;
      overlayId.value = kept.overlay;
      finder.query.value = kept.query;
      tableHeight.value = kept.tableHeight;
      panelWidth.value = kept.panelWidth;
    });

  /** Asks for the first state. */
  const start = async () => {
    openProblem.value = null;
    try {
      const first = await host.ready(undefined);
      batch(() => {
        if (first.viewState) restore(first.viewState);
        update(first.state);
      });
    } catch (error) {
      openProblem.value = engineText((error as Error).message);
    }
  };

  const select = (node: NodeId | null) => {
    selected.value = node;
    if (node !== null && panel.value === 'summary') panel.value = 'node';
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

  /** Marks everything that feeds a node, or that it feeds. */
  const markReach = (node: NodeId, direction: Direction) => {
    const rows = table.value.value;
    if (!rows) return;
    finder.query.value = '';
    finder.marked.value = {
      title: `${direction} of ${rows.opType[rows.id.indexOf(node)] ?? 'node'}`,
      list: reach(rows, node, direction),
    };
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

  const step = async (by: 1 | -1) => {
    const node = finder.step(by);
    if (node !== null) await reveal(node);
  };

  const changeSettings = (patch: Partial<RunSettings>) => {
    if (settings.value === null) return;
    settings.value = { ...settings.value, ...patch };
    void host.setSettings(settings.value);
  };

  /** Calls what starts a job; a refusal is shown like a job that failed. */
  const startJob = async (kind: StartedJob, call: () => Promise<void>) => {
    rejected.value = null;
    try {
      await call();
    } catch (error) {
      if (!(error instanceof CancelledError)) rejected.value = { job: kind, message: (error as Error).message };
    }
  };

  /** Starts a job on a version, the one on view if none is named, with what its form says. */
  const run = (kind: StartedJob, from?: number): Promise<void> => {
    const shown = document.value;
    const shared = settings.value;
    if (!shown || !shared) return Promise.resolve();
    const about = { version: from ?? shown.current, settings: shared };
    return startJob(kind, () => {
      if (kind === 'profile') return host.profile({ ...about, ...forms.profile.value });
      if (kind === 'sweep') {
        const { axes } = sweepAxes(forms.sweep.value, shown.symbolicDims);
        return host.sweep({ ...about, level: forms.profile.value.level, axes });
      }
      if (kind === 'optimize') return host.optimize({ ...about, ...forms.optimize.value });
      if (kind === 'quantize')
        return host.quantize({ ...about, excludeIn: shown.current, ...quantizeRequest(forms.quantize.value) });
      const { a, b, measure } = forms.compare.value;
      return host.compare({ settings: shared, measure, a: { version: a ?? 0 }, b: { version: b ?? shown.current } });
    });
  };

  const failure: ReadonlySignal<DocumentState['failure']> = computed(
    () => rejected.value ?? document.value?.failure ?? null,
  );

  const keepViewState = (delay: number) =>
    effect(() => {
      const kept = viewState.value;
      const timer = setTimeout(() => document.value && void host.saveViewState(kept), delay);
      return () => clearTimeout(timer);
    });

  return {
    host,
    document,
    openProblem,
    version,
    job,
    reports,
    settings,
    failure,
    panel,
    panelWidth,
    tableHeight,
    tableShown,
    tableSorting,
    helpShown,
    selected,
    overlayId,
    overlay,
    overlays,
    columns,
    forms,
    summary,
    table,
    details,
    timeline,
    detailsVersion,
    providers,
    pane,
    ...beside,
    finder,
    noHits,
    noOverlay,
    viewState,
    update,
    start,
    select,
    selectOther,
    show,
    reveal,
    openGroup,
    step,
    markReach,
    changeSettings,
    run,
    keepViewState,
  };
}

/** What tells one set of reports from another. */
function reportKey(reports: DocumentState['reports'][number] | null | undefined): string {
  const { profile, optimize, quantize } = reports ?? {};
  return [profile?.environment.date, optimize?.milliseconds, quantize?.milliseconds].join('|');
}

/** `next`, with the values of `before` where they are the same by `key`. */
function keepSame<T>(
  before: Readonly<Record<number, T>>,
  next: Readonly<Record<number, T>>,
  key: (value: T) => string,
) {
  const kept: Record<number, T> = {};
  for (const [name, value] of Object.entries(next)) {
    const old = before[Number(name)];
    kept[Number(name)] = old !== undefined && key(old) === key(value) ? old : value;
  }
  return kept;
}
