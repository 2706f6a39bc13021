import { english } from '../english.ts';
import type { DataType } from '../graph/data-type.ts';
import type { Draft } from '../graph/draft.ts';
import type { Overlay } from '../overlay.ts';
import type { Facts } from '../shapes/facts.ts';
import { liveActivationBytes } from './memory.ts';
import { type NodeCost, nodeCost, sharedWeights } from './node-cost.ts';

/** What every overlay here rests on. */
const basis = english`from shapes`;

/** Estimates of the whole model, node by node: `macs`, `bytes`, `parameters`, `memory`, `live` and `precision`. */
export function costOverlays(draft: Draft, facts: Facts): readonly Overlay[] {
  const { nextNodeId } = draft.model;
  const empty = () => new Float32Array(nextNodeId).fill(Number.NaN);
  const figures = { macs: empty(), bytes: empty(), parameters: empty(), memory: empty(), precision: empty() };
  const dtypes: DataType[] = [];
  for (const graph of draft.graphs()) {
    for (const node of graph.nodes()) {
      const cost: NodeCost = nodeCost(graph, node, facts);
      figures.macs[node.id] = cost.macs ?? Number.NaN;
      figures.bytes[node.id] = cost.bytes ?? Number.NaN;
      figures.parameters[node.id] = cost.parameters;
      figures.memory[node.id] = cost.outputBytes ?? Number.NaN;
      const dtype = facts.of(graph, node.outputs.find((name) => name !== '') ?? '').dtype;
      if (!dtype) continue;
      if (!dtypes.includes(dtype)) dtypes.push(dtype);
      figures.precision[node.id] = dtypes.indexOf(dtype);
    }
  }
  const live = empty();
  const during = liveActivationBytes(draft.main, facts);
  for (const [index, { id }] of draft.main.nodes().entries()) live[id] = during?.[index] ?? Number.NaN;
  return [
    { id: 'macs', title: english`Multiply-accumulates`, unit: 'MAC', scale: 'log', values: figures.macs, basis },
    { id: 'bytes', title: english`Bytes moved`, unit: 'B', scale: 'log', values: figures.bytes, basis },
    {
      id: 'parameters',
      title: english`Parameters`,
      unit: '',
      scale: 'log',
      values: figures.parameters,
      shared: sharedWeights(draft),
      basis,
    },
    { id: 'memory', title: english`Output memory`, unit: 'B', scale: 'log', values: figures.memory, basis },
    {
      id: 'live',
      title: english`Live activations`,
      unit: 'B',
      scale: 'linear',
      values: live,
      ofGroup: 'largest',
      basis,
    },
    {
      id: 'precision',
      title: english`Precision`,
      unit: '',
      scale: 'category',
      values: figures.precision,
      categories: dtypes,
      basis: 'type of the first output',
    },
  ];
}
