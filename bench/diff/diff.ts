/**
 * Graph diff: time, and whether nodes are matched right where that is known.
 *
 *     OPSCOPE_BENCH_MODELS=folder node bench/diff/diff.ts
 *
 * Every model against its simplified form, and against a copy with every value renamed, every node's name gone and one
 * node in a hundred taken out: there the true partners are known. Medians of five, in
 * processor time: the diff runs on one thread, and other work on the machine does not count. Writes bench/results/diff.md and .json.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { diffModels, type ModelDiff } from '../../src/core/diff/diff-models.ts';
import { Draft } from '../../src/core/graph/draft.ts';
import type { Graph, Model, Node, NodeId } from '../../src/core/graph/model.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { optimizeModel } from '../../src/worker/optimize.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';

const folder = process.env.OPSCOPE_BENCH_MODELS;
if (!folder) throw new Error('Set OPSCOPE_BENCH_MODELS to the folder of exported models.');

interface Row {
  readonly model: string;
  readonly nodes: number;
  readonly simplifiedNodes: number;
  readonly simplifiedMs: number;
  readonly removedOnes: number;
  readonly renamedMs: number;
  /** Of the nodes of the renamed copy, how many were matched with their true partner, with another, with none. */
  readonly right: number;
  readonly wrong: number;
  readonly unmatched: number;
}

const manager = createRuntimeManager();
const rows: Row[] = [];
for (const file of readdirSync(folder).filter((name) => name.endsWith('.onnx'))) {
  const opened = await openModel(join(folder, file));
  const { model: simplified } = await optimizeModel(opened, {
    preset: 'default',
    verify: false,
    manager,
    opscope: '1.2.3',
  });
  const { copy, partners } = renamedCopy(opened.model);
  const [simplifiedMs] = await timed(() => diffModels(opened.model, simplified));
  const [renamedMs, { pairs }] = await timed(() => diffModels(opened.model, copy));
  const right = pairs.filter(([one, other]) => partners.get(other) === one).length;
  const row: Row = {
    model: file.replace('.onnx', ''),
    nodes: countNodes(opened.model),
    simplifiedNodes: countNodes(simplified),
    simplifiedMs,
    removedOnes: countNodes(opened.model) - countNodes(copy),
    renamedMs,
    right,
    wrong: pairs.length - right,
    unmatched: countNodes(copy) - pairs.length,
  };
  rows.push(row);
  console.log(JSON.stringify(row));
  await opened.close();
}
manager.dispose();
write();

function countNodes(model: Model): number {
  return new Draft(model).graphs().reduce((sum, graph) => sum + graph.nodes().length, 0);
}

/** Median milliseconds of processor time of five, and the result. */
async function timed(work: () => Promise<ModelDiff>): Promise<readonly [number, ModelDiff]> {
  const times: number[] = [];
  let result: ModelDiff | undefined;
  for (let run = 0; run < 5; run++) {
    const start = process.cpuUsage();
    result = await work();
    const { user, system } = process.cpuUsage(start);
    times.push((user + system) / 1000);
  }
  return [times.sort((a, b) => a - b)[2]!, result!];
}

/** Another model of the same shape that shares no inner name with it; `partners` tells which node came from which. */
function renamedCopy(model: Model): { copy: Model; partners: ReadonlyMap<NodeId, NodeId> } {
  const { graph } = model;
  const fixed = new Set([...graph.inputs, ...graph.outputs].map(({ name }) => name));
  const captured = new Set(new Draft(model).graphs().flatMap((each) => [...each.captures()]));
  const names = new Map<string, string>();
  const nameOf = (name: string): string => {
    if (name === '' || fixed.has(name) || captured.has(name)) return name;
    const known = names.get(name) ?? `v${names.size}`;
    names.set(name, known);
    return known;
  };
  // One node in a hundred, of those that hand one value on: who reads it then reads what it read.
  const removable = graph.nodes.filter(
    ({ inputs, outputs }) => inputs[0] && outputs.length === 1 && !fixed.has(outputs[0]!) && !captured.has(outputs[0]!),
  );
  const gone = new Set(removable.filter((_, index) => index % 100 === 50).map(({ id }) => id));
  const bypass = new Map(
    graph.nodes.filter(({ id }) => gone.has(id)).map((node) => [node.outputs[0]!, node.inputs[0]!]),
  );
  const source = (name: string): string => {
    let found = name;
    while (bypass.has(found)) found = bypass.get(found)!;
    return found;
  };
  let id = model.nextNodeId;
  const partners = new Map<NodeId, NodeId>();
  const nodes = graph.nodes
    .filter((node) => !gone.has(node.id))
    .map((node): Node => {
      const own = id++ as NodeId;
      partners.set(own, node.id);
      const inputs = node.inputs.map((name) => nameOf(source(name)));
      return { ...node, id: own, name: '', inputs, outputs: node.outputs.map(nameOf) };
    });
  const initializers = [...graph.initializers.values()].map((tensor) => ({ ...tensor, name: nameOf(tensor.name) }));
  const renamed: Graph = {
    ...graph,
    nodes,
    valueInfo: [],
    initializers: new Map(initializers.map((tensor) => [tensor.name, tensor])),
  };
  return { copy: { ...model, graph: renamed, nextNodeId: id }, partners };
}

function write(): void {
  const ms = (value: number) => value.toFixed(1);
  const lines = [
    `# Graph diff`,
    '',
    `${cpus().length} cores, ${cpus()[0]!.model}; load average ${loadavg()[0]!.toFixed(1)}; Node ${process.versions.node}; ${new Date().toISOString().slice(0, 10)}. Milliseconds of processor time, medians of five.`,
    '',
    '| model | nodes | simplified to | ms | renamed copy, nodes taken out | ms | matched right | wrong | not matched |',
    '|---|---:|---:|---:|---:|---:|---:|---:|---:|',
    ...rows.map((row) =>
      [
        '',
        row.model,
        row.nodes,
        row.simplifiedNodes,
        ms(row.simplifiedMs),
        row.removedOnes,
        ms(row.renamedMs),
        row.right,
        row.wrong,
        row.unmatched,
        '',
      ]
        .join(' | ')
        .trim(),
    ),
    '',
  ];
  const results = join(import.meta.dirname, '../results');
  writeFileSync(join(results, 'diff.json'), `${JSON.stringify(rows, null, 2)}\n`);
  writeFileSync(join(results, 'diff.md'), lines.join('\n'));
}
