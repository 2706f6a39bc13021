/**
 * Layout of every model below a folder, all groups open and as it opens, and its crossings beside dagre's.
 *
 *     OPSCOPE_CORPUS=folder node bench/layout/corpus.ts
 *
 * Each model is laid out twice, the faster time counts. dagre gets the boxes and lines that ours draws (ends of the
 * graph, bodies and functions included; stubs left out), without the groups around them, and beside that all nodes of
 * the main graph alone. Models up to 2,000 nodes, 60 seconds each. Writes bench/results/layout-corpus.md and .json.
 */
import { globSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { Draft } from '../../src/core/graph/draft.ts';
import { lineRoutes, routeCrossings } from '../../src/core/layout/crossings.ts';
import { layoutGraph } from '../../src/core/layout/layout-graph.ts';
import { createFacts } from '../../src/core/shapes/infer.ts';
import { openModel, UnreadableModelError } from '../../src/worker/open-model.ts';
import { dagreVersion, runDagre } from './dagre.ts';

const folder = resolve(process.env.OPSCOPE_CORPUS ?? '../shared/models');
const dagreNodes = 2000;
/** Crossings beside dagre's are allowed up to this. */
const ratio = 1.5;

interface Row {
  readonly model: string;
  readonly nodes: number;
  readonly expandedMs: number;
  readonly openedMs: number;
  readonly crossings: number;
  /** Of dagre on the same boxes and lines. Null where it was left out, failed, or took too long. */
  readonly dagreCrossings: number | null;
  /** Of dagre on the nodes of the main graph alone. */
  readonly dagreMainCrossings: number | null;
}

const rows: Row[] = [];
const failures: string[] = [];
let unreadable = 0;
for (const model of globSync('**/*.onnx', { cwd: folder }).sort()) {
  try {
    rows.push(await measure(model));
    console.error(JSON.stringify(rows.at(-1)));
  } catch (error) {
    if (error instanceof UnreadableModelError) unreadable++;
    else failures.push(`${model}: ${error instanceof Error ? error.message : error}`);
  }
}
write();

async function measure(model: string): Promise<Row> {
  const path = join(folder, model);
  const opened = await openModel(path);
  const draft = new Draft(opened.model);
  const facts = createFacts(draft);
  const layOut = (open: 'all' | 'auto') => layoutGraph({ main: draft.main, functions: draft.functions, facts, open });
  const scenes = (['all', 'auto'] as const).map((open) => [layOut(open), layOut(open)] as const);
  const [expandedMs, openedMs] = scenes.map(([a, b]) => Math.min(a.milliseconds, b.milliseconds)) as [number, number];
  const nodes = draft.main.nodes().length;
  await opened.close();
  const [drawn, main] = (nodes <= dagreNodes && runDagre(path, 'drawn', 'main')) || [];
  return {
    model,
    nodes,
    expandedMs,
    openedMs,
    crossings: routeCrossings(lineRoutes(scenes[0]![0].edges)),
    dagreCrossings: drawn?.crossings ?? null,
    dagreMainCrossings: main?.crossings ?? null,
  };
}

function write(): void {
  const machine = `${cpus()[0]!.model}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`;
  const results = join(import.meta.dirname, '../results');
  const dagre = dagreVersion();
  writeFileSync(
    join(results, 'layout-corpus.json'),
    `${JSON.stringify({ machine, dagre, unreadable, failures, rows }, null, 2)}\n`,
  );
  const slowest = (field: 'expandedMs' | 'openedMs') => rows.reduce((a, b) => (b[field] > a[field] ? b : a));
  const compared = rows.filter((row) => row.dagreCrossings !== null);
  const worse = compared.filter((row) => row.crossings > row.dagreCrossings! * ratio);
  const worseThanMain = compared.filter(
    ({ crossings, dagreMainCrossings: theirs }) => theirs !== null && crossings > theirs * ratio,
  );
  const sum = (of: (row: Row) => number) => compared.reduce((total, row) => total + of(row), 0);
  const line = (name: string, value: string | number) => `| ${name} | ${value} |`;
  const time = (field: 'expandedMs' | 'openedMs') => `${slowest(field)[field].toFixed(0)} ms (${slowest(field).model})`;
  const table = [
    '| | |',
    '|---|---|',
    line('models laid out', rows.length),
    line('files that are no readable model', unreadable),
    line('failures', failures.length),
    line('slowest, all groups open', time('expandedMs')),
    line('slowest, as opened', time('openedMs')),
    line('compared with dagre', compared.length),
    line(
      'crossings in all, ours (all groups open) and dagre (the same boxes and lines, no groups)',
      `${sum((row) => row.crossings)} and ${sum((row) => row.dagreCrossings!)}`,
    ),
    line(`models with more than ${ratio} times the crossings of dagre`, worse.length),
    line(
      `the same beside dagre on less: the nodes of the main graph, without its ends, bodies and functions (${sum((row) => row.dagreMainCrossings ?? 0)} crossings)`,
      worseThanMain.length,
    ),
  ];
  const list = worse.map((row) => `- ${row.model}: ${row.crossings}, dagre ${row.dagreCrossings}`);
  writeFileSync(
    join(results, 'layout-corpus.md'),
    `# Layout of the corpus\n\n${machine}; @dagrejs/dagre ${dagre}, models up to ${dagreNodes} nodes, 60 seconds each.\n\n${[...table, '', ...list, ...failures.map((each) => `- failed: ${each}`)].join('\n').trim()}\n`,
  );
}
