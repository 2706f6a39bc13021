/**
 * Simplifies every model of OPSCOPE_BENCH_MODELS with Opscope, OnnxSlim and onnxsim, each in a process of its own, and
 * writes nodes, seconds and peak memory to bench/results/simplify.{md,json}. Peers come from the Python that
 * OPSCOPE_PYTHON names, with the packages onnxslim and onnxsim; the onnxsim of npm, which is another program, from the
 * folder that OPSCOPE_NPM_ONNXSIM names, where `npm install onnxsim` was run. It is left out when there is none.
 *
 *     OPSCOPE_BENCH_MODELS=… OPSCOPE_PYTHON=… node bench/simplify/run.ts [model …]
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';

interface Measured {
  readonly nodes: number;
  readonly seconds: number;
  readonly peakMb: number;
}
type Outcome = Measured | { readonly failed: string };

const folder = process.env.OPSCOPE_BENCH_MODELS;
const python = process.env.OPSCOPE_PYTHON;
if (!folder || !python) {
  throw new Error(
    'Set OPSCOPE_BENCH_MODELS to a folder of .onnx files and OPSCOPE_PYTHON to a Python with onnxslim and onnxsim.',
  );
}
const npmPeer = process.env.OPSCOPE_NPM_ONNXSIM;
const runs = Number(process.env.OPSCOPE_BENCH_RUNS ?? 3);
const here = import.meta.dirname;
const results = join(here, '../results');
/** The command line as users have it. */
const cli = join(here, '../../dist/cli.js');
spawnSync(process.execPath, ['esbuild.mjs'], { cwd: join(here, '../..'), stdio: 'ignore' });
const scratch = mkdtempSync(join(tmpdir(), 'opscope-bench-'));

const tools: Readonly<Record<string, (model: string, out: string) => readonly string[]>> = {
  opscope: (model, out) => [process.execPath, cli, 'optimize', model, '-o', out, '--json', '--no-verify'],
  'opscope, verified': (model, out) => [process.execPath, cli, 'optimize', model, '-o', out, '--json'],
  onnxslim: (model, out) => [python, join(here, 'peer-one.py'), 'onnxslim', model, out],
  onnxsim: (model, out) => [python, join(here, 'peer-one.py'), 'onnxsim', model, out],
  ...(npmPeer
    ? { 'onnxsim (npm)': (model, out) => [process.execPath, join(here, 'peer-npm.ts'), npmPeer, model, out] }
    : {}),
};

/** One run as a whole process; the tool prints its node count, the kernel tells the peak of its memory. */
function measureOnce(command: readonly string[]): Outcome {
  const start = performance.now();
  const [program, ...rest] = command;
  const done = spawnSync('/usr/bin/env', ['python3', join(here, 'peak.py'), program!, ...rest], {
    encoding: 'utf8',
    timeout: 600_000,
    maxBuffer: 1 << 26,
  });
  const seconds = (performance.now() - start) / 1000;
  const nodes = (/^nodes (\d+)$/m.exec(done.stdout) ?? /"after": ?\{\s*"nodes": ?(\d+)/.exec(done.stdout))?.[1];
  const peak = /^peak_kb (\d+)$/m.exec(done.stdout)?.[1];
  if (!nodes || !peak) return { failed: (done.stderr.trim().split('\n').at(-1) ?? 'no output').slice(0, 160) };
  return { nodes: Number(nodes), seconds, peakMb: Number(peak) / 1000 };
}

function measure(command: readonly string[]): Outcome {
  const all: Measured[] = [];
  for (let run = 0; run < runs; run++) {
    const outcome = measureOnce(command);
    if ('failed' in outcome) return outcome;
    all.push(outcome);
    if (outcome.seconds > 30) break;
  }
  const median = (pick: (each: Measured) => number) => all.map(pick).sort((a, b) => a - b)[all.length >> 1]!;
  return { nodes: all[0]!.nodes, seconds: median(({ seconds }) => seconds), peakMb: median(({ peakMb }) => peakMb) };
}

const wanted = process.argv.slice(2);
const models = readdirSync(folder)
  .filter((name) => name.endsWith('.onnx') && (wanted.length === 0 || wanted.includes(name.replace(/\.onnx$/, ''))))
  .sort((a, b) => statSync(join(folder, a)).size - statSync(join(folder, b)).size);
const versions = spawnSync(
  python,
  ['-c', 'import onnxslim, onnxsim, onnxruntime as o; print(onnxslim.__version__, onnxsim.__version__, o.__version__)'],
  { encoding: 'utf8' },
)
  .stdout.trim()
  .split(' ');
const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 1e9)} GB, Node ${process.version}`;
const ofNpm = npmPeer ? `, onnxsim ${versionOfNpm(npmPeer)} of npm` : '';
const peers = `onnxslim ${versions[0]}, onnxsim ${versions[1]}${ofNpm}, onnxruntime ${versions[2]}`;
const date = new Date().toISOString().slice(0, 10);

interface Row {
  readonly model: string;
  readonly megabytes: number;
  readonly outcomes: Readonly<Record<string, Outcome>>;
}
const rows: Row[] = [];
mkdirSync(results, { recursive: true });
for (const name of models) {
  const outcomes: Record<string, Outcome> = {};
  for (const [tool, command] of Object.entries(tools)) {
    outcomes[tool] = measure(command(join(folder, name), join(scratch, 'out.onnx')));
    process.stderr.write(`${name} ${tool}: ${JSON.stringify(outcomes[tool])}\n`);
  }
  rows.push({ model: name.replace(/\.onnx$/, ''), megabytes: statSync(join(folder, name)).size / 1e6, outcomes });
  // After every model, so that a run that is cut short leaves what it has.
  const load = loadavg()[0]!.toFixed(1);
  writeFileSync(
    join(results, 'simplify.json'),
    `${JSON.stringify({ machine, load, peers, runs, date, rows }, null, 2)}\n`,
  );
  writeFileSync(join(results, 'simplify.md'), table(load));
}
rmSync(scratch, { recursive: true, force: true });

function versionOfNpm(folder: string): string {
  const manifest = readFileSync(join(folder, 'node_modules/onnxsim/package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

function table(load: string): string {
  const names = Object.keys(tools);
  const cell = (outcome: Outcome) =>
    'failed' in outcome
      ? 'fails | – | –'
      : `${outcome.nodes} | ${outcome.seconds.toFixed(1)} | ${outcome.peakMb.toFixed(0)}`;
  const lines = rows.map(
    ({ model, megabytes, outcomes }) =>
      `| ${model} | ${megabytes.toFixed(1)} | ${names.map((name) => cell(outcomes[name]!)).join(' | ')} |`,
  );
  return `# Simplification: Opscope beside OnnxSlim and onnxsim

${machine}, load average ${load}. ${peers}. Whole processes; medians of ${runs} runs (one where a run takes over 30 s). Node counts include
subgraphs. Peak memory is the largest resident set of the process and its children, in MB. Peers verify nothing.
Made by \`node bench/simplify/run.ts\`.

| model | MB | ${names.map((name) => `${name}: nodes | s | peak MB`).join(' | ')} |
|---|---:|${names.map(() => '---:|---:|---:|').join('')}
${lines.join('\n')}
`;
}
