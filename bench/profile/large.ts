/**
 * A model of ten thousand nodes, 200 runs: is a trace cut short, and how long is the wait beside the runs themselves?
 * Medians of several turns.
 *
 *   node bench/profile/large.ts [nodes] [runs]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProfileReport } from '../../src/core/report/profile-report.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { probeModel } from '../../src/worker/probe-model.ts';
import { profileModel } from '../../src/worker/profile.ts';
import { profiledWarmup } from '../../src/worker/profiled-runs.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { saveModel } from '../../src/worker/save-model.ts';
import { measure } from '../process.ts';
import { writeResult } from './results.ts';

const nodes = Number(process.argv[2] ?? 10_000);
const runs = Number(process.argv[3] ?? 200);
const turns = Number(process.env.OPSCOPE_BENCH_RUNS ?? 5);
const operators = ['Tanh', 'Sin', 'Softsign'];
const width = 4096;
const root = join(import.meta.dirname, '../..');
execFileSync(process.execPath, ['esbuild.mjs'], { cwd: root, stdio: 'ignore' });

const model = probeModel({
  inputs: { v0: [width] },
  outputs: { [`v${nodes}`]: [width] },
  nodes: Array.from({ length: nodes }, (_, index) => ({
    opType: operators[index % operators.length]!,
    inputs: [`v${index}`],
    output: `v${index + 1}`,
  })),
});
// In a file, as a user has it.
const folder = mkdtempSync(join(tmpdir(), 'opscope-bench-'));
const path = join(folder, 'large.onnx');
const { bytes } = await saveModel(model, path, { weights: 'inline' });

const opened = await openModel(path);
const target = { model: opened.model, path, identity: { path, bytes, irVersion: 8, producer: '', opsets: {} } };
const settings = { provider: 'cpu', threads: 1, timeLimit: 120, dims: {}, seed: 1 };

/** What the engine takes, from being asked to the report. */
async function engineOnce() {
  const manager = createRuntimeManager();
  const begin = performance.now();
  const { report } = await profileModel(
    target,
    { settings, runs, warmup: 3, level: 'all' },
    { manager, opscope: 'bench' },
  );
  const totalMs = performance.now() - begin;
  manager.dispose();
  return beside(report, totalMs);
}

const given = `profile ${path} --runs ${runs} --warmup 3 --threads 1 --time-limit 120 --json`.split(' ');
/** What the command takes, from its start to its end, Node's included. */
async function commandOnce() {
  const { seconds, output } = await measure(process.execPath, [join(root, 'dist/cli.js'), ...given]);
  return beside(JSON.parse(output) as ProfileReport, seconds * 1000);
}

function beside(report: ProfileReport, totalMs: number) {
  const { latency, profiledRuns, wallMs, sessionMs, nodes: attributed, problems } = report;
  // Warm-up runs are runs: those dropped from the plain ones, and those before the profiled ones.
  const runsMs = latency.mean * (latency.runs + latency.warmup) + wallMs * (profiledRuns + profiledWarmup(latency));
  const counts = { runs: latency.runs, profiledRuns, attributedNodes: attributed.length, problems };
  return { ...counts, sessionMs, runsMs, totalMs, ratio: totalMs / runsMs };
}

try {
  const engine: Side = [];
  const command: Side = [];
  for (let turn = 0; turn < turns; turn++) {
    engine.push(await engineOnce());
    command.push(await commandOnce());
    console.log(`engine ${engine.at(-1)!.ratio.toFixed(3)}, command ${command.at(-1)!.ratio.toFixed(3)}`);
  }
  writeResult('profile-large', { nodes, turns, engine: middleOf(engine), command: middleOf(command) });
} finally {
  await opened.close();
  rmSync(folder, { recursive: true });
}

type Side = ReturnType<typeof beside>[];

/** The turn whose ratio is the median. */
function middleOf(all: Side) {
  return all.toSorted((a, b) => a.ratio - b.ratio)[all.length >> 1];
}
