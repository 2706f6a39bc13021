import { english } from '../english.ts';
import type { Node } from '../graph/model.ts';
import type { Pass } from './pass.ts';
import { forEachNode, soleConsumer } from './visit.ts';

/** Operators of one tensor, whose shape they keep. */
const unary = new Set(
  (
    'Abs BitwiseNot Cast Ceil Celu Clip Cos Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu ' +
    'Log Mish Neg Not Reciprocal Relu Round Selu Sigmoid Sign Sin Softplus Softsign Sqrt Tanh ThresholdedRelu'
  ).split(' '),
);

/**
 * `a = Cast(x); s = Shape(a)`
 * becomes `s = Shape(x)`, where nothing else reads `a`.
 */
export const bypassBeforeShape: Pass = {
  name: 'bypass-before-shape',
  title: english`Read sizes before the elements change`,
  summary: english`Takes the shape of a value before operators that change its elements only, which nothing else needs then.`,
  exactness: 'exact',
  run(draft) {
    forEachNode(draft, new Set(['Shape', 'Size']), (node, graph) => {
      const passed: Node[] = [];
      let [input] = node.inputs;
      for (let reader = node; input && soleConsumer(graph, input) === reader; reader = passed.at(-1)!) {
        const before = graph.producer(input);
        if (before?.domain !== '' || !unary.has(before.opType)) break;
        passed.push(before);
        [input] = before.inputs;
      }
      if (passed.length === 0 || !input) return;
      graph.rewrite(node, english`The operators before it keep the shape.`, (edit) => {
        for (const before of passed) edit.remove(before);
        edit.change(node, { inputs: [input] });
      });
    });
  },
};
