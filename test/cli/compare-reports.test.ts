import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { ProfileComparison } from '../../src/core/report/profile-comparison.ts';
import { sampleModels } from '../corpus.ts';
import { runCli } from './run-cli.ts';

const [classifier] = sampleModels as [string, string];
const folder = mkdtempSync(join(tmpdir(), 'opscope-reports-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

test('compare takes two reports of profile --json, and gives no verdict on runs that took no turns', async () => {
  const { stdout } = await runCli('profile', classifier, '--runs', '5', '--warmup', '1', '--json');
  writeFileSync(at('a.json'), stdout);
  writeFileSync(at('b.json'), stdout.replace(/"cpu": "[^"]*"/, '"cpu": "Another"'));
  const { code, stdout: compared } = await runCli('compare', at('a.json'), at('b.json'), '--json');
  expect(code).toBe(0);
  const report = JSON.parse(compared) as ProfileComparison;
  expect(report.latency).toMatchObject({ ratio: 1, interleaved: false });
  expect(compared).not.toMatch(/"verdict"/);
  expect(report.nodes.length).toBeGreaterThan(3);
  expect(report.nodes.every(({ before, after }) => before === after)).toBe(true);
  expect(report.problems.some((problem) => problem.startsWith('Processor: '))).toBe(true);
  const forPeople = await runCli('compare', at('a.json'), at('b.json'));
  expect(forPeople.stdout).toMatch(/1\.000 \(.*not measured in turns: no verdict/);
  expect(forPeople.stdout).toMatch(/Processor: .* for the first, Another for the second/);
});

test('what cannot be compared says what to do', async () => {
  writeFileSync(at('other.json'), '{"schema": 1}');
  const other = await runCli('compare', at('other.json'), at('other.json'));
  expect(other).toMatchObject({ code: 2, stdout: '' });
  expect(other.stderr).toMatch(/other\.json is not a report of a profile.*opscope profile --json/);
  const mixed = await runCli('compare', classifier, at('other.json'));
  expect(mixed.code).toBe(2);
  expect(mixed.stderr).toMatch(/two models or two reports/);
  const gated = await runCli('compare', at('other.json'), at('other.json'), '--max-slowdown', '3%');
  expect(gated.code).toBe(2);
  expect(gated.stderr).toMatch(/--max-slowdown needs the models/);
});
