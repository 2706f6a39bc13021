/**
 * A model of ten thousand nodes, 200 runs: is a trace cut short, and how long is the wait beside the runs themselves?
 *
 *   node bench/profile/large.ts [nodes] [runs]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModel } from '../../src/worker/open-model.ts';
import { probeModel } from '../../src/worker/probe-model.ts';
import { profileModel } from '../../src/worker/profile.ts';
import { profiledWarmup } from '../../src/worker/profiled-runs.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { saveModel } from '../../src/worker/save-model.ts';
import { writeResult } from './results.ts';

const nodes = Number(process.argv[2] ?? 10_000);
const runs = Number(process.argv[3] ?? 200);
const operators = ['Tanh', 'Sin', 'Softsign'];
const width = 4096;

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
const identity = { path, bytes, irVersion: 8, producer: '', opsets: {} };
const settings = { provider: 'cpu', threads: 1, timeLimit: 120, dims: {}, seed: 1 };
const manager = createRuntimeManager();
const begin = performance.now();
const { report } = await profileModel(
  { model: opened.model, path, identity },
  { settings, runs, warmup: 3, level: 'all' },
  { manager, opscope: 'bench' },
);
const totalMs = performance.now() - begin;
manager.dispose();
await opened.close();
rmSync(folder, { recursive: true });
const { latency, profiledRuns, wallMs, problems, sessionMs } = report;
// Warm-up runs are runs: those dropped from the plain ones, and those before the profiled ones.
const runsMs = latency.mean * (latency.runs + latency.warmup) + wallMs * (profiledRuns + profiledWarmup(latency));
writeResult('profile-large', {
  nodes,
  runs: latency.runs,
  profiledRuns,
  attributedNodes: report.nodes.length,
  sessionMs,
  runsMs,
  totalMs,
  ratio: totalMs / runsMs,
  problems,
});
