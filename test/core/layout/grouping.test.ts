import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Draft } from '../../../src/core/graph/draft.ts';
import type { Model } from '../../../src/core/graph/model.ts';
import { buildHierarchy } from '../../../src/core/layout/hierarchy.ts';
import { layoutGraph } from '../../../src/core/layout/layout-graph.ts';
import { scopesOf } from '../../../src/core/layout/scopes.ts';
import { openModel } from '../../../src/worker/open-model.ts';
import { corpusFolder, corpusPresent } from '../../corpus.ts';
import { buildModel, type GraphParts } from '../../worker/build-model.ts';

const f4 = ['float32', [4]] as const;
const node = (opType: string, inputs: string, outputs: string) => ({
  opType,
  inputs: inputs.split(' '),
  outputs: outputs.split(' '),
});

/** Labels of the boxes with their constants, all groups open. */
function boxesOf(parts: GraphParts): string[] {
  const draft = new Draft(buildModel(parts));
  const { nodes } = layoutGraph({ main: draft.main, functions: draft.functions, open: 'all' });
  return nodes.label.map((label, box) => [label, ...nodes.constants[box]!].join(', '));
}

describe('what is computed from constants alone', () => {
  const parts = (...nodes: GraphParts['nodes']): GraphParts => ({
    inputs: { x: f4 },
    outputs: { y: f4 },
    initializers: { c: { dtype: 'float32', dims: [4], bytes: new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer) } },
    nodes,
  });

  test('is a line in its one reader', () => {
    expect(boxesOf(parts(node('Relu', 'c', 'r'), node('Neg', 'r', 'n'), node('Add', 'x n', 'y')))).toEqual([
      'x',
      'Add, B Neg',
      'y',
    ]);
  });

  test('is a box when several read it, when it is a result, when it is random, and when it dequantizes', () => {
    expect(boxesOf(parts(node('Neg', 'c', 'n'), node('Add', 'x n', 'm'), node('Mul', 'm n', 'y')))).toContain(
      'Neg, A 1 2 3 4',
    );
    expect(boxesOf(parts(node('Neg', 'c', 'y')))).toContain('Neg, A 1 2 3 4');
    expect(boxesOf(parts(node('Bernoulli', 'c', 'b'), node('Add', 'x b', 'y')))).toContain('Bernoulli, A 1 2 3 4');
    expect(boxesOf(parts(node('DequantizeLinear', 'c c', 'b'), node('Add', 'x b', 'y')))).toContain(
      'DequantizeLinear, X 1 2 3 4, scale 1 2 3 4',
    );
  });

  test('is a box when something that is no constant goes into it', () => {
    expect(boxesOf(parts(node('Mul', 'c x', 'n'), node('Add', 'x n', 'y')))).toContain('Mul, A 1 2 3 4');
  });
});

test('hundreds of boxes side by side are a group, and so are hundreds of inputs', () => {
  const names = Array.from({ length: 100 }, (_, index) => `${index}`);
  const draft = new Draft(
    buildModel({
      inputs: Object.fromEntries(names.map((name) => [`x${name}`, f4])),
      outputs: { y: f4 },
      nodes: [
        ...names.flatMap((name) => [node('Neg', `x${name}`, `n${name}`), node('Relu', `n${name}`, `r${name}`)]),
        node('Concat', names.map((name) => `r${name}`).join(' '), 'y'),
      ],
    }),
  );
  const scene = layoutGraph({ main: draft.main, open: 'auto' });
  expect(scene.nodes.label).toEqual(['inputs ×100', 'Relu ×100', 'Concat', 'y']);
  expect(scene.nodes.size[1]).toBe(200);
  expect(scene.edges.count).toBe(3);
  expect(layoutGraph({ main: draft.main, open: 'all' }).nodes.count).toBe(100 + 200 + 2 + 2);
});

test('a closed group says how many layers of one structure it holds', () => {
  const layer = (index: number, opType: string) =>
    ['Neg', opType, 'Sin'].map((each, at) => ({
      ...node(each, `v${index * 3 + at}`, `v${index * 3 + at + 1}`),
      name: `/encoder/layer.${index}/${each}`,
    }));
  const detail = (...layers: readonly string[]) => {
    const nodes = layers.flatMap((opType, index) => layer(index, opType));
    const head = node('Cos', `v${nodes.length}`, 'y');
    const model = buildModel({ inputs: { v0: f4 }, outputs: { y: f4 }, nodes: [...nodes, head] });
    const { nodes: boxes } = layoutGraph({ main: new Draft(model).main, open: [] });
    return boxes.detail[boxes.label.indexOf('encoder')];
  };
  expect(detail('Relu', 'Relu', 'Relu', 'Relu')).toBe('layer ×4, 12 nodes');
  expect(detail('Relu', 'Relu', 'Relu', 'Tan')).toBe('layer ×3, 12 nodes');
  expect(detail('Relu', 'Relu', 'Tan', 'Tan')).toBe('12 nodes');
});

test("scopes come from the name, else from what PyTorch's exporter leaves beside the node", () => {
  const draft = new Draft(buildModel({ inputs: { x: f4 }, outputs: { y: f4 }, nodes: [node('Relu', 'x', 'y')] }));
  const [relu] = draft.main.nodes() as [Model['graph']['nodes'][number]];
  const namespace = ': my.Net/model: a.Model/model.layers.0: a.Layer/model.layers.0.mlp: a.Mlp/relu: aten.relu.default';
  const metadata = new Map([['namespace', namespace]]);
  expect(scopesOf({ ...relu, name: 'node_relu', metadata })).toEqual(['model', 'layers.0', 'mlp']);
  expect(scopesOf({ ...relu, name: '/other/Relu', metadata })).toEqual(['other']);
  expect(scopesOf({ ...relu, name: 'node_relu' })).toEqual([]);
});

test.skipIf(!corpusPresent)(
  'models of the corpus that are drawn in thousands of pixels no more (needs the corpus)',
  async () => {
    for (const name of [
      'onnx__onnx/onnx/backend/test/data/light/light_densenet121.onnx',
      'onnx__onnx/onnx/backend/test/data/light/light_inception_v2.onnx',
      'onnx__onnx/onnx/backend/test/data/light/light_resnet50.onnx',
      'intel__onnxruntime/csharp/testdata/model_181031_12.onnx',
    ]) {
      const opened = await openModel(join(corpusFolder, name));
      const { main, functions } = new Draft(opened.model);
      const { nodes, width } = layoutGraph({
        main,
        functions,
        hierarchy: buildHierarchy(main, functions),
        open: 'auto',
      });
      expect(nodes.count, name).toBeLessThan(70);
      expect(width, name).toBeLessThan(1000);
      await opened.close();
    }
  },
);
