/** Which nodes of a model each kernel stands for that ONNX Runtime really ran, where the answer is known. */
import { afterAll, expect, test } from 'vitest';
import { allNodes } from '../../src/core/profile/breakdown.ts';
import { matchGraphs } from '../../src/core/profile/region.ts';
import { withUniqueNames } from '../../src/core/profile/unique-names.ts';
import { modelAsRun } from '../../src/worker/kernels-as-run.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { corpusModel, corpusPresent } from '../corpus.ts';
import { kernelsOf, knownAnswers } from './known-attributions.ts';

const manager = createRuntimeManager();
afterAll(() => manager.dispose());

test.each(Object.entries(knownAnswers))('%s', async (_name, { model, kernels }) => {
  expect(await kernelsOf(model, manager)).toEqual(kernels);
});

test.skipIf(!corpusPresent)('a kernel that keeps name and operator is that node (needs OPSCOPE_CORPUS)', async () => {
  for (const path of ['triple-cast.onnx', 'crop_and_resize.onnx', 'nmp.onnx']) {
    const opened = await openModel(corpusModel(path));
    await opened.close();
    const model = withUniqueNames(opened.model);
    const asRun = await modelAsRun(manager, model, { level: 'all' });
    const { covers } = matchGraphs(model.graph, asRun.graph);
    const originals = new Map([...allNodes(model).values()].map((each) => [`${each.opType}/${each.name}`, each.id]));
    for (const { id, opType, name } of allNodes(asRun).values()) {
      const original = originals.get(`${opType}/${name}`);
      if (original === undefined) continue;
      expect(covers.get(id)?.nodes.map((each) => each.id)).toContain(original);
    }
  }
});

test.skipIf(!corpusPresent)(
  'an Attention kernel covers a whole layer, mask and all (needs OPSCOPE_CORPUS)',
  async () => {
    const opened = await openModel(corpusModel('transform/fusion/attention_int32_mask.onnx'));
    try {
      const projections = ['MatMul_1_88 Add_1_89 Reshape_Fuse1 Transpose_1_110', 'MatMul_2_91 Add_2_92 Reshape_Fuse2']
        .concat('Transpose_3_140', 'MatMul_3_94 Add_3_95 Reshape_Fuse3 Transpose_2_139')
        .join(' ');
      const scores = 'MatMul_4_141 Div_1_143 Add_4_144 Softmax_1_145 MatMul_5_146 Transpose_4_147 Reshape_Fuse4';
      const mask = 'Unsqueeze_1_60 Unsqueeze_2_61 Cast_1_62 Sub_1_64 Mul_1_66';
      const layer = `${projections} ${scores} ${mask}`.split(' ').sort().join(' ');
      expect(await kernelsOf(opened.model, manager)).toEqual([
        'LayerNormalization: LayerNormalization_1_86',
        `Attention: ${layer}`,
        '(inserted) Reshape: Add_5_162 MatMul_6_161',
        'Gemm: Add_5_162 MatMul_6_161',
        '(inserted) Reshape: Add_5_162 MatMul_6_161',
        'Add: Add_6_output_1',
      ]);
    } finally {
      await opened.close();
    }
  },
);
