/**
 * Simplifies every model of OPSCOPE_CORPUS and every ONNX node test, with no verification of our own that could take
 * anything back, and has both files compared by another program: correctness.py, with NumPy and the ONNX Runtime of the
 * Python that OPSCOPE_PYTHON names. Node tests must also give the official outputs. Each is simplified a second time,
 * which must change nothing. Writes bench/results/simplify-correctness.{md,json}; ends with code 1 when something is
 * wrong.
 *
 *     OPSCOPE_CORPUS=… OPSCOPE_PYTHON=… node bench/simplify/correctness.ts [part of a name …]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type OpenedModel, openModel } from '../../src/worker/open-model.ts';
import { optimizeModel } from '../../src/worker/optimize.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { saveModel } from '../../src/worker/save-model.ts';
import { symbolicDims } from '../../src/worker/symbolic-dims.ts';
import { corpusFolder, corpusModels } from '../../test/corpus.ts';
import { readNodeTests } from '../../test/node-tests.ts';
import { machine } from '../process.ts';

/** What comparing the files found; `unreadable`: neither we nor anyone can make something of the source. */
type Outcome =
  | 'unchanged'
  | 'right'
  | 'wrong'
  | 'not loadable'
  | 'crashed'
  | 'random'
  | 'original does not run'
  | 'unreadable';

interface Row {
  readonly name: string;
  readonly outcome: Outcome;
  readonly why?: string;
  /** Sets of inputs that both files ran on, and whether the official outputs were among what was compared. */
  readonly runs?: number;
  readonly official?: boolean;
  /** Passes that changed the result again. */
  readonly again?: readonly string[];
}

interface Case {
  readonly name: string;
  readonly path: string;
  readonly inputs: readonly string[];
  readonly expected: readonly string[];
}

