/**
 * Layout: ours against @dagrejs/dagre on the same boxes and edges, and the scenes the editor shows.
 *
 *     OPSCOPE_BENCH_MODELS=folder node bench/layout/layout.ts
 *
 * Every model is laid out flat by both (all nodes, no groups), dagre in a process of its own with 60 seconds; then as
 * the editor does, all groups open and as it opens; the crossings of the former count the lines inside the groups and
 * between them, and stand beside those of dagre on the same boxes and lines. Medians of five. Writes bench/results/layout.md and .json.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { lineRoutes, routeCrossings } from '../../src/core/layout/crossings.ts';
import { layoutFlow } from '../../src/core/layout/flow.ts';
import { layoutGraph } from '../../src/core/layout/layout-graph.ts';
import { createFacts } from '../../src/core/shapes/infer.ts';
import { dagreVersion, flatGraph, runDagre } from './dagre.ts';

const folder = process.env.OPSCOPE_BENCH_MODELS;
if (!folder) throw new Error('Set OPSCOPE_BENCH_MODELS to the folder of exported models.');

interface Row {
  readonly model: string;
  readonly boxes: number;
  readonly edges: number;
  readonly flatMs: number;
  readonly crossings: number;
  readonly dagreMs: number | null;
  readonly dagreCrossings: number | null;
  readonly expandedMs: number;
  readonly expandedCrossings: number;
  /** Of dagre on the boxes and lines of the expanded scene, without its groups. */
  readonly dagreDrawnCrossings: number | null;
  readonly openedMs: number;
  readonly openedBoxes: number;
}

await main();

async function main(): Promise<void> {
  const rows: Row[] = [];
  for (const file of readdirSync(folder!).filter((name) => name.endsWith('.onnx'))) {
    const { width, height, links, draft } = await flatGraph(join(folder!, file));
    const flat = layoutFlow({ width, height, links });
    const routes = flat.routes.filter((_, edge) => !flat.isStub[edge]);
    const facts = createFacts(draft);
    const scene = (open: 'all' | 'auto') => layoutGraph({ main: draft.main, functions: draft.functions, facts, open });
    const theirs = runDagre(join(folder!, file), 'main')?.[0];
    const expanded = scene('all');
    const row: Row = {
      model: file.replace('.onnx', ''),
      boxes: width.length,
      edges: links.count,
      flatMs: median(() => layoutFlow({ width, height, links })),
      crossings: routeCrossings(routes),
      dagreMs: theirs?.ms ?? null,
      dagreCrossings: theirs?.crossings ?? null,
      expandedMs: median(() => scene('all')),
      expandedCrossings: routeCrossings(lineRoutes(expanded.edges)),
      dagreDrawnCrossings: runDagre(join(folder!, file), 'drawn')?.[0]?.crossings ?? null,
      openedMs: median(() => scene('auto')),
      openedBoxes: scene('auto').nodes.count,
    };
    rows.push(row);
    console.error(JSON.stringify(row));
  }
  write(rows);
}

function median(work: () => unknown): number {
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[2]!;
}

function write(rows: readonly Row[]): void {
  const version = dagreVersion();
  const machine = `${cpus()[0]!.model}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`;
  const results = join(import.meta.dirname, '../results');
  writeFileSync(join(results, 'layout.json'), `${JSON.stringify({ machine, dagre: version, rows }, null, 2)}\n`);
  const ms = (value: number | null) => (value === null ? '> 60 s or failed' : value.toFixed(0));
  const lines = rows.map(
    (row) =>
      `| ${row.model} | ${row.boxes} | ${row.edges} | ${ms(row.flatMs)} | ${row.crossings} | ${ms(row.dagreMs)} | ${row.dagreCrossings ?? '–'} | ${ms(row.expandedMs)} | ${row.expandedCrossings} | ${row.dagreDrawnCrossings ?? '–'} | ${ms(row.openedMs)} | ${row.openedBoxes} |`,
  );
  writeFileSync(
    join(results, 'layout.md'),
    `# Layout\n\n${machine}; @dagrejs/dagre ${version}. Medians of five, dagre once. Milliseconds. Crossings are those of the lines drawn; ours draws values that are read all over the graph as stubs, which cross nothing.\n\n| model | boxes | edges | flat | crossings | dagre | its crossings | all groups open | crossings | dagre's, of the same lines | as opened | boxes then |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n${lines.join('\n')}\n`,
  );
}
