import { describe, expect, test } from 'vitest';
import type { NodeId } from '../../src/core/graph/model.ts';
import type { Scene } from '../../src/core/layout/scene.ts';
import type { Overlay } from '../../src/core/overlay.ts';
import type { ProfileReport, SweepReport } from '../../src/core/report/profile-report.ts';
import type { InspectReport } from '../../src/core/report/report.ts';
import type { DocumentState, ViewHostContract, ViewState } from '../../src/protocol/webview.ts';
import type { ProfileRequest, VersionMapping } from '../../src/protocol/worker.ts';
import { boxOfNode } from '../../webview/graph/walk.ts';
import { createState } from '../../webview/state.ts';
import { chainTable, hostWith, plainDocument, sceneOf, settle } from './host.ts';

const id = (value: number) => value as NodeId;

/** Only what the state looks at; the panels' tests use whole reports. */
const profileOf = (date: string) => ({ environment: { date } }) as ProfileReport;

const twoVersions: DocumentState = {
  ...plainDocument,
  versions: [
    ...plainDocument.versions,
    { id: 1, label: 'Simplified', kind: 'optimized', parent: 0, nodes: 2, bytes: 90 },
  ],
  current: 1,
};

describe('start', () => {
  test('a panel that was asked for before the first state came is not replaced by the one that was kept', async () => {
    const state = createState(
      hostWith({ ready: async () => ({ state: plainDocument, viewState: { panel: 'quantize' } as ViewState }) }),
    );
    const starting = state.start();
    state.panel.value = 'compare';
    await starting;
    expect(state.panel.value).toBe('compare');
  });

  test('restores what was kept and asks for the first scene with it', async () => {
    const kept: ViewState = {
      panel: 'profile',
      open: ['g:encoder'],
      camera: { x: 1, y: 2, zoom: 3 },
      selected: id(2),
      overlay: 'time',
      scales: { time: 'log' },
      query: 'op:Conv',
      onlyHits: true,
      asRun: false,
      sideBySide: true,
      overviewShown: false,
      tableShown: false,
      tableSorting: { column: 'time', descending: true },
      tableHeight: 150,
      panelWidth: 333,
    };
    const opened: unknown[] = [];
    const state = createState(
      hostWith({
        ready: async () => ({ state: plainDocument, viewState: kept }),
        scene: async ({ open }) => {
          opened.push(open);
          return sceneOf([]);
        },
      }),
    );
    await state.start();
    await settle();
    expect(state.viewState.value).toEqual(kept);
    expect(opened).toEqual([['g:encoder']]);
  });

  test('what this very editor kept goes before what the document has, and older forms still do', async () => {
    const other: Partial<ViewState> = { panel: 'profile', query: 'op:Conv' };
    const host = hostWith({ ready: async () => ({ state: plainDocument, viewState: other }) });
    const own = createState(host, { read: () => ({ panel: 'node' }), write: () => {} });
    await own.start();
    expect(own.viewState.value).toMatchObject({ panel: 'node', query: '', tableShown: true });
    const fresh = createState(host, { read: () => null, write: () => {} });
    await fresh.start();
    expect(fresh.viewState.value).toMatchObject({ panel: 'profile', query: 'op:Conv', tableShown: true });
  });

  test('the graph as run comes back while the profile that showed it is there', async () => {
    const asRunAfter = async (state: DocumentState) => {
      const made = createState(hostWith({ ready: async () => ({ state, viewState: { asRun: true } }) }));
      await made.start();
      return made.pane.asRun.value;
    };
    expect(await asRunAfter(plainDocument)).toBe(false);
    expect(await asRunAfter({ ...plainDocument, reports: { 0: { profile: profileOf('2026-01-01') } } })).toBe(true);
  });

  test('the view is kept a while after a change, and at once when it goes', async () => {
    const written: string[] = [];
    const state = createState(hostWith({ saveViewState: async ({ panel }) => void written.push(`host ${panel}`) }), {
      read: () => null,
      write: ({ panel }) => written.push(`own ${panel}`),
    });
    await state.start();
    const { flush, stop } = state.keepViewState(60_000);
    state.panel.value = 'compare';
    flush();
    flush();
    await settle();
    expect(written).toEqual(['own compare', 'host compare']);
    stop();
  });

  test('a change of the document before the first state does not replace what was kept', async () => {
    let kept = 'compare';
    const state = createState(hostWith({}), {
      read: () => ({ panel: 'compare' }),
      write: ({ panel }) => {
        kept = panel;
      },
    });
    const { flush, stop } = state.keepViewState(60_000);
    state.update(plainDocument);
    flush();
    expect(kept).toBe('compare');
    await state.start();
    expect(state.panel.value).toBe('compare');
    stop();
  });

  test('what is told while the first state is on its way does not go before it', async () => {
    const opened: unknown[] = [];
    const state = createState(
      hostWith({
        ready: async () => ({ state: plainDocument, viewState: { open: ['g:encoder'] } }),
        scene: async ({ open }) => {
          opened.push(open);
          return sceneOf([]);
        },
      }),
    );
    const started = state.start();
    state.update(plainDocument);
    await started;
    await settle();
    expect(opened).toEqual([['g:encoder']]);
  });

  test('a model that cannot be opened leaves its message, and a second start can succeed', async () => {
    let tries = 0;
    const state = createState(
      hostWith({
        ready: async () => {
          if (tries++ === 0) throw new Error('This file is not an ONNX model.');
          return { state: plainDocument, viewState: null };
        },
      }),
    );
    await state.start();
    expect(state.openProblem.value).toBe('This file is not an ONNX model.');
    await state.start();
    expect(state.openProblem.value).toBeNull();
    expect(state.document.value?.name).toBe('model.onnx');
  });
});

