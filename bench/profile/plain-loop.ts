/**
 * Opscope's median latency beside a plain loop in ONNX Runtime's Python API, and beside one over the C API of the very
 * library that Opscope loads, which tells the two builds apart: same model, inputs and threads. Three processes have the
 * model loaded and run in turns of a fraction of a second, so that the machine's moods meet all, and they are started
 * anew several times, since where memory came to lie makes a process some percent faster or slower for its life
 * (Kalibera and Jones 2013). A ratio is the median of all rounds; its interval resamples starts, and rounds in them. Both ONNX Runtimes should be of one version; the result names them. Writes
 * bench/results/profile-plain-loop.{json,md}.
 *
 *     OPSCOPE_BENCH_MODELS=… OPSCOPE_PYTHON=… node bench/profile/plain-loop.ts [part of a name]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { median, quantile } from '../../src/core/profile/statistics.ts';
import { createRandom } from '../../src/core/random.ts';
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
const starts = Number(process.env.OPSCOPE_BENCH_RUNS ?? 7);
const rounds = 12;
const threads = 1;
/** About as long is one process's turn. */
const turnMs = 150;
const scratch = mkdtempSync(join(tmpdir(), 'opscope-bench-'));
const binaries = join(
  import.meta.dirname,
  '../../node_modules/onnxruntime-node/bin/napi-v6',
  process.platform,
  process.arch,
);
const library = join(binaries, readdirSync(binaries).find((name) => /^libonnxruntime|^onnxruntime\.dll/.test(name))!);

interface Ratio {
  readonly ratio: number;
  readonly interval95: readonly [number, number];
}
interface Row {
  readonly model: string;
  readonly opscopeMs: number;
  readonly pythonMs: number;
  readonly libraryMs: number;
  readonly toPython: Ratio;
  readonly toLibrary: Ratio;
}

/** Makes runs, one after another, and gives their times in milliseconds. */
type Loop = (runs: number) => Promise<ArrayLike<number>>;

let pythonVersion = '';

/** A script that answers each number of runs with their times; `use` has it while it lives. */
async function withScript<T>(script: string, given: readonly string[], use: (loop: Loop) => Promise<T>): Promise<T> {
  const child = spawn(python!, [join(import.meta.dirname, script), ...given], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  try {
    return await use(async (runs) => {
      child.stdin.write(`${runs}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error(`${script} ended.`);
      const { version, times } = JSON.parse(value) as { version?: string; times: number[] };
      pythonVersion = version ?? pythonVersion;
      return times;
    });
  } finally {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
  }
}

/** Medians of turns, by process and round. */
async function inTurns(loops: readonly Loop[]): Promise<readonly number[][]> {
  const first = await Promise.all(loops.map(async (loop) => median(await loop(10))));
  const runs = Math.max(3, Math.round(turnMs / Math.min(...first)));
  const medians: number[][] = loops.map(() => []);
  for (let round = 0; round < rounds; round++)
    for (let next = 0; next < loops.length; next++) {
      const at = (round + next) % loops.length;
      // The first run of a turn finds in the caches what the others left there.
      medians[at]!.push(median(Array.from(await loops[at]!(runs + 1)).slice(1)));
    }
  return medians;
}

async function measureModel(name: string): Promise<Row> {
  const path = join(folder!, name);
  const opened = await openModel(path);
  const feeds = (await makeInputs(opened.model, { dims: {}, seed: 1 })).feeds[0]!;
  await opened.close();
  const feed = join(scratch, 'feed.npz');
  writeFileSync(feed, writeNpz(new Map(Object.entries(feeds))));
  /** By start, process and round. */
  const medians: (readonly number[][])[] = [];
  for (let start = 0; start < starts; start++)
    medians.push(
      await manager.use(
        async ({ client }) => {
          // As `profile` does it.
          const options = { provider: 'cpu', level: 'all', threads } as const;
          const { session } = await client.createSession({ model: { path }, options });
          const given = [path, `${threads}`, feed];
          return withScript('plain-loop.py', given, (inPython) =>
            withScript('plain-loop-c-api.py', [...given, library], (inLibrary) =>
              inTurns([(count) => client.time({ session, feeds, count }), inPython, inLibrary]),
            ),
          );
        },
        { fresh: true },
      ),
    );
  const of = (process: number) => median(medians.flatMap((start) => start[process]!));
  const ratioTo = (other: number): Ratio =>
    ratioOf(medians.map(([ours, ...others]) => ours!.map((time, round) => time / others[other]![round]!)));
  return {
    model: name.replace(/\.onnx$/, ''),
    opscopeMs: of(0),
    pythonMs: of(1),
    libraryMs: of(2),
    toPython: ratioTo(0),
    toLibrary: ratioTo(1),
  };
}

/** From the ratios of every start's rounds. */
function ratioOf(ratios: readonly (readonly number[])[]): Ratio {
  const random = createRandom(1);
  const drawn = <T>(from: readonly T[]): T[] => from.map(() => from[random.integer(from.length)]!);
  const resampled = Array.from({ length: 1000 }, () => median(drawn(ratios).flatMap(drawn)));
  return { ratio: median(ratios.flat()), interval95: [quantile(resampled, 0.025), quantile(resampled, 0.975)] };
}

const ratioText = ({ ratio, interval95: [low, high] }: Ratio) =>
  `${ratio.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`;
const lineOf = ({ model, opscopeMs, pythonMs, libraryMs, toPython, toLibrary }: Row) =>
  `| ${[model, ...[opscopeMs, pythonMs, libraryMs].map((each) => each.toFixed(3)), ratioText(toPython), ratioText(toLibrary)].join(' | ')} |`;

const manager = createRuntimeManager();
const { version: opscopeVersion } = await manager.use(({ client }) => client.describe(undefined));
const rows: Row[] = [];
try {
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.onnx') && each.includes(wanted))) {
    const row = await measureModel(name);
    rows.push(row);
    console.log(lineOf(row));
  }
} finally {
  manager.dispose();
  rmSync(scratch, { recursive: true, force: true });
}
const outside = (of: (row: Row) => Ratio) => rows.filter((row) => Math.abs(of(row).ratio - 1) > 0.03).length;
const surely = (of: (row: Row) => Ratio) =>
  rows.filter((row) => of(row).interval95[0] > 1.03 || of(row).interval95[1] < 0.97).length;
const result = {
  onnxruntime: { opscope: opscopeVersion, python: pythonVersion },
  threads,
  starts,
  rounds,
  turnMs,
  rows,
};
writeResult('profile-plain-loop', result);
writeFileSync(
  join(import.meta.dirname, '../results/profile-plain-loop.md'),
  `# Median latency beside plain loops

${machine()}; load ${loadavg()[0]!.toFixed(1)}; ONNX Runtime ${opscopeVersion} in Opscope, ${pythonVersion} in Python; ${threads} thread, ${starts} starts of three processes, each with ${rounds} rounds in which one after another runs for some ${turnMs} ms; medians, and ratios with their 95 % interval. *Library*: a loop over the C API of the library that Opscope loads; Python's package has a build of its own.

| model | Opscope, ms | Python, ms | library, ms | Opscope / Python | Opscope / library |
|---|---:|---:|---:|---:|---:|
${rows.map(lineOf).join('\n')}

Outside 0.97 to 1.03: ${outside(({ toPython }) => toPython)} of ${rows.length} against Python, of ${surely(({ toPython }) => toPython)} the whole interval; ${outside(({ toLibrary }) => toLibrary)} against the library, of ${surely(({ toLibrary }) => toLibrary)} the whole interval.
`,
);
