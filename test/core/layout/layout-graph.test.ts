import { describe, expect, it } from 'vitest';
import { Draft } from '../../../src/core/graph/draft.ts';
import { layoutGraph } from '../../../src/core/layout/layout-graph.ts';
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

  it('is the same every time', async () => {
    const [a, b] = [await layoutOf(path, 'auto'), await layoutOf(path, 'auto')];
    expect({ ...a, milliseconds: 0 }).toEqual({ ...b, milliseconds: 0 });
  });

  it('holds every node once, drawn or folded into what reads it', async () => {
    const opened = await openModel(path);
    const { nodes } = await layoutOf(path, 'all');
    const drawn = [...nodes.id].filter((id) => id >= 0);
    expect(new Set(drawn).size).toBe(drawn.length);
    const folded = opened.model.graph.nodes.filter(({ opType }) => opType === 'Constant').length;
    expect(drawn.length + folded).toBe(opened.model.graph.nodes.length);
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

it('writes names from models literally into SVG', async () => {
  const scene = await layoutOf(sampleModels[0]!, []);
  const hostile = { ...scene, nodes: { ...scene.nodes, label: scene.nodes.label.map(() => '<script>&"') } };
  expect(sceneToSvg(hostile)).not.toContain('<script');
});

describe.skipIf(!corpusPresent)('every file of the corpus (left out when OPSCOPE_CORPUS is absent)', () => {
  it('lays out collapsed and expanded, nothing on top of another', async () => {
    const broken: string[] = [];
    for (const name of corpusModels) {
      try {
        for (const open of ['auto', 'all'] as const)
          if (overlaps(await layoutOf(`${corpusFolder}/${name}`, open)).length > 0) broken.push(`${name} ${open}`);
      } catch (error) {
        if (!(error instanceof UnreadableModelError)) broken.push(`${name}: ${error}`);
      }
    }
    expect(broken).toEqual([]);
  }, 120_000);
});

/** Pairs of boxes that lie on each other, frames apart from what they hold. Sweeps from top to bottom. */
function overlaps({ nodes }: Scene): string[] {
  const found: string[] = [];
  const order = Array.from({ length: nodes.count }, (_, box) => box)
    .filter((box) => nodes.kind[box] !== 'frame')
    .sort((a, b) => nodes.y[a]! - nodes.y[b]!);
  let active: number[] = [];
  for (const box of order) {
    active = active.filter((other) => nodes.y[other]! + nodes.height[other]! > nodes.y[box]! + 0.01);
    for (const other of active) {
      const apart =
        nodes.x[other]! + nodes.width[other]! <= nodes.x[box]! + 0.01 ||
        nodes.x[box]! + nodes.width[box]! <= nodes.x[other]! + 0.01;
      if (!apart) found.push(`${nodes.key[other]} ${nodes.key[box]}`);
    }
    active.push(box);
  }
  return found;
}
