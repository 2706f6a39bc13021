import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { root } from '../../scripts/processes.ts';
import { runCli } from '../cli/run-cli.ts';
import { callTools, extensionsWithToolCaller } from './call-tools.ts';
import { type Editor, startEditor } from './editor.ts';
import { runtimeProcesses } from './runtime-processes.ts';

// What an assistant in VS Code gets to use: each tool through vscode.lm.invokeTool, beside the command line's figures.

const source = join(root, 'samples/image-classifier/image-classifier.onnx');
const model = 'model.onnx';
let editor: Editor;
let extensions: string | undefined;

beforeAll(async () => {
  extensions = extensionsWithToolCaller();
  editor = await startEditor({ files: { [model]: { copyOf: source } }, extensions });
});
afterAll(async () => {
  await editor?.close();
  if (extensions) rmSync(extensions, { recursive: true });
});

const pathOf = (name: string) => join(editor.folder, name);
const cli = async (...parameters: string[]) => JSON.parse((await runCli(...parameters, '--json')).stdout);
const filesOf = (folder: string) =>
  readdirSync(pathOf(folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(pathOf(folder).length))
    .sort();

test('every tool answers as the command line does, and asks where it writes', async () => {
  onTestFailed(() => editor.takePicture('failed-tools'));
  const inspected = await cli('inspect', pathOf(model), '--nodes');
  const conv = inspected.nodeList.find(({ opType }: { opType: string }) => opType === 'Conv');
  const { answers, questions } = await callTools(editor, [
    { name: 'opscope_inspect', input: { model } },
    { name: 'opscope_find_nodes', input: { model, query: 'op:Conv', limit: 1 } },
    { name: 'opscope_profile', input: { model, timeLimit: 4 } },
    { name: 'opscope_explain_node', input: { model, node: conv.name, timeLimit: 4 } },
    { name: 'opscope_optimize', input: { model, output: 'small.onnx' } },
    { name: 'opscope_compare', input: { a: model, b: 'small.onnx', timeLimit: 5 } },
    { name: 'opscope_quantize', input: { model, output: 'int8.onnx', scheme: 'int8-weights', measure: false } },
    { name: 'opscope_prune', input: { model, output: 'pruned.onnx', ratio: 0.1, measure: false } },
    {
      name: 'opscope_tune',
      input: {
        ...{ model, output: 'tuned.onnx', p90: 10_000, timeLimit: 4 },
        ...{ html: 'tuned.html', markdown: 'tuned.md', package: 'tuned-programs' },
      },
    },
    { name: 'opscope_export', input: { model, kind: 'triton', output: 'tool/packed' } },
    { name: 'opscope_inspect', input: { model: 'nowhere.onnx' } },
  ]);
  const of = (name: string) => answers.find((each) => each.name === name)?.answer;
  expect(answers.slice(0, -1).filter(({ error }) => error)).toEqual([]);
  const asked = [
    ...['small.onnx', 'int8.onnx', 'pruned.onnx'],
    'tuned.onnx, tuned.html, tuned.md, and tuned-programs',
    'tool/packed',
  ];
  expect(questions).toEqual(asked.map((written) => expect.stringContaining(`Read ${model} and write ${written}?`)));
  expect(of('opscope_inspect')).toMatchObject({
    nodes: inspected.nodes,
    operators: inspected.operators,
    macs: inspected.macs,
  });
  expect(of('opscope_find_nodes')).toMatchObject({ matches: inspected.operators.Conv });

  // Times differ from run to run; what was timed does not.
  const profiled = await cli('profile', pathOf(model), '--time-limit', '4');
  expect(of('opscope_profile')).toMatchObject({
    nodesWithTime: profiled.nodes.length,
    latency: { medianMs: expect.any(Number) },
  });
  const named = ({ nodes }: { nodes: readonly number[] }) => nodes.includes(conv.id);
  const kernels = profiled.kernels.filter(named);
  expect(kernels.length).toBeGreaterThan(0);
  expect(of('opscope_explain_node')).toMatchObject({
    node: { name: conv.name },
    kernels: kernels.map(({ name, opType }: { name: string; opType: string }) => ({ name, opType })),
    limitedBy: expect.stringMatching(/compute|memory|overhead/),
  });

  const optimized = await cli('optimize', pathOf(model), '-o', pathOf('again.onnx'));
  expect(of('opscope_optimize')).toMatchObject({
    nodes: [optimized.before.nodes, optimized.after.nodes],
    verdict: optimized.verdict.status,
  });
  expect(readFileSync(pathOf('small.onnx')).equals(readFileSync(pathOf('again.onnx')))).toBe(true);
  expect(of('opscope_compare')).toMatchObject({ nodes: [optimized.before.nodes, optimized.after.nodes] });
  const scheme = ['--scheme', 'int8-weights', '--no-measure'];
  const quantized = await cli('quantize', pathOf(model), '-o', pathOf('int8-again.onnx'), ...scheme);
  expect(of('opscope_quantize')).toMatchObject({ scheme: quantized.scheme, sqnrDb: quantized.sqnrDb });

  const share = ['--ratio', '0.1', '--no-measure'];
  const pruned = await cli('prune', pathOf(model), '-o', pathOf('pruned-again.onnx'), ...share);
  const { removed, of: all } = pruned.channels;
  expect(of('opscope_prune')).toMatchObject({ channels: { removed, of: all }, sqnrDb: pruned.sqnrDb });
  expect(readFileSync(pathOf('pruned.onnx')).equals(readFileSync(pathOf('pruned-again.onnx')))).toBe(true);

  const tuned = await cli(
    'tune',
    pathOf(model),
    '-o',
    pathOf('tuned-again.onnx'),
    '--p90',
    '10000',
    '--time-limit',
    '4',
  );
  expect(of('opscope_tune')).toMatchObject({ met: tuned.met });
  expect(readFileSync(pathOf('tuned.onnx')).equals(readFileSync(pathOf('tuned-again.onnx')))).toBe(true);
  expect(readFileSync(pathOf('tuned.html'), 'utf8')).toContain('90 % of the runs within');
  expect(readFileSync(pathOf('tuned.md'), 'utf8')).toContain('The target is met as it is.');
  expect(filesOf('tuned-programs')).toContain('/model.onnx');
  await cli('export', pathOf(model), '--as', 'triton', '-o', pathOf('cli/packed'));
  expect(filesOf('tool')).toEqual(filesOf('cli'));
  const packed = (folder: string, file: string) =>
    readFileSync(join(pathOf(folder), file), 'latin1').replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d/g, 'time');
  for (const file of filesOf('tool')) expect(packed('tool', file), file).toBe(packed('cli', file));
  expect(answers.at(-1)!.error).toMatch(/There is no file/);
});

test('a tool that is refused writes nothing', async () => {
  onTestFailed(() => editor.takePicture('failed-tools-refused'));
  const { answers, questions } = await callTools(
    editor,
    [{ name: 'opscope_optimize', input: { model, output: 'refused.onnx' } }],
    'No',
  );
  expect(questions).toHaveLength(1);
  expect(answers[0]!.answer).toBeUndefined();
  expect(answers[0]!.error).toBeTruthy();
  expect(existsSync(pathOf('refused.onnx'))).toBe(false);
});

test('a tool that is cancelled ends, and what it ran with it', async () => {
  onTestFailed(() => editor.takePicture('failed-tools-cancelled'));
  // No machine is that fast, so it searches until it is stopped.
  const input = { model, output: 'cancelled.onnx', p90: 1e-6, timeLimit: 60 };
  const { answers } = await callTools(editor, [{ name: 'opscope_tune', input, cancelAfter: 6000 }]);
  expect(answers[0]!.error).toMatch(/cancel/i);
  expect(existsSync(pathOf('cancelled.onnx'))).toBe(false);
  await expect.poll(() => runtimeProcesses(editor.serverPid), { timeout: 10_000 }).toEqual([]);
});
