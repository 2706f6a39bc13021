import { expect, test } from 'vitest';
import { Draft } from '../../src/core/graph/draft.ts';
import { countNodes } from '../../src/worker/documents.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { sampleModels } from '../corpus.ts';

test('nodes are counted in bodies and functions, too', async () => {
  for (const path of sampleModels) {
    const { model, close } = await openModel(path);
    const graphs = new Draft(model).graphs();
    expect(countNodes(model)).toBe(graphs.reduce((sum, graph) => sum + graph.nodes().length, 0));
    await close();
  }
});
