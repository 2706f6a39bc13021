/**
 * Simplifies every file of OPSCOPE_CORPUS with Opscope and with OnnxSlim (from the Python that OPSCOPE_PYTHON names)
 * and writes who did how many, and the nodes that are left, to bench/results/simplify-corpus.{md,json}.
 *
 *     OPSCOPE_CORPUS=… OPSCOPE_PYTHON=… node bench/simplify/corpus.ts
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openModel } from '../../src/worker/open-model.ts';
import { optimizeModel } from '../../src/worker/optimize.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { machine } from '../process.ts';

type Outcome = { readonly nodes: number; readonly seconds: number } | { readonly failed: string };
interface Row {
  readonly file: string;
  readonly before: number;
  readonly opscope: Outcome;
  readonly onnxslim: Outcome;
}

const corpus = process.env.OPSCOPE_CORPUS;
const python = process.env.OPSCOPE_PYTHON;
if (!corpus || !python) {
  throw new Error('Set OPSCOPE_CORPUS to a folder with a MANIFEST.csv and OPSCOPE_PYTHON to a Python with onnxslim.');
}
const results = join(import.meta.dirname, '../results');
const files = readFileSync(join(corpus, 'MANIFEST.csv'), 'utf8')
  .split('\n')
  .slice(1)
  .map((line) => line.split(',')[0]!)
  .filter((file) => file !== '');

const manager = createRuntimeManager();
const ours = new Map<string, { before: number; outcome: Outcome }>();
for (const file of files) ours.set(file, await simplify(join(corpus, file)));
manager.dispose();
const theirs = await simplifyWithPeer();

const rows: Row[] = files.map((file) => ({
  file,
  before: ours.get(file)!.before,
  opscope: ours.get(file)!.outcome,
  onnxslim: theirs.get(file) ?? { failed: 'no answer' },
}));
writeFileSync(join(results, 'simplify-corpus.json'), `${JSON.stringify({ machine: machine(), rows }, null, 1)}\n`);
writeFileSync(join(results, 'simplify-corpus.md'), table());

async function simplify(path: string): Promise<{ before: number; outcome: Outcome }> {
  let before = 0;
  try {
    const opened = await openModel(path);
    try {
      const { report } = await optimizeModel(opened, { preset: 'default', verify: false, manager, opscope: '1.2.3' });
      before = report.before.nodes;
      return { before, outcome: { nodes: report.after.nodes, seconds: report.milliseconds / 1000 } };
    } finally {
      await opened.close();
    }
  } catch (error) {
    return { before, outcome: { failed: String(error).slice(0, 200) } };
  }
}

async function simplifyWithPeer(): Promise<ReadonlyMap<string, Outcome>> {
  const child = spawn(python!, [join(import.meta.dirname, 'peer-corpus.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(files.map((file) => `${file}\t${join(corpus!, file)}\n`).join(''));
  const outcomes = new Map<string, Outcome>();
  for await (const line of createInterface({ input: child.stdout })) {
    const { file, ...outcome } = JSON.parse(line) as { file: string } & Outcome;
    outcomes.set(file, outcome);
  }
  return outcomes;
}

function table(): string {
  const done = (outcome: Outcome) => 'nodes' in outcome;
  const both = rows.filter(({ opscope, onnxslim }) => done(opscope) && done(onnxslim));
  const sum = (pick: (row: Row) => number) => both.reduce((total, row) => total + pick(row), 0);
  const nodes = (outcome: Outcome) => ('nodes' in outcome ? outcome.nodes : 0);
  const more = both.filter(({ opscope, onnxslim }) => nodes(opscope) > nodes(onnxslim));
  const undone = rows.filter(({ opscope }) => !done(opscope));
  return `# Simplification of a corpus: Opscope beside OnnxSlim

${machine()}. ${rows.length} files; neither verifies its work here. Node counts include subgraphs.
Made by \`node bench/simplify/corpus.ts\`.

| | files done | nodes, where both are done (${both.length}) |
|---|---:|---:|
| before | | ${sum(({ before }) => before)} |
| opscope | ${rows.filter(({ opscope }) => done(opscope)).length} | ${sum(({ opscope }) => nodes(opscope))} |
| onnxslim | ${rows.filter(({ onnxslim }) => done(onnxslim)).length} | ${sum(({ onnxslim }) => nodes(onnxslim))} |

Files that Opscope leaves with more nodes than OnnxSlim (${more.length}):

${more.map(({ file, before, opscope, onnxslim }) => `- ${file}: ${before} → ${nodes(opscope)}, OnnxSlim ${nodes(onnxslim)}`).join('\n') || '- none'}

Files that Opscope does not simplify (${undone.length}):

${undone.map(({ file, opscope }) => `- ${file}: ${'failed' in opscope ? opscope.failed.replace(corpus!, '') : ''}`).join('\n') || '- none'}
`;
}
