/**
 * Models that give what is wanted of their values instead of the values: calibration then costs a few numbers a value,
 * and no activation leaves the runtime.
 */
import { attributes } from '../graph/attribute.ts';
import { Draft } from '../graph/draft.ts';
import type { GraphDraft, GraphEdit } from '../graph/graph-draft.ts';
import type { Model } from '../graph/model.ts';
import { int64Tensor } from '../passes/tensors.ts';

/** The one output of a model with reductions put in. */
export const resultName = 'opscope_reduced';

/** What is wanted of a value. */
export interface Reduction {
  readonly value: string;
  /** Puts in the nodes whose last one gives a vector of the name given. */
  add(edit: GraphEdit, name: string): void;
}

/** The model with the vectors of all reductions, one after the other, as its only output. */
export function withReductions(model: Model, reductions: readonly Reduction[], why: string): Model {
  const draft = new Draft(model);
  draft.currentPass = 'calibrate';
  const graph = draft.main;
  graph.rewrite(reductions[0]?.value ?? '', why, (edit) => {
    const named = reductions.map((reduction) => ({ reduction, name: graph.freshName('opscope_part') }));
    for (const { reduction, name } of named.toSorted(lastMadeFirst(graph))) reduction.add(edit, name);
    const inputs = named.map(({ name }) => name);
    edit.add({ opType: 'Concat', inputs, outputs: [resultName], attributes: attributes({ axis: 0 }) }, []);
    edit.setOutputs([{ name: resultName }]);
  });
  return draft.finish();
}

/**
 * ONNX Runtime starts with what stands last in the file. In the order of their values, reductions would all be left to
 * the end, and every value be kept until then: densenet121 took 311 MB, this way around 145.
 */
function lastMadeFirst(graph: GraphDraft) {
  const made = new Map(graph.nodes().flatMap(({ outputs }, at) => outputs.map((value) => [value, at])));
  const at = ({ reduction }: { readonly reduction: Reduction }) => made.get(reduction.value) ?? -1;
  return (a: { readonly reduction: Reduction }, b: { readonly reduction: Reduction }) => at(b) - at(a);
}

/** A reduction over some axes, or over all to a single number, as a vector. */
export function reductionOver(
  model: Pick<Model, 'opsets'>,
  opType: 'ReduceMin' | 'ReduceMax' | 'ReduceMean',
  axes?: readonly number[],
): (edit: GraphEdit, value: string, name: string) => void {
  // From operator set 18 on the axes are an input of these three.
  const axesAreInput = (model.opsets.get('') ?? 0) >= 18;
  return (edit, value, name) => {
    if (axes === undefined) {
      edit.setInitializer(int64Tensor(`${name}_shape`, [1]));
      edit.add({ opType, inputs: [value], outputs: [`${name}_0`], attributes: attributes({ keepdims: 0 }) }, []);
      edit.add({ opType: 'Reshape', inputs: [`${name}_0`, `${name}_shape`], outputs: [name] }, []);
      return;
    }
    if (axesAreInput) edit.setInitializer(int64Tensor(`${name}_axes`, axes));
    const inputs = axesAreInput ? [value, `${name}_axes`] : [value];
    const how = attributes({ keepdims: 0, ...(axesAreInput ? {} : { axes }) });
    edit.add({ opType, inputs, outputs: [name], attributes: how }, []);
  };
}
