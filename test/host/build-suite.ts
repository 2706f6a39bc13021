import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { cacheFolder, root } from '../../scripts/processes.ts';
import { modelBytes } from '../../src/core/onnx/model-bytes.ts';
import { saveModel } from '../../src/worker/save-model.ts';
import { parseModel } from '../core/passes/graph-text.ts';

/** Builds the suite; gives the folder of it, which is also an extension. Its code is `suite.cjs`. */
export async function buildSuite(): Promise<string> {
  const folder = join(cacheFolder, 'host-tests');
  await build({
    entryPoints: [join(root, 'test/host/suite.ts')],
    outfile: join(folder, 'suite.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['vscode'],
    logLevel: 'error',
  });
  const manifest = {
    name: 'host-tests',
    publisher: 'opscope',
    version: '0.0.0',
    engines: { vscode: '^1.105.0' },
    activationEvents: ['onStartupFinished'],
    main: 'suite.cjs',
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  return folder;
}

/** The models that the suite wants in the open folder. */
export async function suiteFiles(): Promise<Readonly<Record<string, string | Uint8Array | { copyOf: string }>>> {
  return {
    'model.onnx': { copyOf: join(root, 'samples/image-classifier/image-classifier.onnx') },
    'old.onnx': await modelBytes(parseModel(oldModelWith(2))),
    ...(await withWeightsBeside('apart.onnx', oldModelWith(16))),
    'text.onnx': 'no model',
  };
}

/** Settings under which the suite runs: nothing is measured, nothing saved on its own. */
export const suiteSettings = { 'files.autoSave': 'off', 'opscope.measure': false };

/** A model file, and the file with its weights. */
async function withWeightsBeside(name: string, text: string): Promise<Readonly<Record<string, Uint8Array>>> {
  const folder = mkdtempSync(join(tmpdir(), 'opscope-suite-'));
  try {
    await saveModel(parseModel(text), join(folder, name), { weights: 'external' });
    return Object.fromEntries(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file))]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const oldModelWith = (channels: number) => `opset 11
in x float32 [1, ${channels}, 4, 4]
const w float32 [${channels}, ${channels}, 1, 1] = ${Array.from({ length: channels ** 2 }, (_, place) => place).join(' ')}
y = Conv(x, w)
unused = Relu(x)
out y float32 [1, ${channels}, 4, 4]
`;
