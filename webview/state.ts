/**
 * Everything the view knows, as signals: usable and testable without a component. The host sends the document's state
 * whole; what is asked for piece by piece (scene, table, overlays, details, hits) is a resource that asks again when
 * what it depends on changes.
 */

import { batch, computed, signal } from '@preact/signals';
import type { NodeId } from '../src/core/graph/model.ts';
import type { Overlay } from '../src/core/overlay.ts';
import type { Client } from '../src/protocol/rpc.ts';
import type { DocumentState, PanelName, ViewHostContract } from '../src/protocol/webview.ts';
import type { RunSettings } from '../src/protocol/worker.ts';
import { createChoosing } from './choosing.ts';
import { createColoring } from './coloring.ts';
import { engineText } from './engine-texts.ts';
import { createFinder } from './finder.ts';
import { createForms, fillIn } from './forms.ts';
import { createGraphPane } from './graph-pane.ts';
import { createKeptView, noMemory, type ViewMemory } from './kept-view.ts';
import { createMarking } from './marking.ts';
import { createMeasuredElsewhere } from './measured-elsewhere.ts';
import { resource } from './resource.ts';
import { createSideBySide } from './side-by-side.ts';
import { createStartedJobs } from './started-jobs.ts';
import type { Sorting } from './widgets/data-table.tsx';

export const panelNames: readonly PanelName[] = ['summary', 'node', 'profile', 'optimize', 'quantize', 'compare'];

export type State = ReturnType<typeof createState>;

