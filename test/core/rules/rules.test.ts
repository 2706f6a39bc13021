import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { problemsText } from '../../../scripts/problems.ts';
import { Draft } from '../../../src/core/graph/draft.ts';
import type { Model } from '../../../src/core/graph/model.ts';
import { catalog } from '../../../src/core/passes/catalog.ts';
import { problemKinds } from '../../../src/core/report/problem-kinds.ts';
import { findRuleProblems, rules } from '../../../src/core/rules/catalog.ts';
import { createFacts } from '../../../src/core/shapes/infer.ts';
import { parseModel } from '../passes/graph-text.ts';

const root = resolve(import.meta.dirname, '../../..');
const folder = join(root, 'src/core/rules');

/** `test/fixtures/rules/<rule>.txt`: models after the lines `breaks` and `keeps`, as the rule finds something in them or not. */
const fixtures = join(root, 'test/fixtures/rules');
const cases = readdirSync(fixtures).flatMap((file) => {
  const parts = readFileSync(join(fixtures, file), 'utf8')
    .replace(/^#.*\n/gm, '')
    .split(/^(breaks|keeps)\n/m)
    .slice(1);
  const models = parts.flatMap((text, index) => (index % 2 === 0 ? [] : [parseModel(text)]));
  return models.map((model, index) => ({ code: file.replace(/\.txt$/, ''), model, expected: parts[index * 2]! }));
});

const codesOf = (model: Model, provider?: string): string[] => {
  const draft = new Draft(model);
  const facts = createFacts(draft);
  return findRuleProblems({ draft, facts, ...(provider ? { provider } : {}) }).map(({ code }) => code);
};

describe('problem rules', () => {
  it('are all in the catalog, one a file, with a fixture each', () => {
    const files = readdirSync(folder)
      .filter((file) => file.endsWith('.ts'))
      .map((file) => file.replace(/\.ts$/, ''))
      .filter((name) => name !== 'catalog' && name !== 'rule');
    expect(rules.map(({ code }) => code).sort()).toEqual(files.sort());
    for (const expected of ['breaks', 'keeps']) {
      const having = new Set(cases.flatMap((each) => (each.expected === expected ? [each.code] : [])));
      expect([...having].sort()).toEqual(files);
    }
  });

  it('name only passes that there are', () => {
    const passes = catalog.map(({ name }) => name);
    for (const { fix } of problemKinds) if (fix) expect(passes).toContain(fix);
  });

  it('are documented in docs/problems.md as they are; else run node scripts/problems.ts', () => {
    expect(readFileSync(join(root, 'docs/problems.md'), 'utf8')).toBe(problemsText());
  });

  it.each(cases)('$code: a model $expected it', ({ code, model, expected }) => {
    expect(codesOf(model).filter((each) => each === code)).toHaveLength(expected === 'breaks' ? 1 : 0);
  });

  it("say nothing of another provider's kernels", () => {
    const { model } = cases.find(({ code, expected }) => code === 'without-kernel' && expected === 'breaks')!;
    expect(codesOf(model, 'cpu')).toContain('without-kernel');
    expect(codesOf(model, 'webgpu')).not.toContain('without-kernel');
  });

  it.each([
    [-1e9, 'Where', 1],
    [65520, 'Add', 1],
    [65504, 'Add', 0],
    [Number.NEGATIVE_INFINITY, 'Add', 0],
    [3.4e38, 'Clip', 0],
  ])('a float32 constant of %d that %s reads gives %d remarks about fp16', (value, opType, remarks) => {
    const inputs = opType === 'Where' ? 'c, m, x' : 'x, m';
    const model = `opset 17
in x float32 [1, 4]
in c bool [1, 4]
const m float32 [] = ${value}
y = ${opType}(${inputs})
out y float32 [1, 4]`;
    const draft = new Draft(parseModel(model));
    const found = findRuleProblems({ draft, facts: createFacts(draft) });
    const about = found.filter(({ code }) => code === 'float16-overflow');
    expect(about.map(({ severity }) => severity)).toEqual(Array(remarks).fill('info'));
    if (value < -1e8 && remarks > 0) expect(about[0]!.message).toContain('-1.00e+9');
  });
});
