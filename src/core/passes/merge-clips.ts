import { english } from '../english.ts';
import { attributes, floatAttribute } from '../graph/attribute.ts';
import { type DataType, isFloat } from '../graph/data-type.ts';
import type { GraphDraft, GraphEdit } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import type { Pass } from './pass.ts';
import { dtypeOf } from './shape-facts.ts';
import { constantScalar, floatTensor } from './tensors.ts';
import { defaultOpset, forEachNode, hasInput, soleConsumer } from './visit.ts';

/** Opset from which the bounds of a Clip are inputs. */
const boundsAsInputs = 11;

/** A bound left out: the largest finite number of the type, which the bound ±∞ is not, since it lets ±∞ through. */
const largest = Number.MAX_VALUE;

interface Bounds {
  readonly low: number;
  readonly high: number;
}

/**
 * `a = Relu(x); y = Clip(a, −1, 6)`
 * becomes `y = Clip(x, 0, 6)`. Floats only: ONNX Runtime has no Clip for some integers.
 */
export const mergeClips: Pass = {
  name: 'merge-clips',
  title: english`Merge chains of Clip and Relu`,
  summary: english`Clips once where a Clip or Relu with constant bounds follows another.`,
  exactness: 'exact',
  run(draft, { facts }) {
    forEachNode(draft, new Set(['Clip', 'Relu']), (second, graph) => {
      const [between] = second.inputs;
      const first = between ? graph.producer(between) : undefined;
      if (!first || soleConsumer(graph, between!) !== second || defaultOpset(graph) < 6) return;
      // Relu after Relu is for eliminate-idempotent.
      if (first.opType === 'Relu' && second.opType === 'Relu') return;
      const dtype = dtypeOf(facts, graph, first.inputs[0]);
      const inner = boundsOf(graph, first);
      const outer = boundsOf(graph, second);
      if (!dtype || !isFloat(dtype) || !inner || !outer) return;
      const bounds = { low: clipped(inner.low, outer), high: clipped(inner.high, outer) };
      graph.rewrite(second, english`Clipping twice is clipping to what both let through.`, (edit) => {
        edit.remove(first);
        edit.remove(second);
        const { name, outputs } = second;
        edit.add({ name, outputs, ...clipTo(graph, edit, first.inputs[0]!, bounds, dtype) });
      });
    });
  },
};

/** As ONNX Runtime clips: a zero that equals a bound keeps its own sign. */
function clipped(value: number, { low, high }: Bounds): number {
  if (value < low) return low;
  return value > high ? high : value;
}

/** The bounds of a Clip or Relu; undefined when they are not constants in order. */
function boundsOf(graph: GraphDraft, node: Node): Bounds | undefined {
  if (node.domain !== '') return undefined;
  if (node.opType === 'Relu') return { low: 0, high: Number.POSITIVE_INFINITY };
  if (node.opType !== 'Clip') return undefined;
  const read = (index: number, attribute: string, absent: number) => {
    if (defaultOpset(graph) < boundsAsInputs) return floatAttribute(node, attribute, absent);
    return hasInput(node, index) ? constantScalar(graph, node.inputs[index]) : absent;
  };
  const low = read(1, 'min', -largest);
  const high = read(2, 'max', largest);
  return low !== undefined && high !== undefined && low <= high ? { low, high } : undefined;
}

/** A Clip of `source`, without its name and outputs. */
function clipTo(graph: GraphDraft, edit: GraphEdit, source: string, { low, high }: Bounds, dtype: DataType) {
  const hasLow = low !== -largest;
  const hasHigh = high !== largest;
  if (defaultOpset(graph) < boundsAsInputs) {
    const values = { ...(hasLow ? { min: { float: low } } : {}), ...(hasHigh ? { max: { float: high } } : {}) };
    return { opType: 'Clip', inputs: [source], attributes: attributes(values) };
  }
  const add = (value: number) => {
    const name = graph.freshName(`${source}_bound`);
    edit.setInitializer(floatTensor(name, dtype, [], Float64Array.of(value)));
    return name;
  };
  const lower = hasLow ? add(low) : '';
  return { opType: 'Clip', inputs: [source, lower, ...(hasHigh ? [add(high)] : [])] };
}
