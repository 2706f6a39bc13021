import { english } from '../english.ts';
import type { DataType } from '../graph/data-type.ts';
import { elementCount } from '../graph/data-type.ts';
import { isDeterministic } from '../graph/determinism.ts';
import { fromNumbers } from '../tensor/convert.ts';
import type { Pass } from './pass.ts';
import { constantValue, staticShape } from './shape-facts.ts';
import { setConstant, tensorOf } from './tensors.ts';
import { passGraphs } from './visit.ts';

const folded: ReadonlySet<DataType> = new Set(['int64', 'int32', 'bool']);

/**
 * `s = Shape(x); n = Gather(s, 1); y = Expand(w, n)` with `x` of shape [batch, 3]
 * becomes `y = Expand(w, 3)`: integers that follow from shapes alone become constants; nothing is executed.
 */
export const foldShapes: Pass = {
  name: 'fold-shapes',
  title: english`Fold shape computations`,
  summary: english`Replaces integers that follow from known sizes by constants, also beside sizes that are not known.`,
  exactness: 'exact',
  run(draft, { facts }) {
    for (const graph of passGraphs(draft)) {
      for (const node of graph.nodes()) {
        const [output] = node.outputs;
        if (!output || node.outputs.length !== 1 || node.opType === 'Constant') continue;
        const { dtype } = facts.of(graph, output);
        if (!dtype || !folded.has(dtype) || !isDeterministic(node)) continue;
        const value = constantValue(facts, graph, output);
        const dims = value && staticShape(facts, graph, output);
        if (!dims || elementCount(dims) !== value.length || !value.every(Number.isSafeInteger)) continue;
        graph.rewrite(node, english`Its value follows from known sizes.`, (edit) => {
          edit.remove(node);
          setConstant(graph, edit, tensorOf(output, dtype, dims, fromNumbers(dtype, value)), [node]);
        });
      }
    }
  },
};