const python = process.env.OPSCOPE_PYTHON;
if (!python || corpusModels.length === 0) {
  throw new Error(
    'Set OPSCOPE_CORPUS to a folder with a MANIFEST.csv and OPSCOPE_PYTHON to a Python with onnxruntime.',
  );
}
const wanted = process.argv.slice(2);
const isWanted = (name: string) => wanted.length === 0 || wanted.some((part) => name.includes(part));
const results = join(import.meta.dirname, '../results');
const scratch = mkdtempSync(join(tmpdir(), 'opscope-bench-'));
const manager = createRuntimeManager();
const comparer = spawn(python, [join(import.meta.dirname, 'correctness.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
const answers = createInterface({ input: comparer.stdout })[Symbol.asyncIterator]();

const corpus: Row[] = [];
for (const file of corpusModels.filter(isWanted)) {
  corpus.push(await check({ name: file, path: join(corpusFolder, file), inputs: [], expected: [] }));
}
const nodeTests: Row[] = [];
for (const { name, model, inputs, outputs } of readNodeTests()) {
  if (!isWanted(name)) continue;
  const write = (label: string, bytes: Uint8Array) => {
    const path = join(scratch, label);
    writeFileSync(path, bytes);
    return path;
  };
  nodeTests.push(
    await check({
      name,
      path: write('model.onnx', model),
      inputs: inputs.map((each, index) => write(`input_${index}.pb`, each)),
      expected: outputs.map((each, index) => write(`output_${index}.pb`, each)),
    }),
  );
}
comparer.stdin.end();
manager.dispose();
rmSync(scratch, { recursive: true });

const sets = { corpus, 'ONNX node tests': nodeTests };
const faulty = ({ outcome, again }: Row) => again || ['wrong', 'not loadable', 'crashed'].includes(outcome);
const faults = [...corpus, ...nodeTests].filter(faulty);
if (wanted.length === 0) {
  const told = (rows: readonly Row[]) => rows.filter(({ why, again }) => why || again);
  const counts = Object.entries(sets).map(([name, rows]) => [name, countsOf(rows)]);
  writeFileSync(
    join(results, 'simplify-correctness.json'),
    `${JSON.stringify({ machine: machine(), counts: Object.fromEntries(counts), told: [...told(corpus), ...told(nodeTests)] }, null, 1)}\n`,
  );
  writeFileSync(join(results, 'simplify-correctness.md'), table());
} else {
  for (const row of [...corpus, ...nodeTests]) process.stdout.write(`${JSON.stringify(row)}\n`);
}
process.exitCode = faults.length > 0 ? 1 : 0;

async function check(each: Case): Promise<Row> {
  const { name, path } = each;
  let opened: OpenedModel;
  try {
    opened = await openModel(path);
  } catch (error) {
    return { name, outcome: 'unreadable', why: sentence(error) };
  }
  try {
    const options = { preset: 'default', verify: false, manager, opscope: 'bench' } as const;
    const { model } = await optimizeModel(opened, options);
    if (model === opened.model) return { name, outcome: 'unchanged' };
    const { report } = await optimizeModel({ ...opened, model }, options);
    const again = report.passes.length > 0 ? { again: report.passes.map((pass) => pass.name) } : {};
    const after = join(scratch, 'after.onnx');
    await saveModel(model, after, { temporary: true });
    const sizes = Object.fromEntries(symbolicDims(opened.model).map((dim) => [dim.name, dim.suggestion]));
    const job = { before: path, after, sizes, inputs: each.inputs, expected: each.expected };
    comparer.stdin.write(`${JSON.stringify(job)}\n`);
    const { value } = await answers.next();
    if (value === undefined) throw new Error('correctness.py has ended.');
    return { name, ...(JSON.parse(value) as Omit<Row, 'name'>), ...again };
  } catch (error) {
    const why = sentence(error);
    return {
      name,
      outcome: /weights file .* is missing|outside its own folder/.test(why) ? 'unreadable' : 'crashed',
      why,
    };
  } finally {
    await opened.close();
  }
}

function sentence(error: unknown): string {
  return String(error).split('\n')[0]!.replaceAll(corpusFolder, '').replaceAll(scratch, '').slice(0, 200);
}

function countsOf(rows: readonly Row[]) {
  const of = (...outcomes: Outcome[]) => rows.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const changed = rows.filter(({ outcome }) => !['unchanged', 'unreadable', 'crashed'].includes(outcome));
  return {
    files: rows.length,
    unreadable: of('unreadable'),
    crashed: of('crashed'),
    changed: changed.length,
    compared: of('right', 'wrong'),
    runs: rows.reduce((sum, { runs = 0 }) => sum + runs, 0),
    official: rows.filter(({ official }) => official).length,
    wrong: of('wrong'),
    notLoadable: of('not loadable'),
    random: of('random'),
    originalDoesNotRun: of('original does not run'),
    changedAgain: rows.filter(({ again }) => again).length,
  };
}

function table(): string {
  const columns = Object.values(sets).map(countsOf);
  const line = (title: string, key: keyof ReturnType<typeof countsOf>) =>
    `| ${title} | ${columns.map((counts) => counts[key]).join(' | ')} |`;
  const list = (rows: readonly Row[], outcome: (row: Row) => boolean) =>
    rows
      .filter(outcome)
      .map(
        ({ name, outcome, why, again }) =>
          `- ${name}: ${again ? `changed again by ${again.join(', ')}` : `${outcome}. ${why ?? ''}`}`,
      )
      .join('\n') || '- none';
  const all = [...corpus, ...nodeTests];
  return `# Is what \`optimize\` makes right?

${machine()}. Default preset, without the verification that takes wrong rewrites back. The saved files are compared by NumPy
and ONNX Runtime for Python at level disabled, on random inputs of three distributions and, where dimensions are free, two
sizes; node tests on their official inputs, and against their official outputs, where these take up to 1000 bytes. What may differ is ten times what ONNX Runtime's
own optimizations change about the original, or 64 units of the type's precision at the largest element.
Made by \`node bench/simplify/correctness.ts\`.

| | ${Object.keys(sets).join(' | ')} |
|---|---:|---:|
${line('files', 'files')}
${line('not readable, or weights missing', 'unreadable')}
${line('**crashed**', 'crashed')}
${line('changed by `optimize`', 'changed')}
${line('of these compared', 'compared')}
${line('sets of inputs', 'runs')}
${line('compared with the official outputs, too', 'official')}
${line('**wrong**', 'wrong')}
${line('**not loadable by ONNX Runtime, where the original is**', 'notLoadable')}
${line('**changed again by a second `optimize`**', 'changedAgain')}
${line('the original gives other results each time', 'random')}
${line('the original does not run', 'originalDoesNotRun')}

Wrong, crashed, not loadable or changed again:

${list(all, (row) => Boolean(faulty(row)))}

Not readable, or the original does not run:

${list(corpus, ({ outcome }) => outcome === 'unreadable' || outcome === 'original does not run')}
`;
}