describe('update', () => {
  test('progress does not ask for anything again', async () => {
    let asked = 0;
    const count = async () => {
      asked++;
      return [];
    };
    const state = createState(hostWith({ overlays: count }));
    await state.start();
    await settle();
    for (const fraction of [0.1, 0.2, 0.3]) {
      state.update({ ...plainDocument, job: { kind: 'profile', progress: { message: 'Run', fraction } } });
      await settle();
    }
    expect(asked).toBe(1);
  });

  test('a profile that came with the model from another machine says what is different here, once', async () => {
    const asked: unknown[] = [];
    const machineDifferences: ViewHostContract['machineDifferences'] = async ({ measured }) => {
      asked.push(measured);
      return ['there were 8 cores, here are 4'];
    };
    const machine = { cpu: 'One', cores: 8, os: 'linux', onnxruntime: '1.30.0' };
    const profile = { environment: { ...machine, date: '2026-01-01', load: 3 } } as ProfileReport;
    const state = createState(hostWith({ machineDifferences }));
    await state.start();
    state.panel.value = 'profile';
    for (let time = 0; time < 2; time++) {
      state.update({ ...plainDocument, reports: { 0: { profile: { ...profile } } } });
      await settle();
    }
    expect(asked).toEqual([machine]);
    expect(state.elsewhere.profile.value.value).toEqual(['there were 8 cores, here are 4']);
    expect(state.elsewhere.sweep.value.value).toBeNull();
  });

  test('so do a sweep and a comparison, each by its own machine', async () => {
    const machineDifferences: ViewHostContract['machineDifferences'] = async ({ measured }) => [
      `the processor was ${measured.cpu}`,
    ];
    const environmentOf = (cpu: string) => ({ cpu, cores: 8, os: 'linux', onnxruntime: '1.30.0' });
    const state = createState(hostWith({ machineDifferences }));
    await state.start();
    state.update({
      ...plainDocument,
      reports: { 0: { sweep: { environment: environmentOf('One') } as SweepReport } },
      comparison: {
        a: 'other.onnx',
        b: 1,
        report: { environment: environmentOf('Two') },
      } as DocumentState['comparison'],
    });
    state.panel.value = 'profile';
    await settle();
    expect(state.elsewhere.sweep.value.value).toEqual(['the processor was One']);
    expect(state.elsewhere.profile.value.value).toBeNull();
    state.panel.value = 'compare';
    await settle();
    expect(state.elsewhere.comparison.value.value).toEqual(['the processor was Two']);
  });

  test('a new profile asks for the overlays again, colours and sorts by time', async () => {
    let asked = 0;
    const overlays = async () => {
      asked++;
      return [];
    };
    const state = createState(hostWith({ overlays }));
    await state.start();
    await settle();
    const profiled = { ...plainDocument, reports: { 0: { profile: profileOf('2026-01-01') } } };
    state.update(profiled);
    await settle();
    expect(asked).toBe(2);
    expect(state.overlayId.value).toBe('time');
    expect(state.tableSorting.value).toEqual({ column: 'time', descending: true });
    // The same report again, as a copy: nothing is new, and what the user chose meanwhile stays.
    state.overlayId.value = 'macs';
    state.update(structuredClone(profiled));
    await settle();
    expect(asked).toBe(2);
    expect(state.overlayId.value).toBe('macs');
  });

  test('another version asks for its own table and fits the window again', async () => {
    const versions: number[] = [];
    const state = createState(
      hostWith({
        nodeTable: async ({ version }) => {
          versions.push(version);
          return chainTable;
        },
      }),
    );
    await state.start();
    await settle();
    state.pane.camera.value = { x: 0, y: 0, zoom: 2 };
    state.update(twoVersions);
    await settle();
    expect(versions).toEqual([0, 1]);
    expect(state.pane.camera.value).toBeNull();
  });
});

