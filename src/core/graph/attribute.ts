/** Reading and making attributes without spelling out their wire types. */
import type { Attribute, Graph, Node, Tensor } from './model.ts';

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** The integer attribute `name`, or `fallback` when it is absent. Values beyond ±2⁵³ are clamped there: ONNX uses INT64_MAX for "to the end". */
export function intAttribute(node: Node, name: string, fallback: number): number;
export function intAttribute(node: Node, name: string): number | undefined;
export function intAttribute(node: Node, name: string, fallback?: number): number | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'int' ? clampToNumber(attribute.value) : fallback;
}

/** The integer-list attribute `name`, or `fallback` when it is absent; values clamped as in `intAttribute`. */
export function intsAttribute(node: Node, name: string, fallback: readonly number[]): readonly number[];
export function intsAttribute(node: Node, name: string): readonly number[] | undefined;
export function intsAttribute(node: Node, name: string, fallback?: readonly number[]): readonly number[] | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'ints' ? attribute.value.map(clampToNumber) : fallback;
}

/** The float attribute `name`, or `fallback` when it is absent. */
export function floatAttribute(node: Node, name: string, fallback: number): number;
export function floatAttribute(node: Node, name: string): number | undefined;
export function floatAttribute(node: Node, name: string, fallback?: number): number | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'float' ? attribute.value : fallback;
}

/** The string attribute `name` decoded as UTF-8, or `fallback` when it is absent. */
export function stringAttribute(node: Node, name: string, fallback: string): string;
export function stringAttribute(node: Node, name: string): string | undefined;
export function stringAttribute(node: Node, name: string, fallback?: string): string | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'string' ? decoder.decode(attribute.value) : fallback;
}

/** The tensor attribute `name`. */
export function tensorAttribute(node: Node, name: string): Tensor | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'tensor' ? attribute.value : undefined;
}

/** Every graph an attribute of the node holds, with the attribute's name. */
export function graphAttributes(node: Node): readonly { readonly attribute: string; readonly graph: Graph }[] {
  const found: { attribute: string; graph: Graph }[] = [];
  for (const [attribute, { type, value }] of node.attributes) {
    if (type === 'graph') found.push({ attribute, graph: value });
    else if (type === 'graphs') for (const graph of value) found.push({ attribute, graph });
  }
  return found;
}

/** Attributes from plain values: integers, strings, lists; a float is written `{ float: 0.5 }` since 1 and 1.0 are one number here. */
export function attributes(
  values: Readonly<
    Record<
      string,
      | number
      | string
      | readonly number[]
      | { readonly float: number }
      | { readonly floats: readonly number[] }
      | Attribute
      | undefined
    >
  >,
): ReadonlyMap<string, Attribute> {
  const made = new Map<string, Attribute>();
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    if (typeof value === 'number') made.set(name, { type: 'int', value: BigInt(value) });
    else if (typeof value === 'string') made.set(name, { type: 'string', value: encoder.encode(value) });
    else if (Array.isArray(value)) made.set(name, { type: 'ints', value: value.map(BigInt) });
    else if ('float' in value) made.set(name, { type: 'float', value: Math.fround(value.float) });
    else if ('floats' in value) made.set(name, { type: 'floats', value: value.floats.map(Math.fround) });
    else made.set(name, value as Attribute);
  }
  return made;
}

function clampToNumber(value: bigint): number {
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(value > limit ? limit : value < -limit ? -limit : value);
}
