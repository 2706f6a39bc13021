import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Draft } from '../../../src/core/graph/draft.ts';
import { buildHierarchy } from '../../../src/core/layout/hierarchy.ts';
import { findRepeats } from '../../../src/core/layout/repeats.ts';
import { openModel } from '../../../src/worker/open-model.ts';
import { corpusFolder, corpusPresent } from '../../corpus.ts';
import { buildModel } from '../../worker/build-model.ts';

const tokens = (text: string) => text.split('');
const flat = (text: string) => new Int32Array(text.length + 1).fill(1);

describe('findRepeats', () => {
  test('finds a block that follows itself, and where it begins', () => {
    expect(findRepeats(tokens('xyabcdabcdabcdz'), flat('xyabcdabcdabcdz'))).toEqual([
      { start: 2, period: 4, count: 3 },
    ]);
  });

  test('cuts where the fewest values pass, not where the likeness begins', () => {
    // The tail `cd` of the first, different block belongs to the stretch too.
    const text = 'qqcdabcdabcdabcdz';
    const live = flat(text).fill(3);
    for (let at = 4; at < text.length; at += 4) live[at] = 1;
    expect(findRepeats(tokens(text), live)).toEqual([{ start: 4, period: 4, count: 3 }]);
  });

  test('finds several blocks, the short one inside two long halves first', () => {
    const half = `pqrs${'abcde'.repeat(3)}`;
    expect(findRepeats(tokens(half + half), flat(half + half))).toEqual([
      { start: 4, period: 5, count: 3 },
      { start: 23, period: 5, count: 3 },
    ]);
  });

  test('finds nothing in a chain of one operator, in pairs of operators, and in a chance likeness', () => {
    for (const text of ['a'.repeat(50), 'ab'.repeat(30), 'abcdxabcdy', '', 'a'])
      expect(findRepeats(tokens(text), flat(text)), text).toEqual([]);
  });
});

test('blocks that read each other stand in one group, those side by side each for itself', () => {
  const f4 = ['float32', [4]] as const;
  const block = ['Conv', 'Relu', 'Sin', 'Cos', 'Exp', 'Neg'];
  const groups = (from: (index: number) => string) => {
    const nodes = [0, 1, 2].flatMap((index) =>
      block.map((opType, at) => ({
        opType,
        inputs: [at === 0 ? from(index) : `v${index}_${at - 1}`],
        outputs: [`v${index}_${at}`],
      })),
    );
    const heads = [0, 1, 2].map((index) => ({ opType: 'Tan', inputs: [`v${index}_5`], outputs: [`y${index}`] }));
    const model = buildModel({
      inputs: { x0: f4, x1: f4, x2: f4 },
      outputs: { y0: f4, y1: f4, y2: f4 },
      nodes: [...nodes, ...heads],
    });
    const { root } = buildHierarchy(new Draft(model).main);
    return root.children.filter(({ kind }) => kind === 'group').map(({ label }) => label);
  };
  expect(groups((index) => (index === 0 ? 'x0' : `v${index - 1}_5`))).toEqual(['Conv … Neg ×3']);
  expect(groups((index) => `x${index}`)).toEqual(['Conv … Neg 1', 'Conv … Neg 2', 'Conv … Neg 3']);
});

test.skipIf(!corpusPresent)('a ResNet-50 whose names say nothing shows its stages (needs the corpus)', async () => {
  const opened = await openModel(join(corpusFolder, 'onnx__onnx/onnx/backend/test/data/light/light_resnet50.onnx'));
  const { root } = buildHierarchy(new Draft(opened.model).main);
  const groups = root.children.filter(({ kind }) => kind === 'group');
  expect(groups.map(({ label }) => label.replace(/^.*×/, '×'))).toEqual(['×2', '×3', '×5', '×2 (2)']);
  expect(groups[0]!.children.map(({ key, size }) => [key, size])).toEqual(
    [1, 2].map((block) => [`g:Relu … Sum ×2/Relu … Sum ${block}`, 10]),
  );
  await opened.close();
});
