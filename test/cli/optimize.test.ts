import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { CompareReport, OptimizeReport, ProfileReport } from '../../src/core/report/report.ts';
import { sampleModels } from '../corpus.ts';
import { runCli } from './run-cli.ts';

const [classifier] = sampleModels as [string];
const folder = mkdtempSync(join(tmpdir(), 'opscope-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

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
    expect(readFileSync(junit, 'utf8')).toContain('failures="0"');
  });

  it('compare fails when an output has less signal to noise than asked for', async () => {
    const gate = await runCli('compare', sampleModels[0]!, sampleModels[1]!, '--no-latency', '--min-sqnr', '10');
    expect(gate.code).toBe(1);
    expect(gate.stdout).toContain('failed');
  });

  it('profile names a time, its interval and its number of runs', async () => {
    const csv = join(folder, 'nodes.csv');
    const { code, stdout } = await runCli('profile', classifier, '--runs', '20', '--json', '--csv', csv);
    expect(code).toBe(0);
    const report: ProfileReport = JSON.parse(stdout);
    expect(report.latency.runs).toBe(20);
    expect(report.latency.interval95[0]).toBeLessThanOrEqual(report.latency.median);
    expect(report.nodes.length).toBeGreaterThan(0);
    expect(readFileSync(csv, 'utf8').trimEnd().split('\n')).toHaveLength(report.nodes.length + 1);
  });

  it('optimize never writes over its model, and asks for a place to write to', async () => {
    const before = readFileSync(classifier);
    for (const parameters of [['-o', classifier], []]) {
      const { code, stderr } = await runCli('optimize', classifier, ...parameters);
      expect(code).toBe(2);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    }
    expect(readFileSync(classifier).equals(before)).toBe(true);
  });

  it('lists the passes, and refuses one that there is not', async () => {
    const { stdout } = await runCli('optimize', '--list-passes', '--json');
    expect(JSON.parse(stdout).passes.length).toBeGreaterThan(5);
    const { code, stderr } = await runCli('optimize', classifier, '-o', join(folder, 'x.onnx'), '--pass', 'nothing');
    expect(code).toBe(2);
    expect(stderr).toContain('There is no pass nothing');
  });
});
