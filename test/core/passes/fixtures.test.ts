import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import type { Model } from '../../../src/core/graph/model.ts';
import { catalog } from '../../../src/core/passes/catalog.ts';
import { runPasses } from '../../../src/core/passes/runner.ts';
import { createFacts } from '../../../src/core/shapes/infer.ts';
import { runReference, verifyModels } from '../../../src/core/verify/verify-models.ts';
import { createEvaluator } from '../../../src/worker/evaluator.ts';
import { createRuntimeManager } from '../../../src/worker/runtime-client.ts';
import { verificationFeeds } from '../../../src/worker/verification-feeds.ts';
import { parseModel, printModel } from './graph-text.ts';
import { specialFeeds } from './special-feeds.ts';

/**
 * `test/fixtures/passes/<pass>/<case>.txt`: what it is about, the graph before, and either `nothing changes` or `becomes`
 * and the graph after, which may begin with the IR version that it must have. Each runs twice, and both graphs run in
 * ONNX Runtime and are compared; those of exact passes also on special numbers and on no numbers. So does a graph that stays, unless a line says `# ONNX Runtime does not run it.`
 */
const root = join(import.meta.dirname, '../../fixtures/passes');
const manager = createRuntimeManager();
// Weights that are constants and weights that are computed are then multiplied in the same order.
const evaluator = createEvaluator(manager, { config: { 'session.disable_prepacking': '1' } });
afterAll(() => manager.dispose());

const folders = readdirSync(root);

test('every pass has a fixture in which it works and one in which it must do nothing', () => {
  for (const { name } of catalog) {
    const texts = folders.includes(name)
      ? fixturesOf(name).map((each) => readFileSync(join(root, name, each), 'utf8'))
      : [];
    expect(
      texts.some((text) => text.includes('\nbecomes\n')),
      `${name} works`,
    ).toBe(true);
    expect(
      texts.some((text) => text.includes('\nnothing changes')),
      `${name} does nothing`,
    ).toBe(true);
  }
  expect(folders.filter((folder) => !catalog.some(({ name }) => name === folder))).toEqual([]);
});

for (const folder of folders) {
  const pass = catalog.find(({ name }) => name === folder)!;
  const helpers =
    pass.name === 'eliminate-dead-code' ? [] : catalog.filter(({ name }) => name === 'eliminate-dead-code');
  const optimize = async (model: Model) =>
    (
      await runPasses(model, [pass, ...helpers], {
        factsOf: (draft) => createFacts(draft),
        evaluator,
        options: { targetOpset: 23 },
      })
    ).model;

  describe(folder, () => {
    test.each(fixturesOf(folder))('%s', async (file) => {
      const { before, after, runs } = readFixture(join(root, folder, file));
      const model = parseModel(before);
      const cleaned = helpers.length > 0 ? await cleanUp(model) : model;
      const result = await optimize(model);
      expect(printModel(result)).toBe(after === undefined ? printModel(cleaned) : printModel(parseModel(after)));
      expect(printModel(await optimize(result))).toBe(printModel(result));
      if (after?.startsWith('ir ')) expect(result.irVersion).toBe(parseModel(after).irVersion);
      const feeds = verificationFeeds(model, { dims: {}, seed: 1 });
      if (after === undefined) {
        const { usable, reason } = await runReference(model, evaluator, [feeds]).all;
        expect(usable.length > 0, reason).toBe(runs);
        return;
      }
      expect(await verifyModels(model, result, evaluator, feeds)).toMatchObject({
        status: pass.exactness === 'exact' ? 'equal' : expect.stringMatching(/equal|close/),
      });
      if (pass.exactness !== 'exact') return;
      // One by one: what a model refuses must not stop the next, and no number hides the one beside it.
      for await (const feed of specialFeeds(model)) {
        const { status, reason } = await verifyModels(model, result, evaluator, [feed]);
        expect(status, `${reason} ${inspect(feed)}`).toMatch(/^(equal|not-run)$/);
      }
    });
  });
}

async function cleanUp(model: Model): Promise<Model> {
  const deadCode = catalog.filter(({ name }) => name === 'eliminate-dead-code');
  return (await runPasses(model, deadCode, { factsOf: (draft) => createFacts(draft), options: {} })).model;
}

function fixturesOf(folder: string): string[] {
  return readdirSync(join(root, folder)).filter((name) => name.endsWith('.txt'));
}

function readFixture(path: string): { before: string; after: string | undefined; runs: boolean } {
  const commented = readFileSync(path, 'utf8');
  const text = commented.replace(/^#.*\n/gm, '');
  const [before, after] = text.split(/^becomes\n/m);
  return {
    before: before!.replace(/^nothing changes\n?/m, ''),
    after,
    runs: !commented.includes('\n# ONNX Runtime does not run it.\n'),
  };
}
