/** @dagrejs/dagre on all nodes of a model, in a process of its own: `node bench/layout/dagre.ts model.onnx`. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Draft } from '../../src/core/graph/draft.ts';
import { routeCrossings } from '../../src/core/layout/crossings.ts';
import { openModel } from '../../src/worker/open-model.ts';

export interface DagreResult {
  readonly ms: number;
  readonly crossings: number;
}

const limit = 60_000;

/** What dagre makes of a model; null when it fails or takes more than 60 seconds. */
export function runDagre(path: string): DagreResult | null {
  const { status, stdout } = spawnSync(process.execPath, [import.meta.filename, path], {
    timeout: limit,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return status === 0 ? (JSON.parse(stdout) as DagreResult) : null;
}

export const dagreVersion = (): string =>
  (
    JSON.parse(readFileSync(join(import.meta.dirname, '../../node_modules/@dagrejs/dagre/package.json'), 'utf8')) as {
      version: string;
    }
  ).version;

/** All nodes as boxes of one size by the length of their name, and all values between them as edges. */
export async function flatGraph(path: string) {
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

async function layOut(): Promise<void> {
  const { graphlib, layout } = (await import('@dagrejs/dagre')).default;
  const { width, height, links } = await flatGraph(process.argv[2]!);
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

if (process.argv[1] === import.meta.filename) await layOut();
