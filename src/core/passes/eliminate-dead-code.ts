import { english } from '../english.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node, NodeId } from '../graph/model.ts';
import type { Pass } from './pass.ts';
import { passGraphs } from './visit.ts';

/**
 * `y = Relu(x); z = Exp(x)` with the one output `y`
 * becomes `y = Relu(x)`. What a body captures counts as read; unread initializers and stale value types go, too.
 */
export const eliminateDeadCode: Pass = {
  name: 'eliminate-dead-code',
  title: english`Remove what nothing reads`,
  summary: english`Removes nodes, initializers and value types that no output depends on.`,
  exactness: 'exact',
  run(draft) {
    // Inner bodies first: what they no longer capture may be dead outside.
    for (const graph of passGraphs(draft).reverse()) {
      removeDeadNodes(graph);
      removeUnread(graph);
    }
  },
};

function removeDeadNodes(graph: GraphDraft): void {
  const live = new Set<NodeId>();
  const stack: Node[] = [];
  const reach = (value: string) => {
    const producer = value === '' ? undefined : graph.producer(value);
    if (!producer || live.has(producer.id)) return;
    live.add(producer.id);
    stack.push(producer);
  };
  for (const { name } of graph.outputs) reach(name);
  for (let node = stack.pop(); node; node = stack.pop()) {
    for (const value of node.inputs) reach(value);
    for (const body of graph.bodies(node)) for (const value of body.captures()) reach(value);
  }
  const dead = graph.nodes().filter(({ id }) => !live.has(id));
  if (dead.length === 0) return;
  graph.rewrite(dead[0]!, english`No output depends on it.`, (edit) => {
    for (const node of dead) edit.remove(node);
  });
}

function removeUnread(graph: GraphDraft): void {
  const captured = new Set<string>();
  for (const body of graph.allBodies()) for (const value of body.captures()) captured.add(value);
  const isRead = (value: string) => captured.has(value) || graph.isOutput(value) || graph.isRead(value);
  const unread = Array.from(graph.initializers()).filter(({ name }) => !isRead(name) && !graph.isInput(name));
  const gone = new Set(unread.map(({ name }) => name));
  const kept = graph.valueInfo.filter(({ name }) => graph.defines(name) && !gone.has(name));
  const stale = kept.length < graph.valueInfo.length;
  if (gone.size === 0 && !stale) return;
  graph.rewrite('initializers', english`Nothing reads it.`, (edit) => {
    for (const name of gone) edit.removeInitializer(name);
    if (stale) edit.setValueInfo(kept);
  });
}
