import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { openModel } from '../../src/worker/open-model.ts';
import { saveAhead } from '../../src/worker/save-ahead.ts';
import { buildModel } from './build-model.ts';

const home = mkdtempSync(join(tmpdir(), 'opscope-ahead-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const target = join(home, 'model.onnx');
beforeEach(() => {
  for (const name of readdirSync(home)) rmSync(join(home, name));
  writeFileSync(target, 'the old file');
});

const model = (opType: string) =>
  buildModel({
    inputs: { x: ['float32', [4]] },
    outputs: { y: ['float32', [4]] },
    nodes: [{ opType, inputs: ['x'], outputs: ['y'] }],
  });

async function operatorOf(path: string): Promise<string> {
  const { model: read, close } = await openModel(path);
  await close();
  return read.graph.nodes[0]!.opType;
}

test('what was begun is what is saved', async () => {
  const relu = model('Relu');
  const ahead = saveAhead(target, {});
  ahead.begin(relu);
  await ahead.save(relu);
  await ahead.close();
  expect(await operatorOf(target)).toBe('Relu');
  expect(readdirSync(home)).toEqual(['model.onnx']);
});

test('another model than the one that was begun', async () => {
  const ahead = saveAhead(target, {});
  ahead.begin(model('Relu'));
  await ahead.save(model('Abs'));
  await ahead.close();
  expect(await operatorOf(target)).toBe('Abs');
  expect(readdirSync(home)).toEqual(['model.onnx']);
});

test('what is not saved leaves no trace, and the old file', async () => {
  const ahead = saveAhead(target, {});
  ahead.begin(model('Relu'));
  await ahead.close();
  expect(readdirSync(home)).toEqual(['model.onnx']);
  await expect(operatorOf(target)).rejects.toThrow('not a readable ONNX model');
});

test('a failure to write shows when it is saved', async () => {
  const relu = model('Relu');
  const ahead = saveAhead(join(home, 'nowhere', 'model.onnx'), {});
  ahead.begin(relu);
  await expect(ahead.save(relu)).rejects.toThrow('does not exist');
  await ahead.close();
});
