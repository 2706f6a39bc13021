import { describe, expect, test } from 'vitest';
import { Draft } from '../../../src/core/graph/draft.ts';
import { layoutGraph } from '../../../src/core/layout/layout-graph.ts';
import type { Scene } from '../../../src/core/layout/scene.ts';
import { openModel, UnreadableModelError } from '../../../src/worker/open-model.ts';
import { boxesOf } from '../../../webview/graph/marked-boxes.ts';
import { boxOfNode, edgesOf, firstBox, frameAround, otherEnd, walk } from '../../../webview/graph/walk.ts';
import { corpusFolder, corpusModels, corpusPresent, sampleModels } from '../../corpus.ts';

/** Above this the search over all boxes takes seconds, and shows nothing that smaller scenes do not. */
const mostBoxes = 1500;

/** Keys of the boxes that arrows and Escape do not reach from where a walk begins. */
function unreachable(scene: Scene): string[] {
  const seen = new Set<number>();
  const work = [firstBox(scene)];
  for (const box of work) {
    if (box < 0 || seen.has(box)) continue;
    seen.add(box);
    work.push(frameAround(scene, box));
    for (const direction of ['down', 'up', 'left', 'right'] as const) work.push(walk(scene, box, direction));
  }
  return scene.nodes.key.filter((_, box) => !seen.has(box));
}

async function scenesOf(path: string): Promise<Scene[]> {
  const opened = await openModel(path);
  const draft = new Draft(opened.model);
  const scenes = (['auto', 'all'] as const).map((open) =>
    layoutGraph({ main: draft.main, functions: draft.functions, open }),
  );
  await opened.close();
  return scenes.filter(({ nodes }) => nodes.count <= mostBoxes);
}

describe.each(sampleModels)('%s', (path) => {
  test('arrows reach every box', async () => {
    for (const scene of await scenesOf(path)) expect(unreachable(scene)).toEqual([]);
  });

  test('every node has a box that stands for it, also one that is a line in another', async () => {
    const { model, close } = await openModel(path);
    for (const scene of await scenesOf(path)) {
      for (const { id } of model.graph.nodes) {
        const box = boxOfNode(scene, id);
        expect(box).toBeGreaterThanOrEqual(0);
        expect([...boxesOf(scene, new Set([id]))].filter((each) => scene.nodes.kind[each] !== 'frame')).toEqual([box]);
      }
    }
    await close();
  });

  test('every edge is one of both its boxes, which lead to each other', async () => {
    for (const scene of await scenesOf(path)) {
      for (let edge = 0; edge < scene.edges.count; edge++) {
        const [from, to] = [scene.edges.from[edge]!, scene.edges.to[edge]!];
        expect(edgesOf(scene, from)).toContain(edge);
        expect(edgesOf(scene, to)).toContain(edge);
        expect([otherEnd(scene, edge, from), otherEnd(scene, edge, to)]).toEqual([to, from]);
      }
    }
  });
});

describe.skipIf(!corpusPresent)('every file of the corpus (left out when OPSCOPE_CORPUS is absent)', () => {
  test('arrows reach every box', { timeout: 300_000 }, async () => {
    const left: string[] = [];
    for (const name of corpusModels) {
      try {
        for (const scene of await scenesOf(`${corpusFolder}/${name}`)) {
          const keys = unreachable(scene);
          if (keys.length > 0) left.push(`${name}: ${keys.length} of ${scene.nodes.count}, ${keys.slice(0, 4)}`);
        }
      } catch (error) {
        if (!(error instanceof UnreadableModelError)) throw error;
      }
    }
    expect(left).toEqual([]);
  });
});
