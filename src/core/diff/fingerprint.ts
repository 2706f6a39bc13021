import type { Attribute, Node, NodeId, Tensor } from '../graph/model.ts';
import type { GraphView } from '../graph/view.ts';

/** What a node is, told without the names of values: equal strings mean equal nodes in equal surroundings. */
export interface Fingerprints {
  /** Operator, attributes, and the constants it reads. */
  readonly content: ReadonlyMap<NodeId, number>;
  /** Content with everything that leads to the node. */
  readonly upstream: ReadonlyMap<NodeId, number>;
  /** Content with everything that the node leads to. */
  readonly downstream: ReadonlyMap<NodeId, number>;
}

/** Numbers for texts: the same text gets the same number in both models of a comparison. */
export type Interner = (text: string) => number;

/** An interner without texts yet. */
export function createInterner(): Interner {
  const numbers = new Map<string, number>();
  return (text) => {
    const known = numbers.get(text);
    if (known !== undefined) return known;
    numbers.set(text, numbers.size);
    return numbers.size - 1;
  };
}

/** Fingerprints of the nodes of a graph; weights count by type, shape and, when they are in memory, by their bytes. */
export function fingerprint(graph: GraphView, intern: Interner): Fingerprints {
  const nodes = graph.nodes();
  const inputIndex = new Map(graph.inputs.map(({ name }, index) => [name, index]));
  const outputIndex = new Map(graph.outputs.map(({ name }, index) => [name, index]));
  const content = new Map<NodeId, number>();
  const upstream = new Map<NodeId, number>();
  const downstream = new Map<NodeId, number>();
  const slots = new Map<string, string>();
  for (const node of nodes) {
    const own = intern(contentOf(graph, node));
    content.set(node.id, own);
    const reads = node.inputs.map((name) => {
      if (name === '') return '-';
      const producer = graph.producer(name);
      if (producer && !graph.constant(name))
        return `${upstream.get(producer.id) ?? '?'}.${producer.outputs.indexOf(name)}`;
      return graph.constant(name) ? 'c' : `i${inputIndex.get(name) ?? '?'}`;
    });
    upstream.set(node.id, intern(`${own}(${reads.join()})`));
  }
  for (const node of nodes.toReversed()) {
    const uses = node.outputs.map((name) => {
      const given = outputIndex.has(name) ? [`o${outputIndex.get(name)}`] : [];
      return [...given, ...(slots.get(name) ?? '').split(' ').sort()].join('+');
    });
    const down = intern(`${content.get(node.id)}>${uses.join()}`);
    downstream.set(node.id, down);
    for (const [slot, name] of node.inputs.entries()) slots.set(name, `${slots.get(name) ?? ''} ${down}.${slot}`);
  }
  return { content, upstream, downstream };
}

/** Operator, attributes and constants of a node as text; bodies by their nodes' operators. */
export function contentOf(graph: GraphView, node: Node): string {
  const attributes = [...node.attributes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, attribute]) => `${name}=${attributeText(attribute)}`);
  const constants = node.inputs.map((name) => {
    const tensor = name === '' ? undefined : graph.constant(name);
    return tensor ? tensorText(tensor) : '';
  });
  return [node.domain, node.opType, ...attributes, '|', ...constants].join(';');
}

/** Elements beyond this many bytes are told apart by a sum over all of them. */
const shownBytes = 64;

function tensorText({ dtype, dims, data, strings }: Tensor): string {
  const head = `${dtype}[${dims.join()}]`;
  if (strings) return `${head}${strings.length}`;
  const { bytes } = data;
  if (!bytes) return head;
  return bytes.byteLength <= shownBytes ? `${head}{${bytes.join()}}` : `${head}#${checksum(bytes)}`;
}

const checksums = new WeakMap<Uint8Array, number>();

/** 32 bits over all bytes, four at a time in the manner of FNV-1a: enough to tell two weights of one place apart. */
function checksum(bytes: Uint8Array): number {
  const known = checksums.get(bytes);
  if (known !== undefined) return known;
  const whole = bytes.byteLength & ~3;
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, whole / 4);
  let hash = 0x811c9dc5;
  const add = (value: number) => {
    hash = Math.imul(hash ^ value, 0x01000193);
    // Without this the sign bits of an even number of floats would cancel out.
    hash ^= hash >>> 15;
  };
  for (const word of words) add(word);
  for (let at = whole; at < bytes.byteLength; at++) add(bytes[at]!);
  checksums.set(bytes, hash >>> 0);
  return hash >>> 0;
}

function attributeText(attribute: Attribute): string {
  switch (attribute.type) {
    case 'tensor':
      return tensorText(attribute.value);
    case 'graph':
      return `{${attribute.value.nodes.map(({ domain, opType }) => `${domain}.${opType}`).join()}}`;
    case 'graphs':
      return attribute.value.map(({ nodes }) => `{${nodes.map(({ opType }) => opType).join()}}`).join();
    case 'string':
      return attribute.value.join();
    case 'strings':
      return attribute.value.map((text) => text.join()).join(':');
    case 'ints':
    case 'floats':
      return attribute.value.join();
    case 'int':
    case 'float':
    case 'reference':
      return String(attribute.value);
    default:
      return attribute.type;
  }
}
