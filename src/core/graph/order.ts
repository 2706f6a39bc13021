import type { Node } from './model.ts';
import type { GraphView } from './view.ts';

/**
 * The nodes in an order in which each comes after the producers of what it reads, bodies included; nodes that are in
 * such an order already keep their places. ONNX forbids cycles, and the reader reports them; here a cycle is cut at one
 * of its nodes.
 */
export function topologicalOrder(
  nodes: readonly Node[],
  graph: Pick<GraphView, 'producer' | 'bodies'>,
): readonly Node[] {
  const place = new Map(nodes.map((node, index) => [node.id, index]));
  const reads = (node: Node): number[] => {
    const producers: number[] = [];
    const add = (value: string) => {
      const producer = value === '' ? undefined : graph.producer(value);
      const index = producer && place.get(producer.id);
      if (index !== undefined) producers.push(index);
    };
    for (const value of node.inputs) add(value);
    for (const body of graph.bodies(node)) for (const value of body.captures()) add(value);
    return producers;
  };
  const producersOf = nodes.map(reads);
  if (producersOf.every((producers, index) => producers.every((producer) => producer < index))) return nodes;

  // Depth first from each node in turn, so that the order changes only where it must.
  const state = new Uint8Array(nodes.length); // 0 not seen, 1 on the stack, 2 placed
  const order: Node[] = [];
  for (let start = 0; start < nodes.length; start++) {
    const stack: { index: number; next: number }[] = state[start] === 0 ? [{ index: start, next: 0 }] : [];
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      state[top.index] = 1;
      const producer = producersOf[top.index]![top.next++];
      if (producer === undefined) {
        stack.pop();
        state[top.index] = 2;
        order.push(nodes[top.index]!);
      } else if (state[producer] === 0) {
        stack.push({ index: producer, next: 0 });
      }
    }
  }
  return order;
}
