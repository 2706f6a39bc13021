/**
 * Graphs as text, for fixtures:
 *
 *     opset 17
 *     in x float32 [batch, 3]
 *     const s int64 [2] = 0 -1
 *     y = Reshape(x, s) {allowzero = 0}
 *     out y
 *
 * An input left out is `_`, and a string with commas or spaces stands in quotes. Functions come first: `function my.domain:Twice(a) -> b`, their nodes indented. A body is an attribute on a line of its own, its graph indented below it. The elements of
 * a constant may be `random` or one number for all.
 */
import { attributes as makeAttributes } from '../../../src/core/graph/attribute.ts';
import { bufferSource } from '../../../src/core/graph/byte-source.ts';
import { type DataType, elementCount } from '../../../src/core/graph/data-type.ts';
import type {
  Attribute,
  Dim,
  FunctionDefinition,
  Graph,
  Model,
  Node,
  NodeId,
  Tensor,
  ValueInfo,
} from '../../../src/core/graph/model.ts';
import { createRandom } from '../../../src/core/random.ts';
import { fromNumbers, toNumbers } from '../../../src/core/tensor/convert.ts';

interface Lines {
  readonly lines: readonly string[];
  at: number;
  nextId: number;
}

/** Reads a model; throws with the line that cannot be read. */
export function parseModel(text: string): Model {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const state: Lines = { lines, at: 0, nextId: 0 };
  const opsets = new Map<string, number>();
  let irVersion = 8;
  for (; /^(opset|ir) /.test(lines[state.at] ?? ''); state.at++) {
    const [word, ...rest] = lines[state.at]!.split(' ');
    if (word === 'ir') irVersion = Number(rest[0]);
    else opsets.set(rest.length > 1 ? rest[0]! : '', Number(rest.at(-1)));
  }
  const functions: FunctionDefinition[] = [];
  while (lines[state.at]?.startsWith('function ')) functions.push(parseFunction(state, opsets));
  const graph = parseGraph(state, 0);
  return {
    irVersion,
    producerName: '',
    producerVersion: '',
    domain: '',
    modelVersion: 0n,
    docString: '',
    opsets,
    graph,
    functions,
    metadata: new Map(),
    nextNodeId: state.nextId,
  };
}

/** `function my.domain:Twice(a) -> b`, its nodes indented below. */
function parseFunction(state: Lines, opsets: ReadonlyMap<string, number>): FunctionDefinition {
  const [, domain, name, inputs, outputs] = /^function (\S+):(\w+)\((.*)\) -> (.*)$/.exec(state.lines[state.at++]!)!;
  return {
    name: name!,
    domain: domain!,
    overload: '',
    docString: '',
    inputs: inputs!.split(', '),
    outputs: outputs!.split(', '),
    attributes: [],
    attributeDefaults: new Map(),
    opsets: new Map([['', opsets.get('')!]]),
    nodes: parseGraph(state, 2).nodes,
    valueInfo: [],
    metadata: new Map(),
  };
}

function parseGraph(state: Lines, indent: number): Graph {
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  const initializers = new Map<string, Tensor>();
  const nodes: Node[] = [];
  for (; state.at < state.lines.length; state.at++) {
    const line = state.lines[state.at]!;
    const depth = line.length - line.trimStart().length;
    if (depth < indent) break;
    const [word, name, ...rest] = line.trim().split(' ');
    if (word === 'in') inputs.push(parseValue(name!, rest.join(' ')));
    else if (word === 'out') outputs.push(parseValue(name!, rest.join(' ')));
    else if (word === 'const') initializers.set(name!, parseConstant(name!, rest.join(' ')));
    else nodes.push(parseNode(state, line.trim(), depth));
  }
  return {
    name: 'graph',
    docString: '',
    nodes,
    inputs,
    outputs,
    valueInfo: [],
    initializers,
    sparseInitializers: [],
    quantizationAnnotations: [],
    metadata: new Map(),
  };
}

function parseValue(name: string, type: string): ValueInfo {
  const [, dtype, shape] = /^(\S+)(?: (\[.*\]))?$/.exec(type) ?? [];
  if (!dtype) return { name };
  return { name, type: { kind: 'tensor', dtype: dtype as DataType, ...(shape ? { shape: parseDims(shape) } : {}) } };
}

function parseDims(text: string): Dim[] {
  const inner = text.slice(1, -1).trim();
  if (inner === '') return [];
  return inner
    .split(',')
    .map((each) => (/^-?[\d.]+$/.test(each.trim()) ? Number(each) : each.trim() === '?' ? null : each.trim()));
}

function parseConstant(name: string, text: string): Tensor {
  const [, dtype, shape, values] = /^(\S+) (\[.*?\]) = (.*)$/.exec(text) ?? [];
  if (!dtype || !shape || values === undefined) throw new Error(`This constant cannot be read: ${name} ${text}`);
  const dims = parseDims(shape) as number[];
  const count = elementCount(dims);
  const random = createRandom(name.length * 1000 + count);
  const given = values.trim().split(/\s+/).filter(Boolean).map(Number);
  const numbers =
    values.trim() === 'random'
      ? Array.from({ length: count }, () => random.next() + 0.5)
      : Array.from({ length: count }, (_, index) => given[given.length === 1 ? 0 : index]!);
  return { name, dtype: dtype as DataType, dims, data: bufferSource(fromNumbers(dtype as DataType, numbers)) };
}

