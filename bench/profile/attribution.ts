/**
 * How much kernel time is traced back to the model's own nodes, over every model of OPSCOPE_BENCH_MODELS and
 * OPSCOPE_CORPUS that runs; on models whose answer is known, how many kernels were put on a wrong node; and whether the
 * parts of a profiled run, each measured for itself, are its wall clock together. Kernels, gaps and framework come from
 * the trace, what the call takes from other runs than those that are taken apart, the wall clock from outside. Writes
 * bench/results/profile-attribution.json and .md.
 *
 *     OPSCOPE_BENCH_MODELS=… OPSCOPE_CORPUS=… node bench/profile/attribution.ts [part of a name]
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, join } from 'node:path';
import type { ProfileReport } from '../../src/core/report/profile-report.ts';
import { modelIdentity } from '../../src/worker/inspect.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { profileModel } from '../../src/worker/profile.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { kernelsOf, knownAnswers } from '../../test/worker/known-attributions.ts';
import { writeResult } from './results.ts';

const folders = [process.env.OPSCOPE_BENCH_MODELS, process.env.OPSCOPE_CORPUS].filter(
  (folder): folder is string => folder !== undefined && existsSync(folder),
);
if (folders.length === 0) throw new Error('Set OPSCOPE_BENCH_MODELS or OPSCOPE_CORPUS to a folder of .onnx files.');
const wanted = process.argv[2] ?? '';
const paths = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.onnx') && name.includes(wanted))
    .map((name) => join(folder, name)),
);
/** By length of a run, in milliseconds: the trace drops what is below a microsecond, which is much of a short run. */
const lengths = [
  { name: '10 ms and more', least: 10, below: Number.POSITIVE_INFINITY },
  { name: '1 to 10 ms', least: 1, below: 10 },
  { name: 'below 1 ms', least: 0, below: 1 },
] as const;
/** Of a run of some microseconds 3 % is less than the clocks tell. */
const clocksMs = 0.05;
const manager = createRuntimeManager();

interface Row {
  readonly model: string;
  readonly kernels: number;
  /** Share of the kernel time that has a node of the model. */
  readonly attributed: number;
  readonly overheadRatio: number;
  /** Parts over the wall clock: those of the trace alone, and with the call. */
  readonly traced: number;
  readonly parts: number;
  readonly wallMs: number;
  readonly seconds: number;
}

async function profiled(path: string): Promise<Row | undefined> {
  const opened = await openModel(path);
  try {
    const start = performance.now();
    const target = { model: opened.model, path, identity: await modelIdentity(opened) };
    const settings = { provider: 'cpu', threads: 0, timeLimit: 20, dims: {}, seed: 1 };
    const options = { settings, runs: 20, warmup: 2, level: 'all' } as const;
    const { report } = await profileModel(target, options, { manager, opscope: 'bench' });
    return report.kernelMs === 0 ? undefined : rowOf(path, report, (performance.now() - start) / 1000);
  } finally {
    await opened.close();
  }
}

function rowOf(path: string, report: ProfileReport, seconds: number): Row {
  const { kernelMs, unattributedMs, interruptedMs = 0, gapsMs, frameworkMs, callMs, wallMs, overheadRatio } = report;
  const traced = kernelMs + interruptedMs + gapsMs + frameworkMs;
  return {
    model: basename(path),
    kernels: report.kernels.length,
    attributed: 1 - unattributedMs / kernelMs,
    overheadRatio,
    traced: traced / wallMs,
    parts: (traced + callMs) / wallMs,
    wallMs,
    seconds,
  };
}

/** Kernels of models with a known answer, and those of them that are not as they must be. */
async function knownKernels(): Promise<{ readonly kernels: number; readonly wrong: readonly string[] }> {
  let kernels = 0;
  const wrong: string[] = [];
  for (const [name, known] of Object.entries(knownAnswers)) {
    const found = await kernelsOf(known.model, manager);
    kernels += known.kernels.length;
    for (let index = 0; index < Math.max(found.length, known.kernels.length); index++) {
      if (found[index] !== known.kernels[index])
        wrong.push(`${name}: ${found[index]} instead of ${known.kernels[index]}`);
    }
  }
  return { kernels, wrong };
}

const rows: Row[] = [];
const failed: { readonly model: string; readonly reason: string }[] = [];
for (const path of paths) {
  try {
    const row = await profiled(path);
    if (row) rows.push(row);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // Where the models lie on this machine says nothing to others.
    const said = folders.reduce((text, folder) => text.replaceAll(`${folder}/`, ''), reason);
    failed.push({ model: basename(path), reason: said.slice(0, 200) });
  }
}
const known = await knownKernels();
manager.dispose();

const count = (list: readonly Row[], holds: (row: Row) => boolean) => list.filter(holds).length;
const attributed = count(rows, (row) => row.attributed >= 0.99);
const reconciled = lengths.map(({ name, least, below }) => {
  const those = rows.filter(({ wallMs }) => wallMs >= least && wallMs < below);
  const within = (of: 'parts' | 'traced') => count(those, (row) => Math.abs(row[of] - 1) <= 0.03);
  const nearly = count(those, (row) => Math.abs(row.parts - 1) * row.wallMs <= Math.max(clocksMs, 0.03 * row.wallMs));
  return { runs: name, models: those.length, within: within('parts'), nearly, withoutTheCall: within('traced') };
});
writeResult('profile-attribution', {
  attributed,
  withKernels: rows.length,
  knownKernels: known.kernels,
  wrong: known.wrong,
  reconciled,
  models: rows,
  failed,
});
const table = `# Where the time goes, and whose it is

\`node bench/profile/attribution.ts\`, ${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores of an ${cpus()[0]?.model.trim()}, ONNX Runtime's default optimization, 20 profiled runs a model. ${failed.length} of ${paths.length} files do not run by themselves and are left out.

| what | models | result | bar |
|---|---:|---:|---:|
| kernel time traced to nodes of the model: at least 99 % of it | ${rows.length} | ${attributed} (${((100 * attributed) / Math.max(1, rows.length)).toFixed(1)} %) | 95 % |
| kernels on a wrong node, where the answer is known | ${Object.keys(knownAnswers).length} | ${known.wrong.length} of ${known.kernels} kernels | 0 |

Kernels, gaps between them, framework and the call, together against the wall clock. The first three come from the trace, the call from other runs than those taken apart (from all where there are few), the wall clock from outside: none is what the others leave.

| a profiled run takes | models | within 3 % | within 3 % or ${clocksMs * 1000} µs | within 3 % without the call |
|---|---:|---:|---:|---:|
${reconciled.map((row) => `| ${row.runs} | ${row.models} | ${row.within} | ${row.nearly} | ${row.withoutTheCall} |`).join('\n')}
`;
writeFileSync(join(import.meta.dirname, '../results/profile-attribution.md'), table);
console.log(table);
if (known.wrong.length > 0) console.log(known.wrong.join('\n'));