describe('groups', () => {
  test('reveal opens the groups around a node, one inside the other', async () => {
    const scenes = new Map([
      ['auto', sceneOf([{ group: [1, 2], key: 'g:outer' }, { node: 0 }])],
      ['g:outer', sceneOf([{ frame: 'g:outer' }, { group: [2], key: 'g:inner' }, { node: 1 }])],
      ['g:outer,g:inner', sceneOf([{ frame: 'g:outer' }, { frame: 'g:inner' }, { node: 2 }])],
    ]);
    const state = createState(hostWith({ scene: async ({ open }) => scenes.get(String(open))! }));
    await state.start();
    await settle();
    await state.reveal(id(2));
    expect(state.pane.open.value).toEqual(['g:outer', 'g:inner']);
    expect(state.selected.value).toBe(2);
    expect(state.pane.scene.value.value?.nodes.key).toContain('n2');
  });

  test('reveal of a node that is a line in a box goes to that box', async () => {
    const scenes = new Map([
      ['auto', sceneOf([{ group: [1], key: 'g:outer', folded: [2] }, { node: 0 }])],
      ['g:outer', sceneOf([{ frame: 'g:outer' }, { node: 1, folded: [2] }, { node: 0 }])],
    ]);
    const state = createState(hostWith({ scene: async ({ open }) => scenes.get(String(open))! }));
    await state.start();
    await settle();
    await state.reveal(id(2));
    expect(state.pane.open.value).toEqual(['g:outer']);
    expect(boxOfNode(state.pane.scene.value.value!, 2)).toBe(1);
  });

  test('a group that does not open is asked for once', async () => {
    let asked = 0;
    const kernel = sceneOf([{ group: [1, 2], key: 'k0' }]);
    const state = createState(
      hostWith({
        scene: async () => {
          asked++;
          return kernel;
        },
      }),
    );
    await state.start();
    await settle();
    await state.reveal(id(2));
    expect(asked).toBe(2);
  });

  test('toggling a frame closes it and keeps the others', async () => {
    const state = createState(hostWith({ scene: async () => sceneOf([{ frame: 'g:a' }, { frame: 'g:b' }]) }));
    await state.start();
    await settle();
    state.pane.toggleGroup('g:a');
    expect(state.pane.open.value).toEqual(['g:b']);
  });
});

