import { english } from '../english.ts';
import type { Draft } from '../graph/draft.ts';
import type { Node, NodeId } from '../graph/model.ts';
import type { GraphView } from '../graph/view.ts';
import type { Problem, ProblemKind } from '../problem.ts';
import type { Facts } from '../shapes/facts.ts';

/** What a rule looks at: a model with its graphs and what is known of its values. Weights are not read. */
export interface Inspected {
  readonly draft: Draft;
  readonly facts: Facts;
  /** The execution provider that is to run it; the CPU where none is named. */
  readonly provider?: string;
}

/** A place that a rule does not like. */
export interface Finding {
  /** What is wrong and what to do. */
  readonly message: string;
  readonly node?: NodeId;
  /** Where this place matters less than the rule's others do. */
  readonly severity?: Problem['severity'];
}

/** One check of a model. File name = `code`. */
export interface Rule extends ProblemKind {
  readonly check: (inspected: Inspected) => readonly Finding[];
}

/** A node in the words of a message. */
export function label({ opType, name }: Pick<Node, 'opType' | 'name'>): string {
  return name ? `${opType} ${name}` : opType;
}

/** Every node of the model with its graph. */
export function* everyNode({ draft }: Inspected): Generator<{ readonly graph: GraphView; readonly node: Node }> {
  for (const graph of draft.graphs()) for (const node of graph.nodes()) yield { graph, node };
}

/**
 * One finding for however many nodes: `message` gets the first with the number of the others behind it, and the first itself. A list
 * with hundreds of equal lines hides the rest.
 */
export function summarized(
  nodes: readonly Node[],
  message: (nodes: string, first: Node) => string,
): readonly Finding[] {
  const first = nodes[0];
  if (!first) return [];
  const others = nodes.length - 1;
  const one = label(first);
  const several = others === 1 ? english`${one} and 1 other node` : english`${one} and ${others} other nodes`;
  return [{ message: message(others === 0 ? one : several, first), node: first.id }];
}
