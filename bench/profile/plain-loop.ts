/**
 * Opscope's median latency beside a plain loop in ONNX Runtime's Python API, and beside one over the C API of the very
 * library that Opscope loads, which tells the two builds apart: same model, inputs and threads, taking turns, each first
 * in every third one, so that the machine's moods meet all; ratios are medians of the turns' own. Both ONNX Runtimes
 * should be of one version; the result names them. Writes bench/results/profile-plain-loop.{json,md}.
 *
 *     OPSCOPE_BENCH_MODELS=… OPSCOPE_PYTHON=… node bench/profile/plain-loop.ts [part of a name]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../../src/core/profile/statistics.ts';
import { writeNpz } from '../../src/core/tensor/npz.ts';
import { makeInputs } from '../../src/worker/inputs.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { machine } from '../process.ts';
import { writeResult } from './results.ts';

const folder = process.env.OPSCOPE_BENCH_MODELS;
const python = process.env.OPSCOPE_PYTHON;
if (!folder || !python) {
  throw new Error(
    'Set OPSCOPE_BENCH_MODELS to a folder of .onnx files and OPSCOPE_PYTHON to a Python with onnxruntime.',
  );
}
const wanted = process.argv[2] ?? '';
const turns = Number(process.env.OPSCOPE_BENCH_RUNS ?? 7);
const threads = 1;
const runs = 50;
const scratch = mkdtempSync(join(tmpdir(), 'opscope-bench-'));
const binaries = join(
  import.meta.dirname,
  '../../node_modules/onnxruntime-node/bin/napi-v6',
  process.platform,
  process.arch,
);
const library = join(binaries, readdirSync(binaries).find((name) => /^libonnxruntime|^onnxruntime\.dll/.test(name))!);
const manager = createRuntimeManager();
const { version: opscopeVersion } = await manager.use(({ client }) => client.describe(undefined));
let pythonVersion = '';
interface Row {
  readonly model: string;
  readonly opscopeMs: number;
  readonly pythonMs: number;
  readonly libraryMs: number;
  readonly ratio: number;
  readonly ratioToLibrary: number;
}
const rows: Row[] = [];
const lineOf = ({ model, opscopeMs, pythonMs, libraryMs, ratio, ratioToLibrary }: Row) =>
  `| ${model} | ${[opscopeMs, pythonMs, libraryMs, ratio, ratioToLibrary].map((each) => each.toFixed(3)).join(' | ')} |`;
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
    const sameLibrary: number[] = [];
    const oursOnce = async () => {
      // As `profile` does it.
      const times = await manager.use(
        async ({ client }) => {
          const options = { provider: 'cpu', level: 'all', threads } as const;
          const { session } = await client.createSession({ model: { path }, options });
          await client.time({ session, feeds, count: 10 });
          const result = await client.time({ session, feeds, count: runs });
          await client.release({ session });
          return result;
        },
        { fresh: true },
      );
      ours.push(median(times));
    };
    const loop = (script: string, ...more: readonly string[]): number => {
      const file = join(import.meta.dirname, script);
      const done = spawnSync(python, [file, path, `${threads}`, `${runs}`, feedPath, ...more], { encoding: 'utf8' });
      if (done.status !== 0) throw new Error(`${name}: ${done.stderr.trim().split('\n').at(-1)}`);
      const { version, milliseconds } = JSON.parse(done.stdout) as { version?: string; milliseconds: number };
      pythonVersion = version ?? pythonVersion;
      return milliseconds;
    };
    const all = [
      oursOnce,
      async () => void theirs.push(loop('plain-loop.py')),
      async () => void sameLibrary.push(loop('plain-loop-c-api.py', library)),
    ];
    for (let turn = 0; turn < turns; turn++)
      for (let next = 0; next < all.length; next++) await all[(turn + next) % all.length]!();
    const ratioTo = (others: readonly number[]) => median(ours.map((time, turn) => time / others[turn]!));
    const row = {
      model: name,
      opscopeMs: median(ours),
      pythonMs: median(theirs),
      libraryMs: median(sameLibrary),
      ratio: ratioTo(theirs),
      ratioToLibrary: ratioTo(sameLibrary),
    };
    rows.push(row);
    console.log(lineOf(row));
  }
} finally {
  manager.dispose();
  rmSync(scratch, { recursive: true, force: true });
}
const outside = (of: (row: Row) => number) => rows.filter((row) => Math.abs(of(row) - 1) > 0.03).length;
const result = { onnxruntime: { opscope: opscopeVersion, python: pythonVersion }, threads, runs, turns, rows };
writeResult('profile-plain-loop', result);
writeFileSync(
  join(import.meta.dirname, '../results/profile-plain-loop.md'),
  `# Median latency beside plain loops

${machine()}; load ${loadavg()[0]!.toFixed(1)}; ONNX Runtime ${opscopeVersion} in Opscope, ${pythonVersion} in Python; ${threads} thread, medians of ${turns} turns of ${runs} runs. *Library*: a loop over the C API of the library that Opscope loads; Python's package has a build of its own.

| model | Opscope, ms | Python, ms | library, ms | Opscope / Python | Opscope / library |
|---|---:|---:|---:|---:|---:|
${rows.map(lineOf).join('\n')}

Outside 0.97 to 1.03: ${outside(({ ratio }) => ratio)} of ${rows.length} against Python, ${outside(({ ratioToLibrary }) => ratioToLibrary)} against the library.
`,
);
