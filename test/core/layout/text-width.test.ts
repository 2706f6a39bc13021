import { expect, test } from 'vitest';
import { Draft } from '../../../src/core/graph/draft.ts';
import { layoutGraph } from '../../../src/core/layout/layout-graph.ts';
import { textWidth } from '../../../src/core/layout/text-width.ts';
import { openModel } from '../../../src/worker/open-model.ts';
import { sampleModels } from '../../corpus.ts';

test('wide letters count for what they take', () => {
  // What DejaVu Sans Bold takes at 12 pixels.
  expect(textWidth('Where', 12)).toBeGreaterThanOrEqual(43.97);
  expect(textWidth('MatMul', 12)).toBeGreaterThanOrEqual(50.37);
  expect(textWidth('BatchNormalization', 12)).toBeGreaterThanOrEqual(133.38);
  expect(textWidth('fill', 12)).toBeLessThan(textWidth('Mean', 12) / 1.5);
  expect(textWidth('权重', 12)).toBe(24);
});

test.each(sampleModels)('a box holds its operator name: %s', async (path) => {
  const opened = await openModel(path);
  const { nodes } = layoutGraph({ main: new Draft(opened.model).main, open: 'all' });
  for (let box = 0; box < nodes.count; box++) {
    if (nodes.kind[box] !== 'node' || nodes.width[box]! >= 320) continue;
    expect(nodes.width[box]! - 24, nodes.label[box]).toBeGreaterThanOrEqual(textWidth(nodes.label[box]!, 12));
  }
  await opened.close();
});
