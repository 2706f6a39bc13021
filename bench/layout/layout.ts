/**
 * Layout: ours against @dagrejs/dagre on the same boxes and edges, and the scenes the editor shows.
 *
 *     OPSCOPE_BENCH_MODELS=folder node bench/layout/layout.ts
 *
 * Every model is laid out flat by both (all nodes, no groups), dagre in a process of its own with 60 seconds; then as
 * the editor does, all groups open and as it opens. Medians of five. Writes bench/results/layout.md and .json.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { Draft } from '../../src/core/graph/draft.ts';
import { routeCrossings } from '../../src/core/layout/crossings.ts';
import { layoutFlow } from '../../src/core/layout/flow.ts';
import { layoutGraph } from '../../src/core/layout/layout-graph.ts';
import { createFacts } from '../../src/core/shapes/infer.ts';
import { openModel } from '../../src/worker/open-model.ts';

const folder = process.env.OPSCOPE_BENCH_MODELS;
if (!folder) throw new Error('Set OPSCOPE_BENCH_MODELS to the folder of exported models.');
const dagreLimit = 60_000;

interface Row {
  readonly model: string;
  readonly boxes: number;
  readonly edges: number;
  readonly flatMs: number;
  readonly crossings: number;
  readonly dagreMs: number | null;
  readonly dagreCrossings: number | null;
  readonly expandedMs: number;
  readonly openedMs: number;
  readonly openedBoxes: number;
}

if (process.argv[2] === '--dagre') await dagreChild();
else await main();

async function main(): Promise<void> {
  const rows: Row[] = [];
  for (const file of readdirSync(folder!).filter((name) => name.endsWith('.onnx'))) {
    const { width, height, links, draft } = await flatGraph(join(folder!, file));
    const flat = layoutFlow({ width, height, links });
    const routes = flat.routes.filter((_, edge) => !flat.isStub[edge]);
    const facts = createFacts(draft);
    const scene = (open: 'all' | 'auto') => layoutGraph({ main: draft.main, functions: draft.functions, facts, open });
    const dagre = spawnSync(process.execPath, [import.meta.filename, '--dagre', join(folder!, file)], {
      timeout: dagreLimit,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    const theirs = dagre.status === 0 ? (JSON.parse(dagre.stdout) as { ms: number; crossings: number }) : null;
    const row: Row = {
      model: file.replace('.onnx', ''),
      boxes: width.length,
      edges: links.count,
      flatMs: median(() => layoutFlow({ width, height, links })),
      crossings: routeCrossings(routes),
      dagreMs: theirs?.ms ?? null,
      dagreCrossings: theirs?.crossings ?? null,
      expandedMs: median(() => scene('all')),
      openedMs: median(() => scene('auto')),
      openedBoxes: scene('auto').nodes.count,
    };
    rows.push(row);
    console.error(JSON.stringify(row));
  }
  write(rows);
}

/** All nodes as boxes of one size by the length of their name, and all values between them as edges. */
async function flatGraph(path: string) {
  const opened = await openModel(path);
  const draft = new Draft(opened.model);
  const nodes = draft.main.nodes().filter(({ opType }) => opType !== 'Constant');
  const place = new Map(nodes.map(({ id }, index) => [id, index]));
  const from: number[] = [];
  const to: number[] = [];
  for (const [index, node] of nodes.entries()) {
    for (const value of new Set(node.inputs)) {
      const producer = draft.main.producer(value);
      const source = producer && place.get(producer.id);
      if (source !== undefined) {
        from.push(source);
        to.push(index);
      }
    }
  }
  const width = Float64Array.from(nodes, ({ opType }) => 24 + opType.length * 8.6);
  return {
    draft,
    width,
    height: new Float64Array(nodes.length).fill(28),
    links: { count: from.length, from: Int32Array.from(from), to: Int32Array.from(to) },
  };
}

async function dagreChild(): Promise<void> {
  const { graphlib, layout } = (await import('@dagrejs/dagre')).default;
  const { width, height, links } = await flatGraph(process.argv[3]!);
  const graph = new graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'TB', nodesep: 24, ranksep: 36 });
  graph.setDefaultEdgeLabel(() => ({}));
  width.forEach((each, box) => {
    graph.setNode(String(box), { width: each, height: height[box]! });
  });
  for (let edge = 0; edge < links.count; edge++)
    graph.setEdge(String(links.from[edge]), String(links.to[edge]), {}, String(edge));
  const start = performance.now();
  layout(graph);
  const ms = performance.now() - start;
  const routes = graph
    .edges()
    .map((edge) => (graph.edge(edge) as { points: { x: number; y: number }[] }).points.flatMap(({ x, y }) => [x, y]));
  process.stdout.write(JSON.stringify({ ms, crossings: routeCrossings(routes) }));
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
  const { version } = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../node_modules/@dagrejs/dagre/package.json'), 'utf8'),
  ) as { version: string };
  const machine = `${cpus()[0]!.model}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`;
  const results = join(import.meta.dirname, '../results');
  writeFileSync(join(results, 'layout.json'), `${JSON.stringify({ machine, dagre: version, rows }, null, 2)}\n`);
  const ms = (value: number | null) => (value === null ? '> 60 s or failed' : value.toFixed(0));
  const lines = rows.map(
    (row) =>
      `| ${row.model} | ${row.boxes} | ${row.edges} | ${ms(row.flatMs)} | ${row.crossings} | ${ms(row.dagreMs)} | ${row.dagreCrossings ?? '–'} | ${ms(row.expandedMs)} | ${ms(row.openedMs)} | ${row.openedBoxes} |`,
  );
  writeFileSync(
    join(results, 'layout.md'),
    `# Layout\n\n${machine}; @dagrejs/dagre ${version}. Medians of five, dagre once. Milliseconds. Crossings are those of the lines drawn; ours draws values that are read all over the graph as stubs, which cross nothing.\n\n| model | boxes | edges | flat | crossings | dagre | its crossings | all groups open | as opened | boxes then |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n${lines.join('\n')}\n`,
  );
}
