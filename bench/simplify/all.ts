/**
 * Everything that is claimed of `optimize`, one after the other, with the peers in the same run:
 *
 * - run.ts: nodes, seconds and memory of exported models, beside OnnxSlim, onnxsim of PyPI and onnxsim of npm
 * - corpus.ts: nodes that are left of a corpus, beside OnnxSlim
 * - correctness.ts: whether results are right, by another program, over the corpus and the ONNX node tests
 * - latency.ts: whether results are slower in ONNX Runtime
 *
 * What each writes to bench/results stays when a later one fails. Takes hours on a quiet machine; timings on a busy one
 * mean nothing. OPSCOPE_NPM_ONNXSIM may be left out, and with it that peer.
 *
 *     OPSCOPE_BENCH_MODELS=folder OPSCOPE_CORPUS=folder OPSCOPE_PYTHON=python3 OPSCOPE_NPM_ONNXSIM=folder node bench/simplify/all.ts
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

for (const name of ['OPSCOPE_BENCH_MODELS', 'OPSCOPE_CORPUS', 'OPSCOPE_PYTHON']) {
  if (!process.env[name]) throw new Error(`Set ${name}, as the head of bench/simplify/all.ts says.`);
}
const failed = ['run.ts', 'corpus.ts', 'correctness.ts', 'latency.ts'].filter((script) => {
  process.stderr.write(`${script}\n`);
  return spawnSync(process.execPath, [join(import.meta.dirname, script)], { stdio: 'inherit' }).status !== 0;
});
if (failed.length > 0) process.stderr.write(`Failed: ${failed.join(', ')}\n`);
process.exitCode = failed.length > 0 ? 1 : 0;
