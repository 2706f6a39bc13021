import { describe, expect, it } from 'vitest';
import { Draft } from '../../../src/core/graph/draft.ts';
import type { NodeId } from '../../../src/core/graph/model.ts';
import { foldedNodes } from '../../../src/core/layout/folding.ts';
import { layoutGraph, layoutGraphInSteps } from '../../../src/core/layout/layout-graph.ts';
import type { Scene } from '../../../src/core/layout/scene.ts';
import { sceneToSvg } from '../../../src/core/layout/svg.ts';
import { createFacts } from '../../../src/core/shapes/infer.ts';
import { openModel, UnreadableModelError } from '../../../src/worker/open-model.ts';
import { corpusFolder, corpusModels, corpusPresent, sampleModels } from '../../corpus.ts';

async function layoutOf(path: string, open: 'auto' | 'all' | string[]): Promise<Scene> {
  const opened = await openModel(path);
  const draft = new Draft(opened.model);
  const scene = layoutGraph({ main: draft.main, functions: draft.functions, facts: createFacts(draft), open });
  await opened.close();
  return scene;
}

describe.each(sampleModels)('%s', (path) => {
  it('stands boxes apart, and inside their frames', async () => {
    for (const open of ['all', 'auto'] as const) expect(overlaps(await layoutOf(path, open))).toEqual([]);
  });

  it('draws lines downwards', async () => {
    const { edges } = await layoutOf(path, 'all');
    for (let edge = 0; edge < edges.count; edge++) {
      const points = edges.points.subarray(edges.offsets[edge]!, edges.offsets[edge + 1]!);
      for (let at = 3; at < points.length; at += 2) expect(points[at]!).toBeGreaterThanOrEqual(points[at - 2]! - 0.01);
    }
  });

  it('writes no label over another or over a box', async () => {
    for (const open of ['all', 'auto'] as const) {
      const scene = await layoutOf(path, open);
      expect(scene.labels.count).toBeGreaterThan(0);
      expect(labelOverlaps(scene)).toEqual([]);
    }
  });

  it('goes on where a line meets a frame', async () => {
    for (const open of ['all', 'auto'] as const) expect(brokenLines(await layoutOf(path, open))).toEqual([]);
  });

  it('keeps the order of all other boxes when a group opens', async () => {
    const opened = await openModel(path);
    const { main, functions } = new Draft(opened.model);
    const keys = (scene: Scene, kind: 'group' | 'frame') =>
      scene.nodes.key.filter((_, box) => scene.nodes.kind[box] === kind);
    const before = layoutGraph({ main, functions, open: 'auto' });
    const groups = keys(before, 'group');
    for (const group of groups) {
      const open = [...keys(before, 'frame'), group];
      const after = layoutGraph({ main, functions, open, previous: before });
      expect(exchanged(before, after), group).toEqual([]);
      const again = layoutGraph({ main, functions, open: keys(before, 'frame'), previous: after });
      expect(exchanged(before, again), `${group} closed again`).toEqual([]);
    }
    await opened.close();
  });

  it('is the same every time', async () => {
    const [a, b] = [await layoutOf(path, 'auto'), await layoutOf(path, 'auto')];
    expect({ ...a, milliseconds: 0 }).toEqual({ ...b, milliseconds: 0 });
  });

  it('holds every node once, drawn or folded into what reads it', async () => {
    const opened = await openModel(path);
    const { nodes } = await layoutOf(path, 'all');
    const drawn = [...nodes.id].filter((id) => id >= 0);
    expect(new Set(drawn).size).toBe(drawn.length);
    const folded = foldedNodes(new Draft(opened.model).main);
    expect(drawn.length + folded.size).toBe(opened.model.graph.nodes.length);
    expect(drawn.some((id) => folded.has(id as NodeId))).toBe(false);
    // Outside of frames, which hold what the boxes in them do.
    const held = nodes.folded.flatMap((ids, box) => (nodes.kind[box] === 'frame' ? [] : [...(ids ?? [])]));
    expect(held.sort()).toEqual([...folded].sort());
    await opened.close();
  });

  it('closes groups to boxes that know their members', async () => {
    const closed = await layoutOf(path, []);
    const all = await layoutOf(path, 'all');
    const inside = closed.nodes.members.flatMap((members) => [...(members ?? [])]);
    const alone = [...closed.nodes.id].filter((id, box) => id >= 0 && closed.nodes.kind[box] === 'node');
    expect([...inside, ...alone].sort()).toEqual([...all.nodes.id].filter((id) => id >= 0).sort());
  });
});

it('pauses while it lays out, and gives the same as in one go', async () => {
  const opened = await openModel(sampleModels[0]!);
  const { main, functions } = new Draft(opened.model);
  let pauses = 0;
  const pause = async () => {
    pauses++;
  };
  const options = { main, functions, open: 'all' } as const;
  const scene = await layoutGraphInSteps(options, pause, 0);
  expect({ ...scene, milliseconds: 0 }).toEqual({ ...layoutGraph(options), milliseconds: 0 });
  expect(pauses).toBeGreaterThan(10);
  const controller = new AbortController();
  const abort = async () => controller.abort();
  await expect(layoutGraphInSteps({ ...options, signal: controller.signal }, abort, 0)).rejects.toThrow('abort');
  await opened.close();
});

it('writes names from models literally into SVG', async () => {
  const scene = await layoutOf(sampleModels[0]!, []);
  const hostile = { ...scene, nodes: { ...scene.nodes, label: scene.nodes.label.map(() => '<script>&"') } };
  expect(sceneToSvg(hostile)).not.toContain('<script');
});

