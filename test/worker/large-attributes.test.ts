/** Lists of attributes that are too long to hold: those of large tree ensembles. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Model } from '../../src/core/graph/model.ts';
import { type Feeds, verifyModels } from '../../src/core/verify/verify-models.ts';
import { createEvaluator } from '../../src/worker/evaluator.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { saveModel } from '../../src/worker/save-model.ts';
import { message } from '../core/onnx/proto.ts';

const manager = createRuntimeManager();
const folder = mkdtempSync(join(tmpdir(), 'opscope-large-attributes-'));
afterAll(() => {
  manager.dispose();
  rmSync(folder, { recursive: true });
});

const trees = 150_000;

/** A regression forest of stumps: each adds 1 where its feature is larger than its threshold. */
function forest(): Uint8Array {
  const perTree = <T>(values: readonly T[]) => Array.from({ length: trees }, () => values).flat();
  const ids = (count: number) => Array.from({ length: trees }, (_, tree) => Array(count).fill(tree)).flat();
  const ints = (name: string, values: readonly number[]) =>
    message([[1, name], ...values.map((value) => [8, value] as const), [20, 7]]);
  const floats = (name: string, values: readonly number[]) =>
    message([
      [1, name],
      [7, new Uint8Array(Float32Array.from(values).buffer)],
      [20, 6],
    ]);
  const modes = message([
    [1, 'nodes_modes'],
    ...perTree(['BRANCH_GT', 'LEAF', 'LEAF']).map((mode) => [9, mode] as const),
    [20, 8],
  ]);
  const targets = message([
    [1, 'n_targets'],
    [3, 1],
    [20, 2],
  ]);
  const attributes = [
    targets,
    ints('nodes_treeids', ids(3)),
    ints('nodes_nodeids', perTree([0, 1, 2])),
    ints('nodes_featureids', perTree([0, 0, 0])),
    floats('nodes_values', perTree([0.5, 0, 0])),
    modes,
    ints('nodes_truenodeids', perTree([1, 0, 0])),
    ints('nodes_falsenodeids', perTree([2, 0, 0])),
    ints('target_treeids', ids(2)),
    ints('target_nodeids', perTree([1, 2])),
    ints('target_ids', perTree([0, 0])),
    floats('target_weights', perTree([1, 0])),
  ];
  const value = (name: string, columns: number) => {
    const shape = message([2, columns].map((size) => [1, message([[1, size]])] as const));
    const type = message([
      [1, 1],
      [2, shape],
    ]);
    return message([
      [1, name],
      [2, message([[1, type]])],
    ]);
  };
  const node = message([
    [1, 'x'],
    [2, 'y'],
    [3, 'forest'],
    [4, 'TreeEnsembleRegressor'],
    ...attributes.map((attribute) => [5, attribute] as const),
    [7, 'ai.onnx.ml'],
  ]);
  const graph = message([
    [1, node],
    [2, 'g'],
    [11, value('x', 2)],
    [12, value('y', 1)],
  ]);
  const opset = (domain: string, version: number) =>
    message([
      [1, domain],
      [2, version],
    ]);
  return message([
    [1, 8],
    [7, graph],
    [8, opset('', 17)],
    [8, opset('ai.onnx.ml', 3)],
  ]);
}

test('they stay in the file, are written as they were, and compute the same', async () => {
  const path = join(folder, 'forest.onnx');
  const copy = join(folder, 'copy.onnx');
  writeFileSync(path, forest());
  const opened = await openModel(path);
  const evaluator = createEvaluator(manager);
  try {
    expect(opened.problems).toEqual([]);
    const [node] = opened.model.graph.nodes;
    expect(node!.attributes.get('nodes_treeids')).toMatchObject({ type: 'encoded', of: 'ints' });
    expect(node!.attributes.get('nodes_modes')).toMatchObject({ type: 'encoded', of: 'strings' });
    expect(node!.attributes.get('nodes_values')).toMatchObject({ type: 'encoded', of: 'floats' });
    const renamed: Model = { ...opened.model, graph: { ...opened.model.graph, nodes: [{ ...node!, name: 'woods' }] } };
    await saveModel(renamed, copy);
    const bytes = readFileSync(copy);
    expect(bytes.length).toBe(readFileSync(path).length - 1);
    expect(bytes.includes('woods')).toBe(true);
    const written = await openModel(copy);
    const x = new Uint8Array(Float32Array.of(1, 0, 0, 0).buffer);
    const feeds: Feeds = new Map([['x', { dtype: 'float32', dims: [2, 2], bytes: x }]]);
    const verdict = await verifyModels(opened.model, written.model, evaluator, [feeds]);
    expect(verdict.status, verdict.reason).toBe('equal');
    const [outputs] = await evaluator.run({ model: written.model, feeds: [feeds] });
    expect(Array.from(new Float32Array(outputs!.get('y')!.bytes.slice().buffer))).toEqual([trees, 0]);
    await written.close();
  } finally {
    await evaluator.dispose();
    await opened.close();
  }
});
