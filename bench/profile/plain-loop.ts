/**
 * Opscope's median latency beside a plain loop in ONNX Runtime's Python API: same model, inputs and threads, taking
 * turns, each first in every other one, so that the machine's moods meet both; the ratio is the median of the turns' own.
 * Both ONNX Runtimes should be of one version; the result names them. Writes bench/results/profile-plain-loop.json.
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
const turns = Number(process.env.OPSCOPE_BENCH_RUNS ?? 9);
const threads = 1;
const runs = 50;
const scratch = mkdtempSync(join(tmpdir(), 'opscope-bench-'));
const manager = createRuntimeManager();
const { version: opscopeVersion } = await manager.use(({ client }) => client.describe(undefined));
let pythonVersion = '';
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
    const oursOnce = async () => {
      const times = await manager.use(async ({ client }) => {
        const options = { provider: 'cpu', level: 'all', threads } as const;
        const { session } = await client.createSession({ model: { path }, options });
        await client.time({ session, feeds, count: 10 });
        const result = await client.time({ session, feeds, count: runs });
        await client.release({ session });
        return result;
      });
      ours.push(median(times));
    };
    const theirsOnce = () => {
      const script = join(import.meta.dirname, 'plain-loop.py');
      const done = spawnSync(python, [script, path, `${threads}`, `${runs}`, feedPath], { encoding: 'utf8' });
      if (done.status !== 0) throw new Error(`${name}: ${done.stderr.trim().split('\n').at(-1)}`);
      const { version, milliseconds } = JSON.parse(done.stdout) as { version: string; milliseconds: number };
      pythonVersion = version;
      theirs.push(milliseconds);
    };
    for (let turn = 0; turn < turns; turn++) {
      if (turn % 2 === 1) theirsOnce();
      await oursOnce();
      if (turn % 2 === 0) theirsOnce();
    }
    const row = {
      model: name,
      opscopeMs: median(ours),
      pythonMs: median(theirs),
      ratio: median(ours.map((time, turn) => time / theirs[turn]!)),
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
writeResult('profile-plain-loop', {
  onnxruntime: { opscope: opscopeVersion, python: pythonVersion },
  threads,
  runs,
  turns,
  rows,
});
