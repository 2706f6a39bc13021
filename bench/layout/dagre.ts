/**
 * @dagrejs/dagre in a process of its own: `node bench/layout/dagre.ts model.onnx drawn main`. `main`: all nodes of the
 * main graph and what flows between them; `drawn`: the boxes and lines of our layout with all groups open.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Draft } from '../../src/core/graph/draft.ts';
import { routeCrossings } from '../../src/core/layout/crossings.ts';
import type { Links } from '../../src/core/layout/rank.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { drawnGraph } from './drawn-graph.ts';

export interface DagreResult {
  readonly ms: number;
  readonly crossings: number;
}

/** Boxes and the links between them, without groups. */
export interface FlatGraph {
  readonly width: Float64Array;
  readonly height: Float64Array;
  readonly links: Links;
}

const limit = 60_000;

/** What dagre makes of graphs of a model; null when it fails or takes more than 60 seconds for each. */
export function runDagre(path: string, ...graphs: readonly ('main' | 'drawn')[]): DagreResult[] | null {
  const { status, stdout } = spawnSync(process.execPath, [import.meta.filename, path, ...graphs], {
    timeout: limit * graphs.length,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return status === 0 ? (JSON.parse(stdout) as DagreResult[]) : null;
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

/** Lays a graph out with dagre, the distances between boxes being ours. */
export async function layOutWithDagre({ width, height, links }: FlatGraph): Promise<DagreResult> {
  const { graphlib, layout } = (await import('@dagrejs/dagre')).default;
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
  return { ms, crossings: routeCrossings(routes) };
}

async function main([path, ...graphs]: readonly string[]): Promise<void> {
  const results: DagreResult[] = [];
  for (const graph of graphs) {
    const flat = await flatGraph(path!);
    results.push(await layOutWithDagre(graph === 'main' ? flat : drawnGraph(flat.draft)));
  }
  process.stdout.write(JSON.stringify(results));
}

if (process.argv[1] === import.meta.filename) await main(process.argv.slice(2));
