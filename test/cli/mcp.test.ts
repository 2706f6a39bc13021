import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sampleModels } from '../corpus.ts';
import { runCli } from './run-cli.ts';

// The tools over the Model Context Protocol, asked by the protocol's own client.

const [classifier] = sampleModels as [string, string];
const folder = mkdtempSync(join(tmpdir(), 'opscope-mcp-'));
const client = new Client({ name: 'test', version: '1' });

beforeAll(async () => {
  const entry = join(import.meta.dirname, '../../src/cli/main.ts');
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [entry, 'mcp'], cwd: folder }));
});
afterAll(async () => {
  await client.close();
  rmSync(folder, { recursive: true });
});

const call = async (name: string, input: Record<string, unknown>) => {
  const { content, structuredContent, isError } = await client.callTool({ name, arguments: input }, undefined, {
    timeout: 240_000,
  });
  const [{ text }] = content as [{ text: string }];
  return { text, result: structuredContent as Record<string, unknown>, failed: isError === true };
};

test('the tools name what they take, and which of them write', async () => {
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual([
    'opscope_inspect',
    'opscope_find_nodes',
    'opscope_profile',
    'opscope_explain_node',
    'opscope_compare',
    'opscope_optimize',
    'opscope_quantize',
    'opscope_prune',
    'opscope_tune',
    'opscope_export',
  ]);
  expect(tools.filter(({ annotations }) => !annotations?.readOnlyHint).map(({ name }) => name)).toEqual([
    'opscope_optimize',
    'opscope_quantize',
    'opscope_prune',
    'opscope_tune',
    'opscope_export',
  ]);
  expect(tools.filter(({ annotations }) => annotations?.destructiveHint).map(({ name }) => name)).toEqual([
    'opscope_optimize',
    'opscope_quantize',
    'opscope_prune',
    'opscope_tune',
  ]);
  for (const { inputSchema } of tools)
    expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
});

test('pruning writes another file, never one that is there unless told so', async () => {
  const asked = { model: classifier, output: 'pruned.onnx', ratio: 0.1, measure: false };
  const { result, failed } = await call('opscope_prune', asked);
  expect(failed).toBe(false);
  expect(result).toMatchObject({ channels: { removed: expect.any(Number) }, sqnrDb: expect.any(Number) });
  const [before, after] = result.bytes as [number, number];
  expect(after).toBeLessThan(before);
  expect(readFileSync(join(folder, 'pruned.onnx')).length).toBe(after);
  expect((await call('opscope_prune', asked)).text).toMatch(/exists already/);
  expect((await call('opscope_prune', { ...asked, output: classifier, overwrite: true })).failed).toBe(true);
  const { ratio: _, ...without } = asked;
  expect((await call('opscope_prune', { ...without, output: 'other.onnx' })).text).toMatch(/ratio 0\.1/);
});

test('inspect says what the command says', async () => {
  const { result, failed } = await call('opscope_inspect', { model: classifier });
  const { stdout } = await runCli('inspect', classifier, '--json');
  expect(failed).toBe(false);
  const { nodes, operators, parameters, macs, inputs, outputs } = JSON.parse(stdout);
  expect(result).toMatchObject({ nodes, operators, parameters, macs, inputs, outputs });
});

test('nodes are found by a query', async () => {
  const { result } = await call('opscope_find_nodes', { model: classifier, query: 'op:Conv attr:group=1', limit: 2 });
  expect(result.matches).toBeGreaterThan(2);
  expect(result.nodes).toHaveLength(2);
  expect(result.nodes).toMatchObject([{ opType: 'Conv' }, { opType: 'Conv' }]);
});

test('a profile names the slowest nodes, and one of them is explained', async () => {
  const { result } = await call('opscope_profile', { model: classifier, timeLimit: 4, nodes: 3 });
  expect(result).toMatchObject({ latency: { medianMs: expect.any(Number) }, slowestNodes: [{}, {}, {}] });
  const [{ name }] = result.slowestNodes as [{ name: string }];
  const explained = await call('opscope_explain_node', { model: classifier, node: name, timeLimit: 4 });
  expect(explained.result).toMatchObject({
    node: { name, milliseconds: expect.any(Number) },
    limitedBy: expect.stringMatching(/./),
    ceilings: { gflops: expect.any(Number) },
  });
}, 60_000);

