/** Blocks that a graph repeats one after another, for models whose node names do not tell how they are built. */
import type { Node, NodeId } from '../graph/model.ts';
import type { GraphView } from '../graph/view.ts';
import { maxFan } from './fans.ts';

/** A stretch of nodes that is the same block `count` times over. */
export interface Repeat {
  /** Index of the first node of the first block. */
  readonly start: number;
  /** Nodes of one block. */
  readonly period: number;
  readonly count: number;
}

const minPeriod = 4;
const maxPeriod = 1024;
/** Less than this many nodes are as well seen as they are. */
const minCovered = 12;
/** Two of a kind are a block only when they are long enough not to be chance. */
const minPeriodOfTwo = 6;

/**
 * Scopes as names would have them, by node: `Conv … Add ×12`, then `3`. Blocks are found by the order of operators;
 * where a block begins is chosen so that as few values as possible pass from one to the next. Time is proportional to
 * nodes times the longest block looked for (1,024 nodes).
 */
export function repeatedScopes(graph: GraphView, nodes: readonly Node[]): Map<NodeId, readonly string[]> {
  const scopes = new Map<NodeId, readonly string[]>();
  const used = new Map<string, number>();
  const tokens = nodes.map((node) => `${node.domain}.${node.opType}/${node.inputs.length}`);
  for (const repeat of findRepeats(tokens, liveValues(graph, nodes))) {
    const { start, period, count } = repeat;
    const [first, last] = [nodes[start]!.opType, nodes[start + period - 1]!.opType];
    const name = `${first} … ${last} ×${count}`;
    const before = used.get(name) ?? 0;
    used.set(name, before + 1);
    const again = before === 0 ? '' : ` (${before + 1})`;
    const isSplit = count <= maxFan && isSideBySide(graph, nodes, repeat);
    for (let index = 0; index < period * count; index++) {
      const block = `${first} … ${last} ${Math.floor(index / period) + 1}`;
      // A group of everything tells nothing; one of what stands side by side, each fed and read elsewhere, ties lines together.
      const isAlone = isSplit || period * count === nodes.length;
      scopes.set(nodes[start + index]!.id, isAlone ? [block + again] : [name + again, block]);
    }
  }
  return scopes;
}

/** True when no block reads what the one before it makes. */
function isSideBySide(graph: GraphView, nodes: readonly Node[], { start, period, count }: Repeat): boolean {
  const blockOf = new Map<NodeId, number>();
  for (let index = 0; index < period * count; index++)
    blockOf.set(nodes[start + index]!.id, Math.floor(index / period));
  return nodes.slice(start + period, start + period * count).every(({ id, inputs }) =>
    inputs.every((value) => {
      const producer = graph.producer(value);
      return !producer || blockOf.get(producer.id) !== blockOf.get(id)! - 1;
    }),
  );
}

/** Repeats that do not overlap, in order; the ones that cover most come first to their nodes. `live[i]`: values that pass from before token i to it or after it. */
export function findRepeats(tokens: readonly string[], live: ArrayLike<number>): Repeat[] {
  const codes = new Map<string, number>();
  const token = Int32Array.from(tokens, (each) => {
    if (!codes.has(each)) codes.set(each, codes.size);
    return codes.get(each)!;
  });
  const length = token.length;
  const stretches: { start: number; end: number; period: number }[] = [];
  for (let period = minPeriod; period <= Math.min(maxPeriod, length / 2); period++) {
    let equal = 0;
    for (let at = 0; at + period <= length; at++) {
      if (at + period < length && token[at] === token[at + period]) equal++;
      else {
        if (equal >= period) stretches.push({ start: at - equal, end: at + period, period });
        equal = 0;
      }
    }
  }
  // Two long halves that are alike hold, as a rule, shorter blocks that say more.
  const rank = ({ start, end, period }: { start: number; end: number; period: number }) => {
    const count = Math.floor((end - start) / period);
    return count * period + (count > 2 ? length : 0);
  };
  stretches.sort((a, b) => rank(b) - rank(a) || a.period - b.period || a.start - b.start);
  const taken = new Uint8Array(length);
  const found: Repeat[] = [];
  for (const { start, end, period } of stretches) {
    let [from, to] = [start, end];
    while (from < to && taken[from]) from++;
    while (to > from && taken[to - 1]) to--;
    if (taken.subarray(from, to).includes(1) || isRepetition(token, from, period)) continue;
    const repeat = bestCut(from, to, period, live);
    if (!repeat) continue;
    found.push(repeat);
    taken.fill(1, repeat.start, repeat.start + period * repeat.count);
  }
  return found.sort((a, b) => a.start - b.start);
}

/** True when one block is itself a shorter one several times over. */
function isRepetition(token: Int32Array, start: number, period: number): boolean {
  for (let part = 1; part <= period / 2; part++) {
    if (period % part !== 0) continue;
    let at = part;
    while (at < period && token[start + at] === token[start + at - part]) at++;
    if (at === period) return true;
  }
  return false;
}

/** Where to cut a stretch into blocks: at the fewest live values, then into the most blocks. */
function bestCut(from: number, to: number, period: number, live: ArrayLike<number>): Repeat | undefined {
  let best: Repeat | undefined;
  let bestLive = Number.POSITIVE_INFINITY;
  for (let start = from; start < from + period; start++) {
    const count = Math.floor((to - start) / period);
    if (count < 2 || period * count < minCovered || (count === 2 && period < minPeriodOfTwo)) break;
    let sum = 0;
    for (let block = 0; block < count; block++) sum += live[start + block * period]!;
    const mean = sum / count;
    if (mean < bestLive - 1e-9 || (mean < bestLive + 1e-9 && count > best!.count)) {
      best = { start, period, count };
      bestLive = mean;
    }
  }
  return best;
}

/** How many values pass between a node and the one before it. */
function liveValues(graph: GraphView, nodes: readonly Node[]): Int32Array {
  const place = new Map(nodes.map(({ id }, index) => [id, index]));
  const lastUse = new Map<string, number>();
  nodes.forEach((node, index) => {
    for (const value of node.inputs) lastUse.set(value, index);
  });
  const change = new Int32Array(nodes.length + 2);
  for (const [value, last] of lastUse) {
    const producer = graph.producer(value);
    const first = producer && place.get(producer.id);
    if (first === undefined || last <= first) continue;
    change[first + 1]!++;
    change[last + 1]!--;
  }
  for (let index = 1; index < change.length; index++) change[index]! += change[index - 1]!;
  return change;
}
