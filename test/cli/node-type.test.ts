import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Model, Node } from '../../src/core/graph/model.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { sampleModels } from '../corpus.ts';
import { runCli } from './run-cli.ts';

const [classifier] = sampleModels as [string];
const folder = mkdtempSync(join(tmpdir(), 'opscope-node-types-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const quantize = (...more: readonly string[]) => {
  const data = ['--scheme', 'static-int8', '--calibration', join(dirname(classifier), 'calibration.npz')];
  return runCli('quantize', classifier, '-o', at('int8.onnx'), ...data, '--no-measure', '--json', ...more);
};

async function read(path: string): Promise<Model> {
  const opened = await openModel(path);
  await opened.close();
  return opened.model;
}

/** Type of the zero points of what stores a value, and the sizes of those of weights. */
function zeroPointsOf({ graph }: Model, conv: Node) {
  const maker = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const initializer = (name: string) => graph.initializers.get(name)!;
  const [data, weight] = [0, 1].map((index) => initializer(maker.get(conv.inputs[index]!)!.inputs[2]!));
  return { data: data!.dtype, weightScales: weight!.dims.length === 0 ? 1 : weight!.dims[0]! };
}

const convs = ({ graph }: Model) => graph.nodes.filter(({ opType }) => opType === 'Conv');

describe('--node-type', () => {
  it('gives a node types of its own and leaves the others, and the recipe does so again', async () => {
    const second = convs(await read(classifier))[1]!;
    const own = ['--node-type', `${second.name}=uint16`, '--node-type', `${second.name}=per-tensor`];
    const { code, stderr } = await quantize(...own, '--recipe', at('int8.json'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const quantized = await read(at('int8.onnx'));
    const [first, changed] = convs(quantized).map((conv) => zeroPointsOf(quantized, conv));
    expect(first!.data).toBe('uint8');
    expect(first!.weightScales).toBeGreaterThan(1);
    expect(changed).toEqual({ data: 'uint16', weightScales: 1 });
    const applied = await runCli('apply', at('int8.json'), '-o', at('again.onnx'), '--json');
    expect(JSON.parse(applied.stdout)).toMatchObject({ reproduced: true });
    const [step] = JSON.parse(readFileSync(at('int8.json'), 'utf8')).steps;
    expect(step.nodeTypes.map(({ type }: { type: string }) => type)).toEqual(['uint16', 'per-tensor']);
  });

  it('takes all nodes of an operator', async () => {
    const { code } = await quantize('--node-type', 'op:Conv=uint16');
    expect(code).toBe(0);
    const quantized = await read(at('int8.onnx'));
    for (const conv of convs(quantized)) expect(zeroPointsOf(quantized, conv).data).toBe('uint16');
  });

  it.each([
    [['--node-type', 'nowhere=uint16'], /no node named nowhere/],
    [['--node-type', 'op:Foo=uint16'], /has no Foo/],
    [['--node-type', 'op:Conv=int3'], /takes NODE=TYPE with one of uint8, uint16/],
    [['--node-type', 'op:Conv=uint16', '--scheme', 'int8-weights'], /are for static-int8/],
    [
      ['--node-type', 'op:Conv=uint16', ...['--exclude', 'EVERY']],
      /op:Conv cannot be stored as uint16: it is not quantized/,
    ],
  ])('refuses %j with one clear sentence', async (options, message) => {
    const names = convs(await read(classifier)).flatMap(({ name }) => ['--exclude', name]);
    const given = options.includes('EVERY') ? [...options.slice(0, 2), ...names] : options;
    const { code, stdout, stderr } = await quantize(...given);
    expect(code).not.toBe(0);
    expect(stdout + stderr).toMatch(message);
  });
});
