/**
 * Reading and writing without a change: every file of the corpus and every node test, written as it is, encoded afresh,
 * and with its weights to a file and back. The official library compares the fields, ONNX Runtime the outputs.
 *
 *     OPSCOPE_CORPUS=… OPSCOPE_PYTHON=python3 node bench/roundtrip/roundtrip.ts
 *
 * Writes bench/results/roundtrip.md and .json.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Model } from '../../src/core/graph/model.ts';
import { encodeModel } from '../../src/core/onnx/encode-model.ts';
import { joinPieces } from '../../src/core/onnx/model-bytes.ts';
import { verifyModels } from '../../src/core/verify/verify-models.ts';
import { createEvaluator } from '../../src/worker/evaluator.ts';
import { openModel, UnreadableModelError } from '../../src/worker/open-model.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { saveModel } from '../../src/worker/save-model.ts';
import { verificationFeeds } from '../../src/worker/verification-feeds.ts';
import { corpusFolder, corpusModels } from '../../test/corpus.ts';
import { readNodeTests } from '../../test/node-tests.ts';
import { machine } from '../process.ts';

const python = process.env.OPSCOPE_PYTHON ?? 'python3';
const folder = mkdtempSync(join(tmpdir(), 'opscope-roundtrip-'));
const manager = createRuntimeManager();
const evaluator = createEvaluator(manager);

const ways = ['as it is', 'encoded afresh', 'weights to a file and back'] as const;

/** Writes the copies of one model, each in a folder of its own. */
async function copiesOf(model: Model, name: string): Promise<string[]> {
  const paths = ways.map((_, way) => join(folder, String(way), name, 'model.onnx'));
  for (const path of paths) mkdirSync(dirname(path), { recursive: true });
  await saveModel(model, paths[0]!, { temporary: true });
  writeFileSync(paths[1]!, await joinPieces(encodeModel(model, { afresh: true, placement: () => 'inline' })));
  const split = join(dirname(paths[2]!), 'split.onnx');
  await saveModel(model, split, { weights: 'external', temporary: true });
  const opened = await openModel(split);
  await saveModel(opened.model, paths[2]!, { weights: 'inline', temporary: true });
  await opened.close();
  return paths;
}

const originals = new Map<string, string>();
for (const file of corpusModels) originals.set(file, join(corpusFolder, file));
for (const { name, model } of readNodeTests()) {
  const path = join(folder, 'node-tests', `${name}.onnx`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, model);
  originals.set(`node tests/${name}`, path);
}
const pairs: string[][] = ways.map(() => []);
const refused: string[] = [];
const crashed: string[] = [];
const outputs = { equal: 0, notRun: 0, different: [] as string[] };
try {
  for (const [name, path] of originals) {
    if (process.env.OPSCOPE_BENCH_VERBOSE) console.error(name);
    try {
      const opened = await openModel(path);
      const copies = await copiesOf(opened.model, name.replaceAll('/', '__'));
      for (const [way, copy] of copies.entries()) {
        pairs[way]!.push(`${path}\t${copy}`);
        const again = await openModel(copy);
        const feeds = verificationFeeds(opened.model, { dims: {}, seed: 1 });
        // Made-up inputs can send a loop round for ever: what takes this long counts as not run.
        const verdict = await verifyModels(opened.model, again.model, evaluator, feeds, {
          signal: AbortSignal.timeout(3_000),
        }).catch(() => ({ status: 'not-run' as const, reason: undefined }));
        await again.close();
        if (verdict.status === 'equal') outputs.equal++;
        else if (verdict.status === 'not-run') outputs.notRun++;
        else outputs.different.push(`${name}, ${ways[way]}: ${verdict.reason ?? verdict.status}`);
      }
      await opened.close();
    } catch (error) {
      const missing = /weights file .* is missing|outside its own folder/.test((error as Error).message);
      const known = error instanceof UnreadableModelError || missing;
      (known ? refused : crashed).push(`${basename(path)}: ${(error as Error).message.slice(0, 160)}`);
    }
  }
  const compared = pairs.map(
    (lines) =>
      JSON.parse(
        execFileSync(python, [join(import.meta.dirname, 'same.py')], {
          input: lines.join('\n'),
          encoding: 'utf8',
          maxBuffer: 1 << 28,
          stdio: ['pipe', 'pipe', 'ignore'],
        }),
      ) as { pairs: number; unreadable: string[]; differ: string[]; checker: string[] },
  );
  const results = join(import.meta.dirname, '../results/roundtrip');
  const figures = {
    files: originals.size,
    refused,
    crashed,
    outputs,
    ways: ways.map((way, at) => ({ way, ...compared[at]! })),
  };
  writeFileSync(
    `${results}.json`,
    `${JSON.stringify({ machine: machine(), ...figures }, null, 2)
      .replaceAll(`${corpusFolder}/`, '')
      .replaceAll(folder, '')}\n`,
  );
  const rows = figures.ways.map(
    ({ way, pairs: count, differ, checker }) => `| ${way} | ${count} | ${differ.length} | ${checker.length} |`,
  );
  writeFileSync(
    `${results}.md`,
    `# Round trip

${machine()}. ${originals.size} files: the corpus and the node tests of ONNX. Fields are compared by the official library, which also checks each file; outputs by ONNX Runtime, bit for bit, over all three ways.

| written | files that the library reads | fields differ | checker says something else |
|---|---:|---:|---:|
${rows.join('\n')}

Outputs: ${outputs.equal} equal, ${outputs.different.length} different, ${outputs.notRun} that ONNX Runtime runs neither before nor after, or that give other results each time. Crashes: ${crashed.length}. Refused, because they are no models or their weights are missing: ${refused.length}.

Encoded afresh, an operator set that a file imports twice is imported once, and \`ai.onnx\` becomes its other name, the empty one.
`,
  );
  console.log(
    JSON.stringify(
      { ...figures, ways: figures.ways.map((each) => ({ ...each, unreadable: each.unreadable.length })) },
      null,
      1,
    ).slice(0, 6000),
  );
} finally {
  manager.dispose();
  rmSync(folder, { recursive: true, force: true });
}
