import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { diffModels } from '../../src/core/diff/diff-models.ts';
import { Draft } from '../../src/core/graph/draft.ts';
import type { Model, NodeId } from '../../src/core/graph/model.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { optimizeModel } from '../../src/worker/optimize.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { sampleModels } from '../corpus.ts';

/** A folder of models as exporters write them; each takes seconds. */
const exports = process.env.OPSCOPE_EXPORTS;
const exported =
  exports && existsSync(exports)
    ? readdirSync(exports)
        .filter((name) => name.endsWith('.onnx'))
        .map((name) => join(exports, name))
    : [];
if (exported.length === 0) console.warn('Set OPSCOPE_EXPORTS to a folder of exported models to run over them too.');

const manager = createRuntimeManager();
afterAll(() => manager.dispose());

describe('original against simplified', () => {
  test.each([...sampleModels, ...exported].map((path) => [basename(path), path] as const))(
    'of %s: a rewrite or a dead end explains every node that is gone',
    { timeout: 300_000 },
    async (_name, path) => {
      const opened = await openModel(path);
      try {
        const { model, report } = await optimizeModel(opened, {
          preset: 'default',
          verify: false,
          manager,
          opscope: '1.2.3',
        });
        const { removed } = await diffModels(opened.model, model);
        const rewritten = new Set(report.rewrites.flatMap((rewrite) => rewrite.removed.map(({ id }) => id)));
        const ends = deadEnds(opened.model);
        const unexplained = removed.filter((id) => !rewritten.has(id) && !ends.has(id));
        const labels = new Map(allNodes(opened.model).map(({ id, opType, name }) => [id, `${opType} ${name}`]));
        expect(unexplained.map((id) => labels.get(id))).toEqual([]);
        expect(removed.length).toBeGreaterThanOrEqual(report.before.nodes - report.after.nodes);
      } finally {
        await opened.close();
      }
    },
  );
});

const allNodes = (model: Model) => new Draft(model).graphs().flatMap((graph) => graph.nodes());

/** Nodes of the main graph from which no path leads to an output. */
function deadEnds(model: Model): ReadonlySet<NodeId> {
  const { main } = new Draft(model);
  const alive = new Set<NodeId>();
  const queue = main.outputs.map(({ name }) => name);
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const producer = main.producer(name);
    if (!producer || alive.has(producer.id)) continue;
    alive.add(producer.id);
    queue.push(...producer.inputs, ...main.bodies(producer).flatMap((body) => [...body.captures()]));
  }
  return new Set(main.nodes().flatMap(({ id }) => (alive.has(id) ? [] : [id])));
}
