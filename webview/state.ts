/**
 * Everything the view knows, as signals: usable and testable without a component. The host sends the document's state
 * whole; what is asked for piece by piece (scene, table, overlays, details, hits) is a resource that asks again when
 * what it depends on changes.
 */

import { batch, computed, type ReadonlySignal, signal } from '@preact/signals';
import type { NodeId } from '../src/core/graph/model.ts';
import type { Overlay } from '../src/core/overlay.ts';
import type { Client } from '../src/protocol/rpc.ts';
import { CancelledError } from '../src/protocol/rpc.ts';
import type { DocumentState, JobState, PanelName, ViewHostContract, ViewState } from '../src/protocol/webview.ts';
import type { RunSettings } from '../src/protocol/worker.ts';
import { engineText, translatedOverlay } from './engine-texts.ts';
import { createFinder } from './finder.ts';
import { createForms, fillIn, sweepAxes } from './forms.ts';
import { hasTwoScales } from './graph/overlay-color.ts';
import { createGraphPane, settled } from './graph-pane.ts';
import { createKeptView, noMemory, type ViewMemory } from './kept-view.ts';
import { t } from './l10n.ts';
import { createMarking } from './marking.ts';
import { createMeasuredElsewhere } from './measured-elsewhere.ts';
import { quantizeRequest } from './quantize-fields.ts';
import { resource } from './resource.ts';
import { createSideBySide } from './side-by-side.ts';
import type { Sorting } from './widgets/data-table.tsx';

export const panelNames: readonly PanelName[] = ['summary', 'node', 'profile', 'optimize', 'quantize', 'compare'];

/** Jobs that the view can start, and start again after they failed. */
export type StartedJob = 'profile' | 'sweep' | 'optimize' | 'quantize' | 'compare';

export type State = ReturnType<typeof createState>;

/** The view's state over a host. Nothing is asked before `start`. */
export function createState(host: Client<ViewHostContract>, memory: ViewMemory = noMemory) {
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
  const overviewShown = signal(true);
  const helpShown = signal(false);
  const selected = signal<NodeId | null>(null);
  const overlayId = signal<string | null>(null);
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
  /** The version to ask for the rest of: what one waits for is the graph, so nothing goes before the first one. */
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
  const overlays = resource(
    () => (drawnVersion.value === null ? null : knowledge.value),
    async (_, signal) => (await host.overlays(current(), { signal })).map(translatedOverlay),
  );
  /** Every overlay with its values: the columns of the operator table. */
  const columns = resource(
    () => overlays.value.value,
    (list, signal) =>
      Promise.all(list.map(async ({ id }) => translatedOverlay(await host.overlay({ ...current(), id }, { signal })))),
  );
  const scales = signal<ViewState['scales']>({});
  const overlay = computed(() => {
    const found = columns.value.value?.find(({ id }) => id === overlayId.value) ?? null;
    const scale = scales.value[overlayId.value ?? ''];
    return found && scale && hasTwoScales(found) ? { ...found, scale } : found;
  });
  /** Colours the overlay on view linearly or by its logarithm, whichever it is not. */
  const toggleScale = () => {
    const shown = overlay.value;
    if (!shown || !hasTwoScales(shown)) return;
    scales.value = { ...scales.value, [shown.id]: shown.scale === 'log' ? 'linear' : 'log' };
  };

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
      if (next.job) rejected.value = null;
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

  /** Nodes that stay float when quantizing: this one, too, or no more. */
  const toggleKeptFloat = (node: NodeId) => {
    const { exclude } = forms.quantize.value;
    const others = exclude.filter((id) => id !== node);
    forms.quantize.value = {
      ...forms.quantize.value,
      exclude: others.length < exclude.length ? others : [...exclude, node],
    };
  };

  /** Colours by the next overlay, or the one before; between the last and the first by nothing. */
  const stepOverlay = (by: 1 | -1) => {
    const ids = [null, ...(overlays.value.value ?? []).map(({ id }) => id)];
    overlayId.value = ids[(Math.max(0, ids.indexOf(overlayId.value)) + by + ids.length) % ids.length]!;
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

  /** Mends a problem by the pass that it names as its fix. */
  const mend = (pass: string): Promise<void> => startJob('optimize', () => host.mend({ pass }));

  const failure: ReadonlySignal<DocumentState['failure']> = computed(
    () => rejected.value ?? document.value?.failure ?? null,
  );

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
    overviewShown,
    helpShown,
    selected,
    overlayId,
    overlay,
    scales,
    toggleScale,
    overlays,
    columns,
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
    select,
    selectOther,
    show,
    reveal,
    openGroup,
    step,
    ...marking,
    toggleKeptFloat,
    stepOverlay,
    toggleAsRun,
    toggleSideBySide,
    stepVersion,
    changeSettings,
    run,
    mend,
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
