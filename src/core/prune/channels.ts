/**
 * Structured pruning: whole channels go, with all that made and read them, so that what is left is an ordinary smaller
 * model that every kernel runs faster. Channels are ranked by the size of the filters that make them, after Li et al.,
 * "Pruning Filters for Efficient ConvNets" (2017), with the layers that share a channel counted together.
 */
import { english } from '../english.ts';
import { attributes } from '../graph/attribute.ts';
import { readAll } from '../graph/byte-source.ts';
import { byteLengthOf } from '../graph/data-type.ts';
import { Draft } from '../graph/draft.ts';
import type { Model, Node, NodeId, Tensor } from '../graph/model.ts';
import { constantNumbers, int64Tensor, readFloats, tensorOf } from '../passes/tensors.ts';
import { channelLayout } from '../quantize/weights.ts';
import { createFacts } from '../shapes/infer.ts';
import { Dependencies, type Group } from './dependencies.ts';

export interface PrunedChannels {
  readonly model: Model;
  /** Channels that could go, and how many went; those that belong together count once. */
  readonly channels: number;
  readonly removed: number;
  /** Sets of layers whose channels belong together, and how many of their channels are left. */
  readonly sets: readonly { readonly layers: readonly string[]; readonly channels: number; readonly left: number }[];
}

