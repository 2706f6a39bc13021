import { english } from '../english.ts';
import { elementCount } from '../graph/data-type.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node, Tensor } from '../graph/model.ts';
import type { Pass } from './pass.ts';
import { floatTensor, viewFloats } from './tensors.ts';
import { broadcastsFromTheBack, passGraphs, producerOf, soleConsumer } from './visit.ts';

const operators: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Mul: (a, b) => a * b,
};

/** Larger constants, or ones that others read, too, are not worth a copy. */
const maxElements = 1 << 20;
const sharedBytes = 4096;

/**
 * `m = Mul(x, a); y = Mul(m, b)` with `a` and `b` constants
 * becomes `y = Mul(x, a·b)`; likewise Add. Computed in float64 and rounded once, where no product leaves the range.
 */
export const mergeConstantOperands: Pass = {
  name: 'merge-constant-operands',
  title: english`Merge constants of products and sums`,
  summary: english`Multiplies by one constant, or adds one, where there are two in a row.`,
  exactness: 'rounding',
  async run(draft) {
    for (const graph of passGraphs(draft)) {
      if (!broadcastsFromTheBack(graph)) continue;
      for (const { id, opType, domain } of graph.nodes()) {
        const node = domain === '' && opType in operators ? graph.node(id) : undefined;
        if (node) await merge(graph, node);
      }
    }
  },
};

async function merge(graph: GraphDraft, second: Node): Promise<void> {
  const outer = operandOf(graph, second);
  const first = outer && producerOf(graph, outer.value, second.opType);
  const inner = first && operandOf(graph, first);
  if (!outer || !inner || soleConsumer(graph, outer.value) !== second) return;
  const merged = await combine(graph, second.opType, inner.constant, outer.constant);
  if (!merged) return;
  graph.rewrite(second, english`Two constants in a row are one.`, (edit) => {
    edit.remove(first);
    edit.setInitializer(merged);
    edit.change(second, { inputs: [inner.value, merged.name] });
  });
}

function operandOf(graph: GraphDraft, { inputs }: Node): { value: string; constant: Tensor } | undefined {
  for (const place of [0, 1]) {
    const name = inputs[place]!;
    const constant = graph.constant(name);
    const value = inputs[1 - place]!;
    const large = constant && constant.data.byteLength > sharedBytes && soleConsumer(graph, name) === undefined;
    if (constant && !large && !graph.constant(value)) return { value, constant };
  }
  return undefined;
}

/** Both constants as one; undefined when that is larger than both, or an element overflows or loses digits. */
async function combine(graph: GraphDraft, opType: string, a: Tensor, b: Tensor): Promise<Tensor | undefined> {
  const [wide, narrow] = elementCount(a.dims) >= elementCount(b.dims) ? [a, b] : [b, a];
  const count = elementCount(wide.dims);
  const same = wide.dims.length === narrow.dims.length && wide.dims.every((size, axis) => size === narrow.dims[axis]);
  const single = elementCount(narrow.dims) === 1 && narrow.dims.length <= wide.dims.length;
  if ((!same && !single) || count === 0 || count > maxElements || a.dtype !== b.dtype) return undefined;
  if (a.dtype !== 'float32' && a.dtype !== 'float64') return undefined;
  const [left, right] = [await viewFloats(wide), await viewFloats(narrow)];
  if (!left || !right) return undefined;
  const round = (value: number) => (a.dtype === 'float32' ? Math.fround(value) : value);
  const smallest = a.dtype === 'float32' ? 2 ** -126 : 2 ** -1022;
  const result = new Float64Array(count);
  for (let at = 0; at < count; at++) {
    const [x, y] = [left[at]!, right[single ? 0 : at]!];
    result[at] = round(operators[opType]!(x, y));
    const isLost = opType === 'Mul' && x !== 0 && y !== 0 && Math.abs(result[at]!) < smallest;
    if (!Number.isFinite(result[at]) || isLost) return undefined;
  }
  return floatTensor(graph.freshName(wide.name || 'constant'), a.dtype, wide.dims, result);
}