test('optimize writes another file, which compares as equal', async () => {
  const { result } = await call('opscope_optimize', { model: classifier, output: 'small.onnx' });
  expect(result).toMatchObject({ output: join(folder, 'small.onnx'), verdict: expect.stringMatching(/equal|close/) });
  const [before, after] = result.nodes as [number, number];
  expect(after).toBeLessThan(before);
  const compared = await call('opscope_compare', { a: classifier, b: 'small.onnx', measure: false });
  expect(compared.result).toMatchObject({
    nodes: [before, after],
    outputsSame: expect.stringMatching(/^outputs equal/),
  });
}, 60_000);

test('quantize says how much signal is left', async () => {
  const input = { model: classifier, output: 'int8.onnx', scheme: 'int8-weights', measure: false };
  const { result } = await call('opscope_quantize', input);
  expect(existsSync(join(folder, 'int8.onnx'))).toBe(true);
  expect(result).toMatchObject({ scheme: expect.any(String), sqnrDb: expect.any(Number) });
}, 60_000);

test('a model is tuned and packed, and all that was written is named', async () => {
  const input = { model: classifier, output: 'fast.onnx', p90: 10_000, timeLimit: 1 };
  const { result } = await call('opscope_tune', { ...input, html: 'fast.html', package: 'deployed' });
  const paths = {
    output: join(folder, 'fast.onnx'),
    html: join(folder, 'fast.html'),
    package: join(folder, 'deployed'),
  };
  expect(result).toMatchObject({ ...paths, met: true, order: expect.any(String), steps: [{ step: 'measure' }] });
  expect(readFileSync(paths.html, 'utf8')).toMatch(/What was tried/);
  expect(readFileSync(join(paths.package, 'model.onnx')).equals(readFileSync(paths.output))).toBe(true);
  const packed = await call('opscope_export', { model: 'fast.onnx', kind: 'triton', output: 'classifier' });
  expect(packed).toMatchObject({ failed: false, result: { output: join(folder, 'classifier') } });
  expect(existsSync(join(folder, 'classifier/config.pbtxt'))).toBe(true);
}, 60_000);

test('what cannot be done is said, and nothing is lost', async () => {
  const source = readFileSync(classifier);
  writeFileSync(join(folder, 'kept.json'), '{}');
  const failures: [string, Record<string, unknown>, RegExp][] = [
    ['opscope_inspect', {}, /model: /],
    ['opscope_inspect', { model: 3 }, /model: /],
    ['opscope_inspect', { model: classifier, colour: 'red' }, /colour/],
    ['opscope_inspect', { model: 'nowhere.onnx' }, /There is no file/],
    ['opscope_find_nodes', { model: classifier, query: 'shape:[' }, /./],
    ['opscope_optimize', { model: classifier, output: classifier }, /belongs to the model itself/],
    ['opscope_optimize', { model: classifier, output: 'small.onnx' }, /exists already/],
    ['opscope_tune', { model: classifier, output: 'x.onnx', p90: 1, recipe: 'kept.json' }, /kept\.json exists already/],
    ['opscope_tune', { model: classifier, output: 'x.onnx', p90: 1, maxMetricDrop: 1 }, /give labelled/],
    ['opscope_tune', { model: classifier, output: 'x.onnx', p90: 1, package: '.' }, /is not empty/],
    ['opscope_quantize', { model: classifier, output: 'x.onnx', scheme: 'int3' }, /scheme: /],
    [
      'opscope_quantize',
      { model: classifier, output: 'x.onnx', scheme: 'fp16', exclude: ['no such'] },
      /no node named/,
    ],
    ['opscope_explain_node', { model: classifier, node: 'no such', timeLimit: 2 }, /No node named/],
  ];
  for (const [name, input, message] of failures) {
    const { text, failed } = await call(name, input);
    expect({ name, failed, text }).toEqual({ name, failed: true, text: expect.stringMatching(message) });
  }
  await expect(call('opscope_guess', {})).rejects.toThrow(/There is no tool opscope_guess/);
  expect(existsSync(join(folder, 'x.onnx'))).toBe(false);
  expect(readFileSync(join(folder, 'kept.json'), 'utf8')).toBe('{}');
  expect(readFileSync(classifier).equals(source)).toBe(true);
}, 60_000);

test('a call that is cancelled ends, and the next one works', async () => {
  const abort = new AbortController();
  const input = { model: classifier, timeLimit: 60 };
  const call1 = client.callTool({ name: 'opscope_profile', arguments: input }, undefined, {
    signal: abort.signal,
    onprogress: () => abort.abort('enough'),
  });
  await expect(call1).rejects.toThrow(/enough/);
  expect((await call('opscope_inspect', { model: classifier })).failed).toBe(false);
}, 30_000);
