import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { explainError } from '../../src/cli/exit.ts';
import { inspectText } from '../../src/cli/inspect.ts';
import { table } from '../../src/cli/print.ts';
import { modelBytes } from '../../src/core/onnx/model-bytes.ts';
import type { InspectReport } from '../../src/core/report/report.ts';
import { inspectModel } from '../../src/worker/inspect.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { parseModel } from '../core/passes/graph-text.ts';
import { corpusFolder, corpusModels, corpusPresent, sampleModels } from '../corpus.ts';
import { runCli } from './run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'opscope-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

const written = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

// Needs the model corpus; `test/corpus.ts` says so when it is not there.
describe.skipIf(!corpusPresent)('inspect over the corpus', () => {
  it('describes every file, or says in one line why it cannot', async () => {
    const refused: string[] = [];
    for (const file of corpusModels) {
      try {
        const opened = await openModel(join(corpusFolder, file));
        const report = await inspectModel(opened, { nodes: true });
        expect(inspectText(report)).toContain(file);
        expect(report.nodeList).toHaveLength(report.nodes);
        await opened.close();
      } catch (error) {
        const { code, message } = explainError(error);
        expect({ file, code }).toEqual({ file, code: 2 });
        expect(message).not.toContain('\n');
        refused.push(file);
      }
    }
    expect(corpusModels.length).toBeGreaterThan(400);
    expect(refused.length).toBeLessThan(corpusModels.length / 50);
  });
});

it('aligns tables of more rows than a call may have arguments', () => {
  const rows = Array.from({ length: 300_000 }, (_, index) => [String(index), 'Relu']);
  const lines = table([{ title: 'id', align: 'right' }, { title: 'operator' }], rows).split('\n');
  expect(lines.slice(0, 2)).toEqual(['    id  operator', '     0  Relu']);
  expect(lines.at(-1)).toBe('299999  Relu');
});

describe('opscope inspect', () => {
  const [classifier] = sampleModels as [string];

  it('prints a summary for people', async () => {
    const { code, stdout, stderr } = await runCli('inspect', classifier);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^parameters {2}\d/m);
    expect(stdout).toMatch(/^inputs {6}/m);
  });

  it('prints one JSON object whose first field is the schema', async () => {
    const { code, stdout, stderr } = await runCli('inspect', classifier, '--json', '--nodes', '--sha256');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^\{\s*"schema": 1,/);
    const report: InspectReport = JSON.parse(stdout);
    expect(report.nodeList).toHaveLength(report.nodes);
    expect(Object.values(report.operators).reduce((sum, times) => sum + times, 0)).toBe(report.nodes);
    expect(report.model.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ['a missing file', () => join(folder, 'nowhere.onnx'), /no file/],
    ['a folder', () => folder, /folder/],
    ['an empty file', () => written('empty.onnx', ''), /empty/],
    ['text', () => written('text.onnx', '<html><body>404</body></html>'), /text file/],
    [
      'a pointer',
      () => written('pointer.onnx', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'),
      /git lfs pull/,
    ],
  ])('answers %s with one line and exit code 2', async (_what, path, reason) => {
    const { code, stdout, stderr } = await runCli('inspect', path());
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(reason);
  });

  it('says what the code of a problem means, without a model', async () => {
    const { code, stdout } = await runCli('inspect', '--explain', 'dead-nodes', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ severity: 'info', fix: 'eliminate-dead-code' });
    const unknown = await runCli('inspect', '--explain', 'dead-knots');
    expect({ code: unknown.code, stdout: unknown.stdout }).toEqual({ code: 2, stdout: '' });
    expect(unknown.stderr).toMatch(/no problem with the code dead-knots/);
  });

  it('looks at the kernels of the provider that is to run the model', async () => {
    const text = 'opset 17\nin x int16 [4]\ny = Relu(x)\nout y int16 [4]';
    const path = written('no-kernel.onnx', await modelBytes(parseModel(text)));
    const codes = async (...options: string[]) =>
      JSON.parse((await runCli('inspect', path, '--json', ...options)).stdout).problems.map(
        ({ code }: { code: string }) => code,
      );
    expect(await codes()).toEqual(['without-kernel']);
    expect(await codes('--provider', 'cuda')).toEqual([]);
  });

  it('answers a request that it cannot read with exit code 2', async () => {
    for (const parameters of [['inspect'], ['inspect', classifier, '--dim', 'batch'], ['inspekt', classifier]]) {
      const { code, stdout, stderr } = await runCli(...parameters);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/^error: /);
    }
  });
});
