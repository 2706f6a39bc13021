import { describe, expect, it } from 'vitest';
import { modelText } from '../../../src/core/text/model-text.ts';
import { openModel } from '../../../src/worker/open-model.ts';
import { sampleModels } from '../../corpus.ts';
import { buildGraph, buildModel } from '../../worker/build-model.ts';

describe('modelText', () => {
  it('writes one node a line, with types, attributes, constants and bodies', () => {
    const body = buildGraph({
      inputs: {},
      outputs: { o: ['float32', ['n']] },
      nodes: [{ opType: 'Relu', inputs: ['x'], outputs: ['o'] }],
    });
    const text = modelText(
      buildModel({
        inputs: { x: ['float32', ['n', null]], c: ['bool', []] },
        outputs: { y: ['float32', ['n', 4]] },
        initializers: {
          axes: { dtype: 'int64', dims: [2], bytes: new Uint8Array(BigInt64Array.of(1n, -1n).buffer) },
          w: { dtype: 'float32', dims: [4, 8], bytes: new Uint8Array(128) },
        },
        nodes: [
          {
            opType: 'LeakyRelu',
            name: 'layer.0/act',
            inputs: ['x'],
            outputs: ['layer:0'],
            attributes: { alpha: { float: 0.5 } },
          },
          { opType: 'Clip', inputs: ['layer:0', '', 'c'], outputs: ['z'] },
          {
            opType: 'If',
            inputs: ['c'],
            outputs: ['y'],
            attributes: { then_branch: { type: 'graph', value: body } },
          },
        ],
      }),
    );
    expect(text).toBe(`<
  ir_version: 10,
  opset_import: ["" : 21]
>
test (float[n, ?] x, bool c) => (float[n, 4] y)
<
  int64[2] axes = {1, -1},
  float[4, 8] w # 128 bytes
>
{
  ["layer.0/act"] "layer:0" = LeakyRelu <alpha: float = 0.5> (x)
  z = Clip ("layer:0", "", c)
  y = If <
    then_branch: graph =
    test () => (float[n] o)
    {
      o = Relu (x)
    }
  > (c)
}
`);
  });

  it('gives a line to every node of a real model, the same each time', async () => {
    for (const path of sampleModels) {
      const opened = await openModel(path);
      const text = modelText(opened.model);
      expect(modelText(opened.model)).toBe(text);
      expect(text.split('\n').filter((line) => / = \w+ /.test(line)).length).toBeGreaterThanOrEqual(
        opened.model.graph.nodes.length,
      );
      await opened.close();
    }
  });
});
