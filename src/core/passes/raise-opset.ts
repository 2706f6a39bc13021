import { english } from '../english.ts';
import type { GraphDraft, GraphEdit } from '../graph/graph-draft.ts';
import type { Node } from '../graph/model.ts';
import { conversions } from './opset-conversions.ts';
import type { Pass } from './pass.ts';
import { rankOf } from './shape-facts.ts';
import { passGraphs } from './visit.ts';

/** The newest operator set that the conversions know. */
export const newestOpset = 23;

/**
 * `y = Unsqueeze(x) {axes = [0]}` at opset 11
 * becomes `y = Unsqueeze(x, [0])` at opset 13, and so on for every operator that changed on the way to the target.
 * All or nothing: when one node cannot be converted, the model stays as it is.
 */
export const raiseOpset: Pass = {
  name: 'raise-opset',
  title: english`Raise the operator set`,
  summary: english`Converts the model to a newer version of the standard operators, 7 to 23; needs a target.`,
  exactness: 'exact',
  run(draft, { facts, options }) {
    const from = draft.opsets.get('') ?? draft.opsets.get('ai.onnx') ?? 0;
    const to = Math.min(options.targetOpset ?? 0, newestOpset);
    if (from < 7 || to <= from || draft.functions.length > 0) return;
    const planned: { graph: GraphDraft; edits: ((edit: GraphEdit) => void)[] }[] = [];
    for (const graph of passGraphs(draft)) {
      const edits: ((edit: GraphEdit) => void)[] = [];
      for (const node of graph.nodes()) {
        if (node.domain !== '') continue;
        const edit = convert(graph, node, from, to, (value) => rankOf(facts, graph, value));
        if (edit === 'impossible') return;
        if (edit) edits.push(edit);
      }
      if (edits.length > 0 || graph === draft.main) planned.push({ graph, edits });
    }
    // One key for all graphs: a model with half of its nodes converted is no model.
    for (const { graph, edits } of planned) {
      graph.rewrite('opset', english`Operators of opset ${from} are written as opset ${to} wants them.`, (edit) => {
        for (const each of edits) each(edit);
        if (graph === draft.main) {
          draft.setModel({
            opsets: new Map([...draft.opsets, ['', to]]),
            irVersion: Math.max(draft.model.irVersion, irOf(to)),
          });
        }
      });
    }
  },
};

/** What brings a node from one version to another; undefined when it is written the same in both. */
function convert(
  graph: GraphDraft,
  node: Node,
  from: number,
  to: number,
  rank: (value: string) => number | undefined,
): ((edit: GraphEdit) => void) | 'impossible' | undefined {
  const steps = conversions.filter(({ opTypes, at }) => at > from && at <= to && opTypes.includes(node.opType));
  if (steps.length === 0) return undefined;
  if (steps.some(({ possible }) => possible && !possible({ graph, node, rank }))) return 'impossible';
  return (edit) => {
    for (const { apply } of steps) {
      const now = graph.node(node.id);
      if (now) apply({ graph, node: now, rank }, edit);
    }
  };
}

/** The IR version that came with an operator set (the table of versions in ONNX's documentation). */
function irOf(opset: number): number {
  if (opset >= 23) return 11;
  if (opset >= 21) return 10;
  if (opset >= 19) return 9;
  return opset >= 15 ? 8 : opset >= 13 ? 7 : opset >= 12 ? 7 : opset >= 11 ? 6 : opset >= 10 ? 5 : 4;
}