describe('finder', () => {
  test('steps through the hits and around the end', async () => {
    const state = createState(hostWith({ search: async () => Int32Array.of(0, 2) }));
    await state.start();
    state.finder.query.value = 'op:Conv';
    await settle();
    expect([...state.finder.hits.value]).toEqual([0, 2]);
    const seen: (number | null)[] = [];
    for (const by of [1, 1, 1, -1] as const) {
      await state.step(by);
      seen.push(state.selected.value);
    }
    expect(seen).toEqual([0, 2, 0, 2]);
    expect(state.finder.at.value).toBe(1);
  });

  test('a step right after typing goes to what was typed', async () => {
    const found = Promise.withResolvers<Int32Array>();
    const state = createState(
      hostWith({ search: async ({ query }) => (query === 'op:C' ? Int32Array.of(0, 1, 2) : found.promise) }),
    );
    await state.start();
    state.finder.query.value = 'op:C';
    await settle();
    state.finder.query.value = 'op:Conv';
    const stepped = state.step(1);
    found.resolve(Int32Array.of(2));
    await stepped;
    expect(state.selected.value).toBe(2);
    expect(state.finder.at.value).toBe(0);
  });

  test('what feeds a node is marked until a query takes its place', async () => {
    const state = createState(hostWith({ search: async () => Int32Array.of(1) }));
    await state.start();
    await settle();
    state.markReach(id(2), 'upstream');
    expect([...state.finder.hits.value]).toEqual([0, 1]);
    state.markReach(id(1), 'downstream');
    expect([...state.finder.hits.value]).toEqual([2]);
    state.finder.query.value = 'op:Relu';
    await settle();
    expect(state.finder.marked.value).toBeNull();
    expect([...state.finder.hits.value]).toEqual([1]);
  });

  test('a path begins at one node and ends at the next; one steps through it as values flow', async () => {
    const state = createState(hostWith());
    await state.start();
    await settle();
    state.markPath(id(2));
    expect(state.pathStart.value).toBe(2);
    state.markPath(id(0));
    expect(state.pathStart.value).toBeNull();
    expect(state.finder.marked.value?.title).toBe('Path from Conv to Conv');
    const seen: (number | null)[] = [];
    for (let step = 0; step < 3; step++) {
      await state.step(1);
      seen.push(state.selected.value);
    }
    expect(seen).toEqual([0, 1, 2]);
    state.markPath(id(1));
    state.markPath(id(1));
    expect(state.pathStart.value).toBeNull();
  });

  test('a query that cannot be read says why; an empty one marks nothing', async () => {
    const state = createState(
      hostWith({
        search: async () => {
          throw new Error('“bad:” is not a field.');
        },
      }),
    );
    await state.start();
    state.finder.query.value = 'bad:1';
    await settle();
    expect(state.finder.problem.value).toBe('“bad:” is not a field.');
    state.finder.query.value = '';
    await settle();
    expect(state.finder.problem.value).toBeNull();
    expect(state.finder.hits.value.size).toBe(0);
  });
});

describe('jobs', () => {
  test("forms begin with what the user's settings say", async () => {
    const defaults: DocumentState['defaults'] = {
      profile: { runs: 50, warmup: 3, level: 'basic' },
      transform: { preset: 'exact', verify: true, measure: false },
    };
    const state = createState(
      hostWith({ ready: async () => ({ state: { ...plainDocument, defaults }, viewState: null }) }),
    );
    await state.start();
    expect(state.forms.profile.value).toEqual(defaults.profile);
    expect(state.forms.optimize.value).toMatchObject(defaults.transform);
    expect(state.forms.quantize.value).toMatchObject({ verify: true, measure: false });
  });

  test('a profile is asked for with the settings and the form', async () => {
    const asked: unknown[] = [];
    const state = createState(
      hostWith({
        profile: async (request) => {
          asked.push(request);
        },
      }),
    );
    await state.start();
    state.changeSettings({ threads: 4 });
    state.forms.profile.value = { ...state.forms.profile.value, runs: 20 };
    await state.run('profile');
    const expected: Omit<ProfileRequest, 'document'> = {
      version: 0,
      settings: { ...plainDocument.settings, threads: 4 },
      runs: 20,
      warmup: -1,
      level: 'all',
    };
    expect(asked).toEqual([expected]);
  });

  test('a refusal shows like a failure until a job runs', async () => {
    const state = createState(
      hostWith({
        optimize: async () => {
          throw new Error('Another job is running.');
        },
      }),
    );
    await state.start();
    await state.run('optimize');
    expect(state.failure.value).toEqual({ job: 'optimize', message: 'Another job is running.' });
    state.update({ ...plainDocument, job: { kind: 'optimize', progress: { message: 'Folding constants' } } });
    expect(state.failure.value).toBeNull();
  });
});