describe.skipIf(!corpusPresent)('every file of the corpus (left out when OPSCOPE_CORPUS is absent)', () => {
  it('lays out collapsed and expanded, nothing on top of another, no line broken at a frame', async () => {
    const broken: string[] = [];
    for (const name of corpusModels) {
      try {
        for (const open of ['auto', 'all'] as const) {
          const scene = await layoutOf(`${corpusFolder}/${name}`, open);
          const found = [...overlaps(scene), ...labelOverlaps(scene), ...brokenLines(scene)];
          if (found.length > 0) broken.push(`${name} ${open}: ${found[0]}`);
        }
      } catch (error) {
        if (!(error instanceof UnreadableModelError)) broken.push(`${name}: ${error}`);
      }
    }
    expect(broken).toEqual([]);
  }, 120_000);
});

/** Pairs of boxes that stand side by side in both scenes, in another order. */
function exchanged(before: Scene, after: Scene): string[] {
  const rows = ({ nodes }: Scene) => {
    const found = new Map<number, string[]>();
    const middle = (box: number) => Math.round(nodes.y[box]! + nodes.height[box]! / 2);
    const order = Array.from({ length: nodes.count }, (_, box) => box).sort((a, b) => nodes.x[a]! - nodes.x[b]!);
    for (const box of order) found.set(middle(box), [...(found.get(middle(box)) ?? []), nodes.key[box]!]);
    return [...found.values()];
  };
  const places = new Map(rows(after).flatMap((row, y) => row.map((key, x) => [key, { x, y }] as const)));
  return rows(before).flatMap((row) =>
    row.flatMap((left, index) =>
      row.slice(index + 1).flatMap((right) => {
        const [a, b] = [places.get(left), places.get(right)];
        return a && b && a.y === b.y && a.x > b.x ? [`${left} ${right}`] : [];
      }),
    ),
  );
}

interface Rectangle {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const boxesOf = ({ nodes }: Scene): Rectangle[] =>
  Array.from({ length: nodes.count }, (_, box) => box)
    .filter((box) => nodes.kind[box] !== 'frame')
    .map((box) => ({
      name: nodes.key[box]!,
      x: nodes.x[box]!,
      y: nodes.y[box]!,
      width: nodes.width[box]!,
      height: nodes.height[box]!,
    }));

/** Pairs of boxes that lie on each other, frames apart from what they hold. */
const overlaps = (scene: Scene) => intersections(boxesOf(scene));

/** Labels that lie on each other, on a box or on the side of a frame. */
function labelOverlaps(scene: Scene): string[] {
  const { labels, nodes } = scene;
  const texts = labels.text.map((name, label) => ({
    name,
    x: labels.x[label]!,
    y: labels.y[label]! - 8,
    width: labels.width[label]!,
    height: 10,
  }));
  const sides = nodes.kind.flatMap((kind, box) => {
    if (kind !== 'frame') return [];
    const side = { name: `side of ${nodes.key[box]}`, y: nodes.y[box]!, width: 0.1, height: nodes.height[box]! };
    return [nodes.x[box]!, nodes.x[box]! + nodes.width[box]!].map((x) => ({ ...side, x }));
  });
  return [...intersections([...texts, ...boxesOf(scene)]), ...intersections([...texts, ...sides])];
}

/** Sweeps from top to bottom. */
function intersections(rectangles: readonly Rectangle[]): string[] {
  const found: string[] = [];
  let active: Rectangle[] = [];
  for (const each of rectangles.toSorted((a, b) => a.y - b.y)) {
    active = active.filter((other) => other.y + other.height > each.y + 0.01);
    for (const other of active) {
      const apart = other.x + other.width <= each.x + 0.01 || each.x + each.width <= other.x + 0.01;
      if (!apart) found.push(`${other.name} ${each.name}`);
    }
    active.push(each);
  }
  return found;
}

/** Lines that come out of a frame's border with no line of the value leading there, or lead to it and end there. */
function brokenLines({ nodes, edges }: Scene): string[] {
  const point = (at: number) => `${Math.round(edges.points[at]! * 4)},${Math.round(edges.points[at + 1]! * 4)}`;
  const near = (at: number) => {
    const [x, y] = [Math.round(edges.points[at]! * 4), Math.round(edges.points[at + 1]! * 4)];
    return [-1, 0, 1].flatMap((dx) => [-1, 0, 1].map((dy) => `${x + dx},${y + dy}`));
  };
  const all = Array.from({ length: edges.count }, (_, edge) => edge);
  const starts = new Set(all.map((edge) => `${edges.value[edge]} ${point(edges.offsets[edge]!)}`));
  const ends = new Set(all.map((edge) => `${edges.value[edge]} ${point(edges.offsets[edge + 1]! - 2)}`));
  const isFrame = (box: number) => nodes.kind[box] === 'frame';
  return all.flatMap((edge) => {
    const value = edges.value[edge]!;
    const goesOn = (places: ReadonlySet<string>, at: number) => near(at).some((each) => places.has(`${value} ${each}`));
    const broken: string[] = [];
    if (isFrame(edges.from[edge]!) && !goesOn(ends, edges.offsets[edge]!)) broken.push(`${value} begins at a frame`);
    // The condition of an If and the number of rounds of a Loop are read by the node itself.
    const reader = edges.to[edge]!;
    const isOwn = isFrame(reader) && nodes.key[reader]!.startsWith('n');
    if (isFrame(reader) && !isOwn && !goesOn(starts, edges.offsets[edge + 1]! - 2))
      broken.push(`${value} ends at a frame`);
    return broken;
  });
}