function parseNode(state: Lines, line: string, indent: number): Node {
  const [, outputs, type, inputs, list] = /^(.*?) = ([\w.:]+)\((.*?)\)(?: \{(.*)\})?$/.exec(line) ?? [];
  if (!outputs || !type) throw new Error(`This line cannot be read: ${line}`);
  const names = (text: string) =>
    text.trim() === '' ? [] : text.split(',').map((each) => (each.trim() === '_' ? '' : each.trim()));
  const id = state.nextId++ as NodeId;
  const attributes = new Map(parseAttributes(list ?? ''));
  for (let next = state.lines[state.at + 1]; next && isBodyLine(next, indent); next = state.lines[state.at + 1]) {
    state.at += 2;
    attributes.set(next.trim(), { type: 'graph', value: parseGraph(state, indent + 4) });
    state.at--;
  }
  const colon = type.lastIndexOf(':');
  return {
    id,
    opType: type.slice(colon + 1),
    domain: colon < 0 ? '' : type.slice(0, colon),
    name: '',
    inputs: names(inputs ?? ''),
    outputs: names(outputs),
    attributes,
  };
}

function isBodyLine(line: string, indent: number): boolean {
  return line.length - line.trimStart().length === indent + 2 && /^\w+$/.test(line.trim());
}

function parseAttributes(text: string): ReadonlyMap<string, Attribute> {
  const values: Record<string, Parameters<typeof makeAttributes>[0][string]> = {};
  for (const [, name, value] of text.matchAll(/(\w+) = (\[[^\]]*\]|"[^"]*"|[^,\s]+)/g)) {
    if (value!.startsWith('"')) values[name!] = value!.slice(1, -1);
    else if (/^\[.*\./.test(value!)) values[name!] = { floats: parseDims(value!).map(Number) };
    else if (value!.startsWith('[')) values[name!] = parseDims(value!) as number[];
    else if (value!.startsWith('tensor:')) {
      const [, dtype, number] = value!.split(':');
      const tensor = parseConstant('', `${dtype} [] = ${number}`);
      values[name!] = { type: 'tensor', value: tensor };
    } else if (/^-?\d+$/.test(value!)) values[name!] = Number(value);
    else if (/^-?[\d.e-]+$/.test(value!)) values[name!] = { float: Number(value) };
    else values[name!] = value!;
  }
  return makeAttributes(values);
}

/** A graph as text in one form: constants first, nodes in topological order, attributes by name. */
export function printModel({ graph }: Model): string {
  return printGraph(graph, '').join('\n');
}

function printGraph(graph: Graph, indent: string): string[] {
  const lines: string[] = [];
  for (const { name } of graph.inputs) lines.push(`in ${name}`);
  for (const tensor of [...graph.initializers.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    lines.push(`const ${tensor.name} ${tensor.dtype} [${tensor.dims.join(', ')}] = ${elementsText(tensor)}`);
  }
  for (const { opType, domain, inputs, outputs, attributes } of graph.nodes) {
    const names = (values: readonly string[]) => values.map((each) => (each === '' ? '_' : each)).join(', ');
    const plain = [...attributes].filter(([, { type }]) => type !== 'graph').sort(([a], [b]) => (a < b ? -1 : 1));
    const list = plain.map(([name, attribute]) => `${name} = ${attributeText(attribute)}`).join(', ');
    lines.push(`${names(outputs)} = ${domain && `${domain}:`}${opType}(${names(inputs)})${list && ` {${list}}`}`);
    for (const [name, { type, value }] of attributes) {
      if (type === 'graph') lines.push(`  ${name}`, ...printGraph(value, '    '));
    }
  }
  for (const { name } of graph.outputs) lines.push(`out ${name}`);
  return lines.map((line) => indent + line);
}

/** Few elements in full; many as a sum, which tells different weights apart. */
function elementsText({ dtype, dims, data }: Tensor): string {
  const numbers = Array.from(toNumbers(dtype, data.bytes!, elementCount(dims)));
  if (numbers.length <= 8) return numbers.map((each) => Number(each.toPrecision(6))).join(' ');
  return `sum ${numbers.reduce((sum, each) => sum + each, 0).toPrecision(5)}`;
}

function attributeText({ type, value }: Attribute): string {
  if (type === 'ints' || type === 'floats') return `[${value.join(', ')}]`;
  if (type === 'string') {
    const text = new TextDecoder().decode(value);
    return /[,\s]/.test(text) ? `"${text}"` : text;
  }
  if (type === 'tensor') return `tensor:${value.dtype}:${elementsText(value)}`;
  return String(value);
}
