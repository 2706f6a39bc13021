import { english } from '../english.ts';
import type { Draft } from '../graph/draft.ts';
import type { Node } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import { conversions } from './opset-conversions.ts';
import type { Pass } from './pass.ts';
import { passGraphs } from './visit.ts';

/** The newest operator set that the conversions know. */
export const newestOpset = 23;

/**
 * `y = Unsqueeze(x) {axes = [0]}` at opset 11
 * becomes `y = Unsqueeze(x, [0])` at opset 13, and so on for every operator that changed on the way to the target.
 * Where a node cannot be converted, the whole model stops below that opset, and the report says so.
 */
export const raiseOpset: Pass = {
  name: 'raise-opset',
  title: english`Raise the operator set`,
  summary: english`Converts the model to a newer version of the standard operators, 7 to 23; needs a target.`,
  exactness: 'exact',
  run(draft, { facts, options, note }) {
    const { targetOpset: target = 0 } = options;
    const from = draft.opsets.get('') ?? draft.opsets.get('ai.onnx') ?? 0;
    if (from === 0 || target <= from) return;
    if (from < 7) return note(english`The operator set stays ${from}: conversions begin with 7.`);
    if (target > newestOpset) note(english`Conversions go up to operator set ${newestOpset}, not ${target}.`);
    const wanted = Math.min(target, newestOpset);
    if (wanted <= from) return;
    const [kept] = draft.functions;
    if (kept) {
      const { name } = kept.definition!;
      return note(english`The operator set stays ${from}: the function ${name} would have to be inlined.`);
    }
    const { to, obstacle } = reach(draft, facts, from, wanted);
    if (obstacle)
      note(english`The operator set is ${to}, not ${wanted}: ${obstacle.node} is in the way. ${obstacle.needs}`);
    if (to > from) raise(draft, facts, from, to);
  },
};

/** The highest operator set at which all nodes can be written, and what stands in the way of the next. */
function reach(
  draft: Draft,
  facts: Facts,
  from: number,
  wanted: number,
): { readonly to: number; readonly obstacle?: { readonly node: string; readonly needs: string } } {
  let to = wanted;
  let obstacle: { readonly node: string; readonly needs: string } | undefined;
  for (const graph of passGraphs(draft)) {
    for (const node of graph.nodes()) {
      for (const each of stepsFor(node, from, to)) {
        const needs = each.obstacle?.({ graph, node, facts, to });
        if (needs === undefined || each.at > to) continue;
        to = each.at - 1;
        obstacle = { node: `${node.opType} ${node.name || node.outputs[0]}`, needs };
      }
    }
  }
  return { to, ...(obstacle ? { obstacle } : {}) };
}

/** What changed for a node's operator on the way. */
const stepsFor = ({ domain, opType }: Node, from: number, to: number) =>
  domain === '' ? conversions.filter(({ opTypes, at }) => at > from && at <= to && opTypes.includes(opType)) : [];

function raise(draft: Draft, facts: Facts, from: number, to: number): void {
  // One key for all graphs: a model with half of its nodes converted is no model.
  for (const graph of passGraphs(draft)) {
    const converted = graph.nodes().filter((node) => stepsFor(node, from, to).length > 0);
    if (converted.length === 0 && graph !== draft.main) continue;
    graph.rewrite('opset', english`Operators of opset ${from} are written as opset ${to} wants them.`, (edit) => {
      for (const before of converted) {
        for (const { apply } of stepsFor(before, from, to)) {
          const node = graph.node(before.id);
          if (node) apply({ graph, node, facts, to }, edit);
        }
      }
      if (graph === draft.main) {
        draft.setModel({
          opsets: new Map([...draft.opsets, ['', to]]),
          irVersion: Math.max(draft.model.irVersion, irOf(to)),
        });
      }
    });
  }
}

/** The IR version that came with an operator set (the table of versions in ONNX's documentation). */
function irOf(opset: number): number {
  if (opset >= 23) return 11;
  if (opset >= 21) return 10;
  if (opset >= 19) return 9;
  return opset >= 15 ? 8 : opset >= 13 ? 7 : opset >= 12 ? 7 : opset >= 11 ? 6 : opset >= 10 ? 5 : 4;
}
