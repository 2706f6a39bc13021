import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { metricGate } from '../../src/cli/compare.ts';
import { optimizeText } from '../../src/cli/optimize.ts';
import type { ProfileReport } from '../../src/core/report/profile-report.ts';
import type { CompareReport, OptimizeReport, QuantizeReport } from '../../src/core/report/report.ts';
import { saveModel } from '../../src/worker/save-model.ts';
import { parseModel } from '../core/passes/graph-text.ts';
import { sampleModels } from '../corpus.ts';
import { runCli, startCli } from './run-cli.ts';

const [classifier] = sampleModels as [string];
const folder = mkdtempSync(join(tmpdir(), 'opscope-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

const sha256Of = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

describe('commands that run models', () => {
  it('optimize writes a smaller model that compare finds equal', async () => {
    const output = join(folder, 'small.onnx');
    const optimized = await runCli('optimize', classifier, '-o', output, '--json');
    expect(optimized.stderr).toBe('');
    const report: OptimizeReport = JSON.parse(optimized.stdout);
    expect(report.after.nodes).toBeLessThan(report.before.nodes);
    expect(['equal', 'close']).toContain(report.verdict.status);
    expect(existsSync(output)).toBe(true);

    const junit = join(folder, 'compare.xml');
    const compared = await runCli('compare', classifier, output, '--no-latency', '--json', '--junit', junit);
    expect(compared.code).toBe(0);
    const comparison: CompareReport = JSON.parse(compared.stdout);
    expect(comparison.outputs.length).toBeGreaterThan(0);
    expect([comparison.a.sha256, comparison.b.sha256]).toEqual([sha256Of(classifier), sha256Of(output)]);
    expect(comparison.environment!.modelSha256).toBe(sha256Of(classifier));
    expect(readFileSync(junit, 'utf8')).toContain('failures="0"');
  });

  it('optimize ends when there is nothing to change in a model large enough for a process beside the passes', async () => {
    const large = parseModel(`
opset 17
in x float32 [1, 1024]
const w float32 [1024, 1024] = random
y = MatMul(x, w)
out y
`);
    const path = join(folder, 'large.onnx');
    await saveModel(large, path);
    const { code, stdout } = await runCli('optimize', path, '-o', join(folder, 'same.onnx'), '--json');
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as OptimizeReport).passes).toEqual([]);
  });

  it('optimize raises the operator set when told which, and says what is in the way', async () => {
    const old = `
opset 10
in x float32 [1, 1, 4, 4]
const s float32 [4] = 1 1 2 2
r = Resize(x, s) {mode = nearest}
y = Clip(r) {min = 0.25}
out y float32 [1, 1, 8, 8]
`;
    const raise = async (text: string) => {
      const path = join(folder, 'old.onnx');
      await saveModel(parseModel(text), path);
      const { stdout } = await runCli('optimize', path, '-o', join(folder, 'new.onnx'), '--opset', '12', '--json');
      const { passes, problems, verdict } = JSON.parse(stdout) as OptimizeReport;
      return { passes: passes.map(({ name }) => name), problems, status: verdict.status };
    };
    expect(await raise(old)).toEqual({ passes: ['raise-opset'], problems: [], status: 'equal' });
    expect(await raise(old.replace('1 1 2 2', '1 1 2 0.5').replace('8, 8', '8, 2'))).toEqual({
      passes: [],
      problems: [expect.stringMatching(/^The operator set is 10, not 12: Resize r is in the way\. With nearest/)],
      status: 'equal',
    });
  });

  it('optimize measures on request, as compare does', async () => {
    // Forty operators that ONNX Runtime would run and one that is left: however busy the machine is, the result is not
    // slower, and no pass is searched for, which takes many measurements.
    const negations = Array.from({ length: 40 }, (_, index) => `v${index + 1} = Neg(v${index})`);
    const path = join(folder, 'negations.onnx');
    const text = ['opset 17', 'in v0 float32 [1, 65536]', ...negations, 'y = Relu(v40)', 'out y'];
    await saveModel(parseModel(text.join('\n')), path);
    const written = join(folder, 'measured.onnx');
    const { code, stdout } = await runCli(
      ...['optimize', path, '-o', written, '--measure', '--time-limit', '1', '--json'],
    );
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as OptimizeReport;
    expect(report.after.nodes).toBe(1);
    expect(report.latency).toMatchObject({ verdict: expect.stringMatching(/faster|no-difference/) });
    expect(report.latency!.interval95[0]).toBeLessThanOrEqual(report.latency!.ratio);
    expect(optimizeText(report)).toMatch(/^latency {2}/m);
  });

  it('optimize computes ahead only what may grow the file so much', async () => {
    const tiled = parseModel(`
opset 17
in x float32 [64, 16]
const w float32 [1, 16] = random
const n int64 [2] = 64 1
t = Tile(w, n)
y = Add(x, t)
out y
`);
    const path = join(folder, 'tiled.onnx');
    await saveModel(tiled, path);
    const nodesAfter = async (...parameters: string[]) => {
      const { stdout } = await runCli('optimize', path, '-o', join(folder, 'untiled.onnx'), '--json', ...parameters);
      return (JSON.parse(stdout) as OptimizeReport).after.nodes;
    };
    expect(await nodesAfter()).toBe(1);
    expect(await nodesAfter('--max-growth', '1000')).toBe(2);
  });

  it('compare fails when an output has less signal to noise than asked for', async () => {
    const gate = await runCli('compare', sampleModels[0]!, sampleModels[1]!, '--no-latency', '--min-sqnr', '10');
    expect(gate.code).toBe(1);
    expect(gate.stdout).toContain('failed');
  });

  it('compare measures accuracy on labelled data, and fails when it falls by more than may be', async () => {
    const labelled = join(dirname(classifier), 'evaluation.npz');
    const equal = ['compare', classifier, classifier, '--no-latency', '--max-metric-drop', '0'];
    const passed = await runCli(...equal, '--labelled', labelled, '--json');
    expect(passed.code).toBe(0);
    const { metric, before } = JSON.parse(passed.stdout) as CompareReport;
    expect(metric!.before).toBeGreaterThan(0.5);
    expect(metric!.after).toBe(metric!.before);
    expect(before.activationBytes).toBeGreaterThan(0);
    const unlabelled = await runCli(...equal);
    expect(unlabelled.code).toBe(2);
    expect(unlabelled.stderr).toContain('--labelled');
    const fallen = { metric: { name: 'accuracy', before: 0.95, after: 0.945, samples: 200 } };
    expect([0.4, 0.5, 0.6].map((most) => metricGate(fallen, most).passed)).toEqual([false, true, true]);
  });

  it('profile names a time, its interval and its number of runs', async () => {
    const csv = join(folder, 'nodes.csv');
    const samples = join(folder, 'runs.csv');
    const { code, stdout } = await runCli(
      'profile',
      classifier,
      '--runs',
      '20',
      '--json',
      '--csv',
      csv,
      '--fill',
      'zeros',
      '--samples',
      samples,
    );
    expect(code).toBe(0);
    const report: ProfileReport = JSON.parse(stdout);
    expect(report.latency.runs).toBe(20);
    expect(report.latency.interval95[0]).toBeLessThanOrEqual(report.latency.median);
    expect(report.nodes.length).toBeGreaterThan(0);
    const sha256 = sha256Of(classifier);
    expect(report).toMatchObject({ model: { sha256 }, environment: { modelSha256: sha256 } });
    expect(report.inputs.map(({ source }) => source)).toEqual(['zeros']);
    expect(report.latency.samples).toBeUndefined();
    expect(readFileSync(samples, 'utf8').trimEnd().split('\n')).toHaveLength(21);
    expect(readFileSync(csv, 'utf8').trimEnd().split('\n')).toHaveLength(report.nodes.length + 1);
  });

  // Windows has no signals.
  it.skipIf(process.platform === 'win32')(
    'an interrupted measurement ends as shells have it, with what there is',
    async () => {
      // Nothing is printed before the end: one that was interrupted before its first run is started again.
      let stdout = '';
      for (let wait = 2000; stdout === ''; wait *= 2) {
        const { child, result } = startCli('profile', classifier, '--runs', '10000000', '--time-limit', '600');
        await new Promise((resolve) => setTimeout(resolve, wait));
        child.kill('SIGINT');
        const ended = await result;
        stdout = ended.stdout;
        if (stdout !== '') expect({ ...ended, stdout: '' }).toEqual({ code: 130, stdout: '', stderr: '' });
      }
      expect(stdout).toMatch(/latency .* median of [\d,]+ runs/);
      expect(stdout).toMatch(/Stopped after \d+ runs/);
    },
  );

  it('quantize says at once what speaks against a scheme, and lists the largest errors when asked', async () => {
    const output = join(folder, 'half.onnx');
    const parameters = ['--scheme', 'fp16', '--no-measure', '--errors', '3'];
    const { code, stdout, stderr } = await runCli('quantize', sampleModels[1]!, '-o', output, ...parameters);
    expect(code).toBe(0);
    expect(stderr).toMatch(/computes most operators in 32 bits/);
    expect(stdout).toMatch(/3 of \d+ nodes with the largest errors/);
    const unseen = await runCli(
      'quantize',
      sampleModels[1]!,
      '-o',
      output,
      ...parameters,
      '--sensitivity',
      '--no-verify',
    );
    expect(unseen.code).toBe(2);
    expect(unseen.stderr).toMatch(/needs verification/);
  });

  it('quantize writes a smaller model and says how far its outputs are', async () => {
    const output = join(folder, 'int8.onnx');
    const { code, stdout, stderr } = await runCli('quantize', sampleModels[1]!, '-o', output, '--no-measure', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report: QuantizeReport = JSON.parse(stdout);
    expect(report.quantized.nodes).toBeGreaterThan(0);
    expect(report.after.bytes).toBeLessThan(report.before.bytes / 2);
    expect(existsSync(output)).toBe(true);
    const refused = await runCli('quantize', classifier, '-o', output, '--exclude', 'no such node');
    expect(refused.code).toBe(2);
  });

  it('layout draws every node', async () => {
    const svg = join(folder, 'graph.svg');
    const { code, stdout } = await runCli('layout', classifier, '--svg', svg, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 1, crossings: expect.any(Number) });
    expect(readFileSync(svg, 'utf8')).toMatch(/^<svg /);
  });

  it('optimize never writes over its model, and asks for a place to write to', async () => {
    const before = readFileSync(classifier);
    for (const parameters of [['-o', classifier], [], ['-o', join(folder, 'o.onnx'), '--external-data', '../w']]) {
      const { code, stderr } = await runCli('optimize', classifier, ...parameters);
      expect(code).toBe(2);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    }
    expect(readFileSync(classifier).equals(before)).toBe(true);
  });

  it('optimize never writes over the weights file of its model', async () => {
    const source = join(folder, 'split.onnx');
    const split = await runCli('optimize', classifier, '-o', source, '--external-data', 'w.data', '--no-verify');
    expect(split.code).toBe(0);
    const before = readFileSync(join(folder, 'w.data'));
    // The same once more takes the place of both files; another model's weights file is not for the taking.
    const repeated = await runCli('optimize', classifier, '-o', source, '--external-data', 'w.data', '--no-verify');
    expect(repeated.code).toBe(0);
    const taken = ['-o', join(folder, 'second.onnx'), '--external-data', 'w.data', '--no-verify'];
    expect(await runCli('optimize', classifier, ...taken)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('may hold the weights of another model'),
    });
    const again = ['-o', join(folder, 'other.onnx'), '--external-data', 'w.data', '--no-verify'];
    const { code, stderr } = await runCli('optimize', source, ...again);
    expect(code).toBe(2);
    expect(stderr).toContain('belongs to the model itself');
    expect(readFileSync(join(folder, 'w.data')).equals(before)).toBe(true);
  });

  it('lists the providers, and says what is missing where one does not work', async () => {
    const { code, stdout } = await runCli('providers', '--json');
    expect(code).toBe(0);
    const { providers } = JSON.parse(stdout) as { providers: { name: string; available: boolean }[] };
    expect(providers[0]).toMatchObject({ name: 'cpu', available: true });
    const unknown = await runCli('profile', classifier, '--provider', 'nonesuch', '--runs', '2');
    expect(unknown.code).toBe(3);
    expect(unknown.stderr).toContain('This ONNX Runtime has no provider nonesuch; it has cpu');
    for (const { name, available } of providers) {
      if (available) continue;
      const { code: failed, stderr } = await runCli('profile', classifier, '--provider', name, '--runs', '2');
      expect(failed).toBe(3);
      // Advice first, then what ONNX Runtime says.
      expect(stderr).toMatch(/^opscope: (?:No usable GPU|The \w+ libraries|DirectML|Core ML)/);
    }
  });

  it('lists the passes, and refuses one that there is not', async () => {
    const { stdout } = await runCli('optimize', '--list-passes', '--json');
    expect(JSON.parse(stdout).passes.length).toBeGreaterThan(5);
    const { code, stderr } = await runCli('optimize', classifier, '-o', join(folder, 'x.onnx'), '--pass', 'nothing');
    expect(code).toBe(2);
    expect(stderr).toContain('There is no pass nothing');
  });
});
