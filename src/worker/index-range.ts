import type { FunctionDefinition, Graph, Model, Node, Tensor } from '../core/graph/model.ts';
import { bodiesOf } from '../core/profile/attribution.ts';

/** Operators that hand indices on as they are. */
const passesOn = /^(?:Identity|Cast|Reshape|Squeeze|Unsqueeze|Flatten|Transpose|Slice|Expand|Concat|Split|Tile)$/;

/** A function that calls itself is not valid; one that does it nevertheless is not followed for ever. */
const deepest = 8;

/** The main graph, a body, or a function as it is called in one place. */
interface Scope {
  readonly nodes: readonly Node[];
  readonly readers: ReadonlyMap<string, readonly Node[]>;
  readonly initializers: ReadonlyMap<string, Tensor>;
  /** What a name that is not made here means outside, and where that is. */
  readonly outside: (name: string) => { readonly name: string; readonly scope: Scope } | undefined;
  readonly depth: number;
}

/** How many rows the smallest table has that an input indexes, when the model says so: `Gather` and its kin on a constant, also in bodies and functions. */
export function indexRange(input: string, model: Model): number | undefined {
  const { nodes, initializers } = model.graph;
  const main = { nodes, initializers, readers: readersOf(nodes), outside: () => undefined, depth: 0 };
  const rows = smallestTable(input, main, model.functions);
  return rows === Number.POSITIVE_INFINITY ? undefined : rows;
}

function smallestTable(input: string, scope: Scope, functions: Model['functions']): number {
  const seen = new Set([input]);
  let smallest = Number.POSITIVE_INFINITY;
  const holders = scope.nodes.filter((node) => bodiesOf(node).length > 0);
  // A set grows while it is gone through.
  for (const value of seen) {
    for (const node of scope.readers.get(value) ?? []) {
      const rows = tableRows(node, value, scope);
      if (rows !== undefined && rows > 0) smallest = Math.min(smallest, rows);
      if (passesOn.test(node.opType)) for (const output of node.outputs) seen.add(output);
      const called = scope.depth < deepest ? functionOf(node, functions) : undefined;
      if (!called) continue;
      const inner = scopeOfCall(node, called, scope);
      for (const [index, name] of called.inputs.entries()) {
        if (node.inputs[index] === value) smallest = Math.min(smallest, smallestTable(name, inner, functions));
      }
    }
    for (const node of holders) {
      for (const body of bodiesOf(node)) {
        for (const name of namesInBody(value, node, body)) {
          smallest = Math.min(smallest, smallestTable(name, scopeOfBody(body, scope), functions));
        }
      }
    }
  }
  return smallest;
}

function readersOf(nodes: readonly Node[]): ReadonlyMap<string, readonly Node[]> {
  const readers = new Map<string, Node[]>();
  for (const node of nodes) {
    for (const value of new Set(node.inputs)) {
      const list = readers.get(value);
      if (list) list.push(node);
      else readers.set(value, [node]);
    }
  }
  return readers;
}

/** What a value is called in a body: inputs of `Loop` and `Scan` stand in the order of the body's; other names of outside are seen as they are. */
function namesInBody(value: string, { opType, inputs }: Node, body: Graph): readonly string[] {
  const own = body.inputs.map(({ name }) => name);
  const captured = own.includes(value) ? [] : [value];
  // The first two of a loop are its count and its condition.
  const first = opType === 'Loop' ? 2 : opType === 'Scan' ? 0 : own.length;
  return [...captured, ...own.filter((_, index) => index >= first && inputs[index] === value)];
}

function scopeOfBody({ nodes, initializers, inputs }: Graph, outer: Scope): Scope {
  const own = new Set(inputs.map(({ name }) => name));
  const outside = (name: string) => (own.has(name) ? undefined : { name, scope: outer });
  return { nodes, initializers, readers: readersOf(nodes), outside, depth: outer.depth + 1 };
}

function scopeOfCall(call: Node, { nodes, inputs }: FunctionDefinition, caller: Scope): Scope {
  const outside = (name: string) => {
    const given = call.inputs[inputs.indexOf(name)];
    return given === undefined ? undefined : { name: given, scope: caller };
  };
  return { nodes, initializers: new Map(), readers: readersOf(nodes), outside, depth: caller.depth + 1 };
}

function functionOf({ opType, domain, overload = '' }: Node, functions: Model['functions']) {
  return functions.find((each) => each.name === opType && each.domain === domain && each.overload === overload);
}

/** Rows of the constant table that `node` looks `value` up in. */
function tableRows(node: Node, value: string, scope: Scope): number | undefined {
  const dimsOf = (name: string | undefined) => (name === undefined ? undefined : constantDims(name, scope));
  switch (node.opType) {
    case 'Gather': {
      const axis = node.attributes.get('axis');
      const dims = node.inputs[1] === value ? dimsOf(node.inputs[0]) : undefined;
      return dims?.at(axis?.type === 'int' ? Number(axis.value) : 0);
    }
    case 'GatherND':
      return node.inputs[1] === value ? dimsOf(node.inputs[0])?.[0] : undefined;
    case 'GatherBlockQuantized':
      return node.inputs[1] === value ? dimsOf(node.inputs[0])?.[0] : undefined;
    case 'ArrayFeatureExtractor':
      return node.inputs[1] === value ? dimsOf(node.inputs[0])?.at(-1) : undefined;
    case 'EmbedLayerNormalization':
      // input_ids and segment_ids, tables at 2 and 4.
      return node.inputs[0] === value
        ? dimsOf(node.inputs[2])?.[0]
        : node.inputs[1] === value
          ? dimsOf(node.inputs[4])?.[0]
          : undefined;
    default:
      return undefined;
  }
}

/** Dims of an initializer, also behind `DequantizeLinear`, `Cast` or `Identity`, or of a `Constant` node. */
function constantDims(name: string, scope: Scope): readonly number[] | undefined {
  let [value, where] = [name, scope];
  for (let step = 0; step < 4 + deepest; step++) {
    const initializer = where.initializers.get(value);
    if (initializer) return initializer.dims;
    const producer = where.nodes.find(({ outputs }) => outputs.includes(value));
    if (producer) {
      const constant = producer.attributes.get('value');
      if (producer.opType === 'Constant') return constant?.type === 'tensor' ? constant.value.dims : undefined;
      if (!/^(?:DequantizeLinear|Cast|Identity)$/.test(producer.opType)) return undefined;
      value = producer.inputs[0]!;
      continue;
    }
    const outside = where.outside(value);
    if (!outside) return undefined;
    [value, where] = [outside.name, outside.scope];
  }
  return undefined;
}
