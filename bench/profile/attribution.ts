/**
 * How much kernel time is traced back to the model's own nodes, over every model of OPSCOPE_BENCH_MODELS and
 * OPSCOPE_CORPUS that runs; whether the parts that the trace tells one by one (kernels, gaps, framework) add up to the
 * wall clock outside, which knows nothing of the trace; and how long it all took beside the runs themselves. Writes bench/results/profile-attribution.json.
 *
 *     OPSCOPE_BENCH_MODELS=… OPSCOPE_CORPUS=… node bench/profile/attribution.ts [part of a name]
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { modelIdentity } from '../../src/worker/inspect.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { profileModel } from '../../src/worker/profile.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { writeResult } from './results.ts';

const folders = [process.env.OPSCOPE_BENCH_MODELS, process.env.OPSCOPE_CORPUS].filter(
  (folder): folder is string => folder !== undefined && existsSync(folder),
);
if (folders.length === 0) throw new Error('Set OPSCOPE_BENCH_MODELS or OPSCOPE_CORPUS to a folder of .onnx files.');
const wanted = process.argv[2] ?? '';
const models = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.onnx') && name.includes(wanted))
    .map((name) => join(folder, name)),
);

const manager = createRuntimeManager();
const measured: object[] = [];
const failed: object[] = [];
let attributed = 0;
let withKernels = 0;
let reconciled = 0;
let nearly = 0;
/** Milliseconds that a call takes from outside at most, inputs and outputs of some size included: of a run of a few microseconds far more than 3 %. */
const callMs = 0.05;
for (const path of models) {
  try {
    const opened = await openModel(path);
    const start = performance.now();
    const { report } = await profileModel(
      { model: opened.model, path, identity: await modelIdentity(opened) },
      {
        settings: { provider: 'cpu', threads: 0, timeLimit: 20, dims: {}, seed: 1 },
        runs: 20,
        warmup: 2,
        level: 'all',
      },
      { manager, opscope: 'bench' },
    );
    const seconds = (performance.now() - start) / 1000;
    await opened.close();
    if (report.kernelMs === 0) continue;
    const share = 1 - report.unattributedMs / report.kernelMs;
    withKernels++;
    if (share >= 0.99) attributed++;
    const ofWallClock = (report.kernelMs + report.gapsMs + report.frameworkMs) / report.wallMs;
    if (Math.abs(ofWallClock - 1) <= 0.03) reconciled++;
    else if (Math.abs(ofWallClock - 1) * report.wallMs <= callMs) nearly++;
    measured.push({
      model: basename(path),
      kernels: report.kernels.length,
      attributed: share,
      overheadRatio: report.overheadRatio,
      ofWallClock,
      wallMs: report.wallMs,
      seconds,
    });
  } catch (error) {
    failed.push({
      model: basename(path),
      reason: error instanceof Error ? error.message.slice(0, 200) : String(error),
    });
  }
}
manager.dispose();
console.log(
  `${attributed} of ${withKernels} models with at least 99 % of kernel time attributed; of ${reconciled} the parts are the wall clock within 3 %, of ${nearly} more within ${callMs} ms; ${failed.length} do not run.`,
);
/** Where the models lie on this machine says nothing to others. */
const withoutFolders = (text: string) => folders.reduce((rest, folder) => rest.replaceAll(`${folder}/`, ''), text);
const reasons = JSON.parse(withoutFolders(JSON.stringify(failed))) as object[];
writeResult('profile-attribution', { attributed, withKernels, reconciled, nearly, models: measured, failed: reasons });
