import { english } from '../english.ts';
import { attributes, floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../graph/attribute.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import type { Pass } from './pass.ts';
import { constantNumbers, constantScalar } from './tensors.ts';
import { defaultOpset, forEachNode, hasInput, producerOf, soleConsumer } from './visit.ts';

/** Opset from which an AveragePool can count its pads. */
const countsPads = 7;

/**
 * `a = Pad(x, 1 on each side of the picture); y = Conv(a, w)`
 * becomes `y = Conv(x, w) {pads = [1, 1, 1, 1]}`. Only zeros, and never into MaxPool, which pads with −∞, nor into an
 * AveragePool that leaves its pads out of the mean or has a kernel no larger than they become.
 */
export const fusePad: Pass = {
  name: 'fuse-pad',
  title: english`Pad inside the convolution`,
  summary: english`Moves a Pad with zeros into the pads of the convolution or average pool that reads it alone.`,
  exactness: 'rounding',
  run(draft) {
    forEachNode(draft, new Set(['Conv', 'AveragePool']), (node, graph) => {
      const pad = producerOf(graph, node.inputs[0], 'Pad');
      if (!pad || soleConsumer(graph, node.inputs[0]!) !== node || !takesPads(node)) return;
      const given = zeroPads(graph, pad);
      if (!given) return;
      const rank = given.length / 2;
      const spatial = [...given.slice(2, rank), ...given.slice(rank + 2)];
      const outside = [...given.slice(0, 2), ...given.slice(rank, rank + 2)];
      if (rank < 3 || outside.some((each) => each !== 0) || spatial.some((each) => each < 0)) return;
      const own = intsAttribute(
        node,
        'pads',
        spatial.map(() => 0),
      );
      if (own.length !== spatial.length) return;
      const isPool = node.opType === 'AveragePool';
      const pads = own.map((each, index) => each + spatial[index]!);
      if (isPool && !poolPadsSo(graph, node, own, pads)) return;
      graph.rewrite(node, english`${node.opType} pads with zeros itself.`, (edit) => {
        edit.remove(pad);
        edit.change(node, {
          inputs: [pad.inputs[0]!, ...node.inputs.slice(1)],
          attributes: new Map([
            ...node.attributes,
            ...attributes({ pads, ...(isPool ? { count_include_pad: 1 } : {}) }),
          ]),
        });
      });
    });
  },
};

function poolPadsSo(graph: GraphDraft, pool: Node, own: readonly number[], pads: readonly number[]): boolean {
  if (defaultOpset(graph) < countsPads) return false;
  // Pads that do not count cannot be told from those that come in and do.
  if (intAttribute(pool, 'count_include_pad', 0) === 0 && own.some((each) => each !== 0)) return false;
  // ONNX Runtime does not load a pool with larger pads, whatever its dilations.
  const kernel = intsAttribute(pool, 'kernel_shape') ?? [];
  return pads.every((pad, index) => pad < (kernel[index % kernel.length] ?? 0));
}

function takesPads(node: Node): boolean {
  return stringAttribute(node, 'auto_pad', 'NOTSET') === 'NOTSET' && intAttribute(node, 'ceil_mode', 0) === 0;
}

/** The pads of a Pad with constant zeros: first the begins, then the ends. */
function zeroPads(graph: GraphDraft, pad: Node): readonly number[] | undefined {
  if (stringAttribute(pad, 'mode', 'constant') !== 'constant' || hasInput(pad, 3)) return undefined;
  if (defaultOpset(graph) < 11) {
    return floatAttribute(pad, 'value', 0) === 0 ? intsAttribute(pad, 'pads') : undefined;
  }
  if (hasInput(pad, 2) && constantScalar(graph, pad.inputs[2]) !== 0) return undefined;
  return constantNumbers(graph, pad.inputs[1]);
}