/** The view's state over a host. Nothing is asked before `start`. */
export function createState(host: Client<ViewHostContract>, memory: ViewMemory = noMemory) {
  const document = signal<DocumentState | null>(null);
  const openProblem = signal<string | null>(null);
  const version = computed(() => document.value?.current ?? null);
  const job = computed(() => document.value?.job ?? null);
  const reports = computed(() => document.value?.reports[document.value.current] ?? null);
  const settings = signal<RunSettings | null>(null);

  const panel = signal<PanelName>('summary');
  const panelWidth = signal(400);
  const tableHeight = signal(200);
  const tableShown = signal(true);
  const tableSorting = signal<Sorting | null>(null);
  const overviewShown = signal(true);
  const helpShown = signal(false);
  const selected = signal<NodeId | null>(null);
  const forms = createForms();

  const beside = createSideBySide(host, { document, version, panel, selected });
  /** The version whose times those on view are compared with: that of the comparison, or what it was made from. */
  const against = computed(() => {
    const { versions = [], reports: all = {} } = document.value ?? {};
    const other = beside.comparedVersion.value ?? versions.find(({ id }) => id === version.value)?.parent ?? null;
    return other !== null && all[other]?.profile ? other : null;
  });

  /** Changes when a job has added to what is known of the version on view, or of the one it is compared with. */
  const knowledge = computed(() => {
    const other = against.value === null ? '' : `${against.value}:${reportKey(document.value!.reports[against.value])}`;
    return `${version.value}:${reportKey(reports.value)}:${other}`;
  });
  const current = () => ({ version: version.value!, ...(against.value === null ? {} : { against: against.value }) });

  const pane = createGraphPane(host, version);
  /** The version to ask for the rest of: what one waits for is the graph, so nothing is asked before the first one is there. */
  const drawnVersion = computed(() => {
    const { value, problem } = pane.scene;
    return value.value === null && problem.value === null ? null : version.value;
  });
  const provider = computed(() => settings.value?.provider ?? 'cpu');
  const summary = resource(
    () => (drawnVersion.value === null ? null : `${drawnVersion.value}:${provider.value}`),
    (_, signal) => host.summary({ ...current(), provider: provider.value }, { signal }),
  );
  const table = resource(
    () => drawnVersion.value,
    (asked, signal) => host.nodeTable({ version: asked }, { signal }),
  );
  const coloring = createColoring(host, () => (drawnVersion.value === null ? null : knowledge.value), current);
  const { overlayId, scales } = coloring;

  /** One run of the last profile; asked for where it is shown. */
  const timeline = resource(
    () => (panel.value === 'profile' && reports.value?.profile ? knowledge.value : null),
    (_, signal) => host.timeline({ version: version.value! }, { signal }),
  );

  const elsewhere = createMeasuredElsewhere(host, { document, panel });

  /** Asked for once a panel shows where a run may go. */
  const runsShown = computed(
    () => Boolean(document.value?.trusted) && panel.value !== 'summary' && panel.value !== 'node',
  );
  const providers = resource(
    () => (runsShown.value ? 'all' : null),
    (_, signal) => host.providers(undefined, { signal }),
  );

  const finder = createFinder(host, version);
  const marking = createMarking(finder, table.value);
  const onlyHits = signal(false);
  const noHits = signal<ReadonlySet<NodeId>>(new Set());
  const noOverlay = signal<Overlay | null>(null);

  /** Whether what was kept has been taken up. A change of the document may come before; nothing is kept until then. */
  let restored = false;
  let starting = false;
  const { viewState, restore, keepViewState } = createKeptView(host, memory, () => restored, {
    panel,
    pane,
    selected,
    overlayId,
    scales,
    query: finder.query,
    onlyHits,
    sideBySide: beside.sideBySide,
    overviewShown,
    tableShown,
    tableSorting,
    tableHeight,
    panelWidth,
  });

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

  /** Reports that did not change stay the same objects, so that what shows them stays still. */
  const take = (next: DocumentState) =>
    batch(() => {
      const before = document.value;
      const versions = next.versions.map((each) => ({ ...each, label: engineText(each.label) }));
      document.value = { ...next, versions, reports: keepSame(before?.reports ?? {}, next.reports, reportKey) };
      settings.value = next.settings;
      if (!before || (before.remembered && !next.remembered)) fillIn(forms, next.defaults);
      if (before && before.current !== next.current) onVersionChange();
      if (before) showResult(before, document.value);
    });

  /** Takes the host's word; while the first state is on its way, that one is the newer. */
  const update = (next: DocumentState) => {
    if (!starting) take(next);
  };

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

  /** Asks for the first state. */
  const start = async () => {
    openProblem.value = null;
    starting = true;
    try {
      const first = await host.ready(undefined);
      batch(() => {
        const kept = memory.read() ?? first.viewState;
        if (kept) restore(kept, first.state);
        restored = true;
        take(first.state);
      });
    } catch (error) {
      openProblem.value = engineText((error as Error).message);
    } finally {
      starting = false;
    }
  };

  const choosing = createChoosing({ pane, beside, finder, selected, panel, version, detailsVersion });

  /** Nodes that stay float when quantizing: this one, too, or no more. */
  const toggleKeptFloat = (node: NodeId) => {
    const { exclude } = forms.quantize.value;
    const others = exclude.filter((id) => id !== node);
    forms.quantize.value = {
      ...forms.quantize.value,
      exclude: others.length < exclude.length ? others : [...exclude, node],
    };
  };

  /** Shows what ONNX Runtime ran, once a profile has shown that, or the model's own nodes again. */
  const toggleAsRun = () => {
    pane.asRun.value = !pane.asRun.value && reports.value?.profile !== undefined;
  };

  /** Puts the other version of the comparison beside the one on view, where there is one, or takes it away. */
  const toggleSideBySide = () => {
    beside.sideBySide.value = !beside.sideBySide.value && beside.comparedVersion.value !== null;
  };

  /** Shows the next version or the one before; stays at the ends. */
  const stepVersion = async (by: 1 | -1) => {
    const versions = document.value?.versions ?? [];
    const next = versions[versions.findIndex(({ id }) => id === version.value) + by];
    if (next) await host.showVersion({ version: next.id });
  };

  const changeSettings = (patch: Partial<RunSettings>) => {
    if (settings.value === null) return;
    settings.value = { ...settings.value, ...patch };
    void host.setSettings(settings.value);
  };

  const jobs = createStartedJobs(host, { document, settings, forms });

  return {
    host,
    document,
    openProblem,
    version,
    job,
    reports,
    settings,
    panel,
    panelWidth,
    tableHeight,
    tableShown,
    tableSorting,
    overviewShown,
    helpShown,
    selected,
    ...coloring,
    forms,
    summary,
    table,
    details,
    timeline,
    elsewhere,
    detailsVersion,
    providers,
    pane,
    ...beside,
    finder,
    onlyHits,
    noHits,
    noOverlay,
    viewState,
    update,
    start,
    ...choosing,
    ...marking,
    toggleKeptFloat,
    toggleAsRun,
    toggleSideBySide,
    stepVersion,
    changeSettings,
    ...jobs,
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