describe('comparison', () => {
  const mapping: VersionMapping = {
    // 0 stays, 1 and 2 of the original are fused into 3 of the simplified one.
    pairs: Int32Array.of(0, 0, 1, 3, 2, 3),
    removed: Int32Array.of(),
    added: Int32Array.of(),
    changed: Int32Array.of(),
  };
  const compared: DocumentState = {
    ...twoVersions,
    comparison: { a: 0, b: 1, report: {} as NonNullable<DocumentState['comparison']>['report'], mapping },
  };

  test('the selection follows into the other graph, and back', async () => {
    const state = createState(hostWith({ ready: async () => ({ state: compared, viewState: null }) }));
    await state.start();
    state.sideBySide.value = true;
    expect(state.otherVersion.value).toBe(0);
    state.select(id(3));
    expect(state.otherSelected.value).toBe(1);
    state.selectOther(id(2));
    expect(state.selected.value).toBe(3);
  });

  test('marks show while comparing only', async () => {
    const state = createState(hostWith({ ready: async () => ({ state: compared, viewState: null }) }));
    await state.start();
    expect(state.marks.value.size).toBe(0);
    state.panel.value = 'compare';
    expect([...state.marks.value]).toEqual([[3, 'fused']]);
    expect([...state.otherMarks.value]).toEqual([
      [1, 'fused'],
      [2, 'fused'],
    ]);
  });
});

test('a kernel that ran for several nodes opens as these, marked in the model’s own graph', async () => {
  const asked: boolean[] = [];
  const state = createState(
    hostWith({
      scene: async ({ asRun }) => {
        asked.push(Boolean(asRun));
        return asRun ? sceneOf([{ group: [2, 1], key: 'k7' }]) : sceneOf([{ node: 0 }, { node: 1 }, { node: 2 }]);
      },
    }),
  );
  await state.start();
  state.pane.asRun.value = true;
  await settle();
  await state.openGroup('k7');
  await settle();
  expect(asked).toEqual([false, true, false]);
  expect([...state.finder.hits.value]).toEqual([1, 2]);
  expect(state.selected.value).toBe(1);
  expect(state.viewState.value.open).toBe('auto');
});

test('the graph is asked for before all else', async () => {
  const scene = Promise.withResolvers<Scene>();
  const asked: string[] = [];
  const note =
    <T>(name: string, answer: T) =>
    async () => {
      asked.push(name);
      return answer;
    };
  const state = createState(
    hostWith({
      scene: async () => {
        asked.push('scene');
        return scene.promise;
      },
      summary: note('summary', {} as InspectReport),
      nodeTable: note('nodeTable', chainTable),
      overlays: note('overlays', []),
    }),
  );
  await state.start();
  await settle();
  expect(asked).toEqual(['scene']);
  scene.resolve(sceneOf([]));
  await settle();
  expect(asked).toEqual(['scene', 'summary', 'nodeTable', 'overlays']);
});

test('where no graph can be laid out, the rest is asked for all the same', async () => {
  const state = createState(
    hostWith({
      scene: async () => {
        throw new Error('Too deep.');
      },
    }),
  );
  await state.start();
  await settle();
  expect(state.pane.scene.problem.value).toBe('Too deep.');
  expect(state.table.value.value?.name).toEqual(['a', 'b', 'c']);
});

test('time is coloured linearly or by its logarithm, a category in one way', async () => {
  const overlays: Overlay[] = [
    { id: 'time', title: 'Time', unit: 'ms', scale: 'linear', values: Float32Array.of(1, 0, 10) },
    { id: 'precision', title: 'Precision', unit: '', scale: 'category', values: Float32Array.of(0), categories: ['a'] },
  ];
  const state = createState(
    hostWith({ overlays: async () => overlays, overlay: async ({ id }) => overlays.find((each) => each.id === id)! }),
  );
  await state.start();
  await settle();
  const scalesOf = () => {
    const before = state.overlay.value?.scale;
    state.toggleScale();
    return [before, state.overlay.value?.scale];
  };
  state.stepOverlay(1);
  expect(state.overlayId.value).toBe('time');
  expect(scalesOf()).toEqual(['linear', 'log']);
  expect(scalesOf()).toEqual(['log', 'linear']);
  state.stepOverlay(1);
  expect(scalesOf()).toEqual(['category', 'category']);
  state.stepOverlay(1);
  expect(state.overlayId.value).toBeNull();
});
