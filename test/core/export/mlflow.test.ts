import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExportedModel } from '../../../src/core/export/exported-model.ts';
import { mlflowFiles } from '../../../src/core/export/mlflow.ts';
import { exported, measured, value } from './exported-model.ts';

const sample = resolve(import.meta.dirname, '../../../samples/image-classifier/image-classifier.onnx');
/** A Python that has mlflow and onnxruntime. */
const python = process.env.OPSCOPE_PYTHON;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opscope-mlflow-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const lines = (parts: Partial<ExportedModel> = {}) => mlflowFiles(exported(parts)).MLmodel!.split('\n');

describe('an MLflow model folder', () => {
  test('says where the model is, what loads it and what it takes', () => {
    expect(lines()).toEqual([
      'flavors:',
      '  onnx:',
      '    code: null',
      '    data: "model.onnx"',
      '    providers:',
      '      - "CPUExecutionProvider"',
      '  python_function:',
      '    data: "model.onnx"',
      '    env:',
      '      virtualenv: "python_env.yaml"',
      '    loader_module: "mlflow.onnx"',
      'metadata:',
      '  opscope:',
      '    version: "0.1.0"',
      '    sha256:',
      `      "model.onnx": "${'ab'.repeat(32)}"`,
      'model_size_bytes: 46800000',
      'signature:',
      `  inputs: ${JSON.stringify('[{"name":"image","type":"tensor","tensor-spec":{"dtype":"float32","shape":[-1,3,224,224]}}]')}`,
      `  outputs: ${JSON.stringify('[{"name":"scores","type":"tensor","tensor-spec":{"dtype":"float32","shape":[-1,1000]}}]')}`,
      '  params: null',
      'utc_time_created: "2026-03-01 12:00:00.000"',
      '',
    ]);
  });

  test('has the session options and the runtime of the measurement', () => {
    expect(lines({ measured: measured() })).toEqual(
      expect.arrayContaining(['      graph_optimization_level: 2', '      intra_op_num_threads: 4']),
    );
    expect(mlflowFiles(exported({ measured: measured() }))['requirements.txt']).toContain('onnxruntime>=1.24.1');
  });

  test('has no signature for types that NumPy lacks', () => {
    expect(lines({ inputs: [value('x', 'bfloat16', 2)] })).not.toContain('signature:');
  });

  // Needs a Python with mlflow and onnxruntime, named in OPSCOPE_PYTHON.
  test.skipIf(!python)('loads with mlflow and predicts what ONNX Runtime does', { timeout: 120_000 }, async () => {
    const model = exported({
      inputs: [value('image', 'float32', 'batch', 3, 32, 32)],
      outputs: [value('logits', 'float32', 'batch', 10)],
      measured: measured({ threads: 1 }),
    });
    for (const [name, text] of Object.entries(mlflowFiles(model))) await writeFile(join(folder, name), text);
    await cp(sample, join(folder, 'model.onnx'));
    const program = `
import json, sys
import mlflow.onnx, mlflow.pyfunc, numpy as np, onnxruntime as ort
folder = sys.argv[1]
image = np.random.default_rng(1).random((4, 3, 32, 32), np.float32)
loaded = mlflow.pyfunc.load_model(folder)
predicted = loaded.predict({"image": image})["logits"]
options = ort.SessionOptions()
options.intra_op_num_threads = 1
options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
session = ort.InferenceSession(folder + "/model.onnx", options, providers=["CPUExecutionProvider"])
expected = session.run(None, {"image": image})[0]
try:
    loaded.predict({"image": image.astype(np.int32)})
    refused = False
except mlflow.exceptions.MlflowException:
    refused = True
print(json.dumps({
    "same": bool(np.array_equal(predicted, expected)),
    "refused": refused,
    "inputs": loaded.metadata.signature.inputs.input_names(),
    "sha256": loaded.metadata.metadata["opscope"]["sha256"]["model.onnx"],
    "graph": mlflow.onnx.load_model(folder).graph.output[0].name,
}))`;
    const { status, stdout, stderr } = spawnSync(python!, ['-c', program, folder], { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      same: true,
      refused: true,
      inputs: ['image'],
      sha256: 'ab'.repeat(32),
      graph: 'logits',
    });
  });
});
