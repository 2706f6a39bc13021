/**
 * Opscope's median latency beside a plain loop in ONNX Runtime's Python API: same model, inputs and threads, taking
 * turns so that the machine's moods meet both. Writes bench/results/profile-plain-loop.json.
 *
 *     OPSCOPE_BENCH_MODELS=… OPSCOPE_PYTHON=… node bench/profile/plain-loop.ts [part of a name]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../../src/core/profile/statistics.ts';
import { writeNpz } from '../../src/core/tensor/npz.ts';
import { makeInputs } from '../../src/worker/inputs.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { writeResult } from './results.ts';

const folder = process.env.OPSCOPE_BENCH_MODELS;
const python = process.env.OPSCOPE_PYTHON;
if (!folder || !python) {
  throw new Error(
    'Set OPSCOPE_BENCH_MODELS to a folder of .onnx files and OPSCOPE_PYTHON to a Python with onnxruntime.',
  );
}
const wanted = process.argv[2] ?? '';
const turns = Number(process.env.OPSCOPE_BENCH_RUNS ?? 5);
const threads = 1;
const runs = 50;
const scratch = mkdtempSync(join(tmpdir(), 'opscope-bench-'));
const manager = createRuntimeManager();
const rows: object[] = [];
try {
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.onnx') && each.includes(wanted))) {
    const path = join(folder, name);
    const opened = await openModel(path);
    const feeds = (await makeInputs(opened.model, { dims: {}, seed: 1 })).feeds[0]!;
    await opened.close();
    const feedPath = join(scratch, 'feed.npz');
    writeFileSync(feedPath, writeNpz(new Map(Object.entries(feeds))));
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let turn = 0; turn < turns; turn++) {
      const times = await manager.use(async ({ client }) => {
        const options = { provider: 'cpu', level: 'all', threads } as const;
        const { session } = await client.createSession({ model: { path }, options });
        await client.time({ session, feeds, count: 10 });
        const result = await client.time({ session, feeds, count: runs });
        await client.release({ session });
        return result;
      });
      ours.push(median(times));
      const script = join(import.meta.dirname, 'plain-loop.py');
      const done = spawnSync(python, [script, path, `${threads}`, `${runs}`, feedPath], { encoding: 'utf8' });
      if (done.status !== 0) throw new Error(`${name}: ${done.stderr.trim().split('\n').at(-1)}`);
      theirs.push(Number(done.stdout));
    }
    const row = {
      model: name,
      opscopeMs: median(ours),
      pythonMs: median(theirs),
      ratio: median(ours) / median(theirs),
    };
    rows.push(row);
    console.log(
      `${name}: ${row.opscopeMs.toFixed(3)} ms, Python ${row.pythonMs.toFixed(3)} ms, ratio ${row.ratio.toFixed(3)}`,
    );
  }
} finally {
  manager.dispose();
  rmSync(scratch, { recursive: true, force: true });
}
writeResult('profile-plain-loop', { threads, runs, turns, rows });
