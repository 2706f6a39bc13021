import type { Attribute, Graph, Node, Tensor } from '../graph/model.ts';

/** Bytes up to which ORT shares constants that are equal; larger ones stay apart. */
const mostSharedBytes = 64;

/**
 * Values of a graph that are computed in the same way from the same values → the others like it. ONNX Runtime computes
 * them once. Left out: what draws random numbers, holds a body or a large constant.
 */
export function duplicatesOf(graph: Graph): ReadonlyMap<string, readonly string[]> {
  /** By value: the first one that is the same. */
  const firsts = new Map<string, string>();
  const keys = new Map<string, string>();
  const groups = new Map<string, string[]>();
  const file = (value: string, key: string) => {
    const first = keys.get(key);
    if (first === undefined) keys.set(key, value);
    firsts.set(value, first ?? value);
    if (first !== undefined) groups.set(first, [...(groups.get(first) ?? [first]), value]);
  };
  for (const [name, tensor] of graph.initializers) {
    const key = tensorKey(tensor);
    if (key !== undefined) file(name, key);
  }
  for (const node of graph.nodes) {
    const key = nodeKey(node, (value) => firsts.get(value) ?? value);
    if (key === undefined) continue;
    for (const [index, output] of node.outputs.entries()) if (output !== '') file(output, `${key}#${index}`);
  }
  const duplicates = new Map<string, readonly string[]>();
  for (const group of groups.values())
    for (const value of group)
      duplicates.set(
        value,
        group.filter((other) => other !== value),
      );
  return duplicates;
}

function nodeKey(node: Node, first: (value: string) => string): string | undefined {
  if (/^Random|^(?:Multinomial|Bernoulli|Dropout)$/.test(node.opType)) return undefined;
  const attributes = [...node.attributes].map(([name, attribute]) => [name, attributeKey(attribute)] as const);
  if (attributes.some(([, key]) => key === undefined)) return undefined;
  const value = node.attributes.get('value');
  // A constant is the same as an initializer.
  if (node.opType === 'Constant' && value?.type === 'tensor') return tensorKey(value.value);
  return JSON.stringify([node.domain, node.opType, node.inputs.map(first), attributes.sort()]);
}

function attributeKey(attribute: Attribute): string | undefined {
  switch (attribute.type) {
    case 'float':
    case 'int':
    case 'string':
    case 'floats':
    case 'ints':
      return `${attribute.type} ${attribute.value}`;
    case 'strings':
      return `strings ${attribute.value.map((each) => [...each]).join(';')}`;
    case 'tensor':
      return tensorKey(attribute.value);
    default:
      return undefined;
  }
}

function tensorKey({ dtype, dims, data, strings }: Tensor): string | undefined {
  const { bytes } = data;
  if (!bytes || strings || bytes.length > mostSharedBytes) return undefined;
  return `${dtype} [${dims}] ${[...bytes]}`;
}