export interface PruneOptions {
  /** Nodes whose channels stay. */
  readonly exclude?: ReadonlySet<NodeId> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes the weakest `ratio` of the channels (0 to 1) out of every set of layers that share them, one channel left at
 * least. The model given is not changed; when no channel can go it is the one returned.
 */
export async function pruneChannels(
  model: Model,
  ratio: number,
  { exclude = new Set(), signal }: PruneOptions = {},
): Promise<PrunedChannels> {
  const draft = new Draft(model);
  draft.currentPass = 'prune-channels';
  const dependencies = new Dependencies(draft.main, createFacts(draft));
  for (const { node, ids } of dependencies.sources) if (exclude.has(node)) dependencies.pin(ids);
  const groups = dependencies.groups();
  const scores = await scoresOf(dependencies, signal);
  const gone = new Set<number>();
  const sets: { layers: readonly string[]; channels: number; left: number }[] = [];
  for (const { layers, members } of setsOf(groups)) {
    const left = channelsLeft(members.length, ratio);
    const score = ({ channels }: Group) => channels.reduce((sum, id) => sum + scores[id]!, 0) / channels.length;
    const ranked = members.map((group) => ({ group, score: score(group) })).sort((a, b) => a.score - b.score);
    for (const { group } of ranked.slice(0, members.length - left)) gone.add(dependencies.root(group.channels[0]!));
    sets.push({ layers: layers.map((id) => labelOf(draft.main.node(id)!)), channels: members.length, left });
  }
  if (gone.size > 0) await cutChannels(draft, dependencies, (id) => !gone.has(dependencies.root(id)), signal);
  return { model: gone.size === 0 ? model : draft.finish(), channels: groups.length, removed: gone.size, sets };
}

/**
 * Channels to keep of so many. ONNX Runtime's convolutions work on 16 channels at a time (8 without AVX-512): where
 * there are several such blocks, whole ones stay.
 */
export function channelsLeft(channels: number, ratio: number): number {
  const block = channels >= 64 ? 16 : channels >= 16 ? 8 : 1;
  const left = channels - Math.floor(channels * ratio + 1e-9);
  return Math.max(1, Math.min(channels, Math.ceil(left / block) * block));
}

const labelOf = ({ opType, name }: Node): string => (name === '' ? opType : name);

/** Groups that the same layers make. */
function setsOf(
  groups: readonly Group[],
): readonly { readonly layers: readonly NodeId[]; readonly members: readonly Group[] }[] {
  const sets = new Map<string, { layers: readonly NodeId[]; members: Group[] }>();
  for (const group of groups) {
    const key = group.layers.toSorted((a, b) => a - b).join(' ');
    const set = sets.get(key) ?? { layers: group.layers, members: [] };
    set.members.push(group);
    sets.set(key, set);
  }
  return [...sets.values()];
}

/** By channel, the length of the filter that makes it, in units of the mean of its layer. */
async function scoresOf({ sources }: Dependencies, signal: AbortSignal | undefined): Promise<readonly number[]> {
  const scores: number[] = [];
  for (const { tensor, axis, ids } of sources) {
    signal?.throwIfAborted();
    const values = await readFloats(tensor);
    const squares = new Float64Array(ids.length);
    const { outer, channels, inner } = channelLayout(tensor.dims, axis);
    for (let at = 0; values && at < outer * channels * inner; at++)
      squares[Math.floor(at / inner) % channels]! += values[at]! ** 2;
    const lengths = squares.map(Math.sqrt);
    const mean = lengths.reduce((sum, each) => sum + each, 0) / ids.length || 1;
    for (const [index, id] of ids.entries()) scores[id] = lengths[index]! / mean;
  }
  return scores;
}

/** Takes channels out of weights, and out of the numbers that nodes name. */
async function cutChannels(
  draft: Draft,
  dependencies: Dependencies,
  stays: (id: number) => boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  const graph = draft.main;
  const left = (ids: Int32Array) => ids.reduce((sum, id) => sum + (stays(id) ? 1 : 0), 0);
  const isCut = ({ ids }: { readonly ids: Int32Array }) => left(ids) !== ids.length;
  const cutsOf = byNode(dependencies.cuts.filter(isCut));
  const countsOf = byNode(dependencies.counts.filter(isCut));
  for (const node of graph.nodes()) {
    signal?.throwIfAborted();
    const weights = new Map<number, Tensor>();
    for (const { input, axis, ids } of cutsOf.get(node.id) ?? []) {
      const whole = weights.get(input) ?? graph.initializer(node.inputs[input]!)!;
      weights.set(input, await without(whole, axis, ids, stays));
    }
    const [count] = countsOf.get(node.id) ?? [];
    if (weights.size === 0 && !count) continue;
    graph.rewrite(node, english`Channels of the smallest filters went, with what made and read them.`, (edit) => {
      const inputs = [...node.inputs];
      for (const [input, tensor] of weights) {
        // Others may read the whole of it.
        const name = graph.consumers(tensor.name).length === 1 ? tensor.name : graph.freshName(tensor.name);
        edit.setInitializer({ ...tensor, name });
        inputs[input] = name;
      }
      if (count?.kind === 'shape') {
        const [batch] = constantNumbers(graph, node.inputs[1])!;
        inputs[1] = graph.freshName(`${node.outputs[0]}_shape`);
        // The input tells the number of channels, unless it is what tells the batch.
        edit.setInitializer(int64Tensor(inputs[1], batch === -1 ? [-1, left(count.ids)] : [batch!, -1]));
      }
      const group = count?.kind === 'group' ? attributes({ group: left(count.ids) }) : [];
      edit.change(node, { inputs, attributes: new Map([...node.attributes, ...group]) });
    });
  }
  const [first] = graph.nodes();
  // What the file says of shapes within is true no more.
  if (first) graph.rewrite(first, english`Shapes of values within changed.`, (edit) => edit.setValueInfo([]));
  removeUnread(draft);
}

function byNode<T extends { readonly node: Node }>(all: readonly T[]): ReadonlyMap<NodeId, readonly T[]> {
  const found = new Map<NodeId, T[]>();
  for (const each of all) found.set(each.node.id, [...(found.get(each.node.id) ?? []), each]);
  return found;
}

/** Removes weights whose last reader has a smaller one now. */
function removeUnread({ main: graph }: Draft): void {
  const [first] = graph.nodes();
  const captured = new Set(graph.allBodies().flatMap((body) => [...body.captures()]));
  const unread = [...graph.initializers()].filter(
    ({ name }) => !graph.isRead(name) && !captured.has(name) && !graph.isInput(name) && !graph.isOutput(name),
  );
  if (!first || unread.length === 0) return;
  graph.rewrite(first, english`Nothing reads these weights any more.`, (edit) => {
    for (const { name } of unread) edit.removeInitializer(name);
  });
}

/** A tensor without the places of an axis whose channels go; the same one when all stay. */
async function without(tensor: Tensor, axis: number, ids: Int32Array, stays: (id: number) => boolean): Promise<Tensor> {
  const kept = Array.from(ids.keys()).filter((index) => stays(ids[index]!));
  if (kept.length === ids.length) return tensor;
  const bytes = await readAll(tensor.data);
  const { outer, channels, inner } = channelLayout(tensor.dims, axis);
  const step = byteLengthOf(tensor.dtype, inner);
  const small = new Uint8Array(outer * kept.length * step);
  let to = 0;
  for (let block = 0; block < outer; block++) {
    for (const index of kept) {
      const from = (block * channels + index) * step;
      small.set(bytes.subarray(from, from + step), to);
      to += step;
    }
  }
  const dims = tensor.dims.map((size, at) => (at === axis ? kept.length : size));
  return tensorOf(tensor.name, tensor.dtype, dims, small);
}
