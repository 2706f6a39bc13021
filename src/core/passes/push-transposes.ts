import { english } from '../english.ts';
import { attributes } from '../graph/attribute.ts';
import { bitsPerElement, elementCount } from '../graph/data-type.ts';
import type { Draft } from '../graph/draft.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node, NodeId, Tensor } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import { transposeTensor } from './move-elements.ts';
import { permutationOf } from './operands.ts';
import type { Pass } from './pass.ts';
import { rankOf } from './shape-facts.ts';
import { type Permutation, type TransposedNode, transposedNode } from './transposed-node.ts';
import { passGraphs } from './visit.ts';

/**
 * `a = Transpose(x); b = Relu(a); y = Transpose(b)` back
 * becomes `y = Relu(x)`: a region of nodes behind a transpose computes before it, where fewer transposes are left then.
 */
export const pushTransposes: Pass = {
  name: 'push-transposes',
  title: english`Move transposes to where they cancel`,
  summary: english`Computes before a transpose what follows it, element by element or along other axes, where fewer transposes are left then.`,
  exactness: 'exact',
  run: (draft, { facts }) => pushAll(draft, facts, true),
};

/**
 * `a = Transpose(x); b = Sigmoid(a); y = Transpose(b)` back
 * becomes `y = Sigmoid(x)`: as `push-transposes`, through sums and functions whose last bit depends on where an element lies.
 */
export const pushTransposesFurther: Pass = {
  name: 'push-transposes-further',
  title: english`Move transposes through sums and functions`,
  summary: english`Moves transposes also through Softmax, reductions and functions such as Sigmoid, where fewer are left then.`,
  exactness: 'rounding',
  run: (draft, { facts }) => pushAll(draft, facts, false),
};

/** Larger constants are not stored a second time for other readers. */
const sharedBytes = 4096;

/** Nodes around one transpose; more are not looked at. */
const maxRegion = 1024;

async function pushAll(draft: Draft, facts: Facts, exact: boolean): Promise<void> {
  for (const graph of passGraphs(draft)) {
    let before: number;
    do {
      before = graph.version;
      // Where a region brings nothing, growing it from its other ends brings nothing either.
      const settled = new Set<string>();
      for (const { id } of graph.nodes()) {
        const node = graph.node(id);
        if (!node || !isTranspose(node)) continue;
        if (node.outputs[0] === undefined || settled.has(node.outputs[0])) continue;
        const region = new Region(graph, facts, exact);
        if (region.growFrom(node) && region.prune() < 0) await region.apply(node);
        else for (const value of region.whole()) settled.add(value);
      }
      // What one region leaves behind may be the entry of another; each time fewer are left.
    } while (graph.version > before);
  }
}

const isTranspose = (node: Node | undefined): node is Node => node?.opType === 'Transpose' && node.domain === '';
const isIdentity = (permutation: Permutation) => permutation.every((axis, at) => axis === at);
const same = (a: Permutation, b: Permutation) => a.length === b.length && a.every((axis, at) => axis === b[at]);
const inverse = (permutation: Permutation) => permutation.map((_, axis) => permutation.indexOf(axis));

/** Nodes that compute before the transpose, and how many transposes that costs or saves. */
class Region {
  private readonly members = new Map<NodeId, { readonly node: Node; readonly form: TransposedNode }>();
  /** What each value at the members is transposed by, seen from where they compute. */
  private readonly permutations = new Map<string, Permutation>();
  private readonly readers = new Map<string, readonly Node[]>();
  private isWhole = true;

  private readonly graph: GraphDraft;
  private readonly facts: Facts;
  private readonly exact: boolean;

  constructor(graph: GraphDraft, facts: Facts, exact: boolean) {
    this.graph = graph;
    this.facts = facts;
    this.exact = exact;
  }

  /** The values at it, if it holds all that hangs together there. */
  whole(): Iterable<string> {
    return this.isWhole ? this.permutations.keys() : [];
  }

  /** Takes in everything that hangs together behind a transpose and can compute before it; false when that is nothing. */
  growFrom(transpose: Node): boolean {
    const permutation = this.permutationOf(transpose);
    const [output] = transpose.outputs;
    if (!permutation || !output || isIdentity(permutation)) return false;
    this.permutations.set(output, permutation);
    const values = [output];
    for (let at = 0; at < values.length; at++) {
      const value = values[at]!;
      const maker = this.graph.producer(value);
      for (const node of [...this.readersOf(value), ...(maker ? [maker] : [])]) {
        if (this.members.has(node.id)) continue;
        if (this.members.size < maxRegion) values.push(...this.join(node, value));
        else this.isWhole = false;
      }
    }
    return this.members.size > 0;
  }

  /** Takes in a node that reads or makes a value of the region; gives the values through which it may grow further. */
  private join(node: Node, through: string): readonly string[] {
    const { graph } = this;
    const permutation = this.permutations.get(through)!;
    const form = transposedNode(node, graph, this.facts, permutation, this.exact);
    if (!form || form.data.length === 0) return [];
    const constants = form.data.flatMap((at) => graph.constant(node.inputs[at]!) ?? []);
    if (!constants.every((each) => this.isMovable(each))) return [];
    const inputs = form.data.map((at) => node.inputs[at]!).filter((name) => !graph.constant(name));
    const outputs = node.outputs.filter((name) => name !== '');
    if (![...inputs, ...outputs].includes(through)) return [];
    const fits = (value: string, wanted: Permutation) => same(this.permutations.get(value) ?? wanted, wanted);
    if (!inputs.every((name) => fits(name, permutation)) || !outputs.every((name) => fits(name, form.outputs)))
      return [];
    const reached = [...inputs, ...(isIdentity(form.outputs) ? [] : outputs)].filter((name) => name !== through);
    for (const name of inputs) this.permutations.set(name, permutation);
    for (const name of outputs) this.permutations.set(name, form.outputs);
    this.members.set(node.id, { node, form });
    return reached;
  }

  private isMovable({ name, dtype, data, strings }: Tensor): boolean {
    const shared = this.graph.consumers(name).length > 1 || !this.graph.initializer(name) || this.graph.isOutput(name);
    return !strings && bitsPerElement(dtype) % 8 === 0 && (!shared || data.byteLength <= sharedBytes);
  }

  /** Leaves out what costs as much as it saves, or more; gives by how much the number of transposes changes. */
  prune(): number {
    for (let changed = true; changed; ) {
      changed = false;
      for (const { node } of [...this.members.values()].reverse()) {
        const member = this.members.get(node.id)!;
        const values = new Set([...node.inputs, ...node.outputs]);
        const inside = this.costOf(values);
        this.members.delete(node.id);
        if (this.costOf(values) <= inside) changed = true;
        else this.members.set(node.id, member);
      }
    }
    return this.costOf(this.permutations.keys());
  }

  /** By how much the number of transposes at these values changes. */
  private costOf(values: Iterable<string>): number {
    let cost = 0;
    for (const value of values) if (this.permutations.has(value)) cost += this.costAt(value);
    return cost;
  }

  private costAt(value: string): number {
    const { graph } = this;
    const made = this.isMade(value);
    const permutation = this.permutations.get(value)!;
    if (made) {
      if (isIdentity(permutation)) return 0;
      const cancelled = this.readersOutside(value).filter((node) => this.cancels(node, permutation));
      const outputs = cancelled.filter(({ outputs: [name] }) => graph.isOutput(name!)).length;
      return (this.isNeeded(value) ? 1 : 0) - cancelled.length + Math.max(0, outputs - 1);
    }
    if (!this.readersOf(value).some(({ id }) => this.members.has(id))) return 0;
    if (!this.isEntry(value)) return isIdentity(permutation) ? 0 : 1;
    return graph.isOutput(value) || this.readersOutside(value).length > 0 ? 0 : -1;
  }

  /** Whether a member makes the value. */
  private isMade(value: string): boolean {
    const producer = this.graph.producer(value);
    return producer !== undefined && this.members.has(producer.id);
  }

  /** Whether the value is there before a transpose, too. */
  private isEntry(value: string): boolean {
    const producer = this.graph.producer(value);
    const wanted = this.permutations.get(value);
    const permutation = isTranspose(producer) ? this.permutationOf(producer) : undefined;
    return permutation !== undefined && wanted !== undefined && same(permutation, wanted);
  }

  private permutationOf(transpose: Node): Permutation | undefined {
    return permutationOf(transpose, rankOf(this.facts, this.graph, transpose.inputs[0]));
  }

  private readersOutside(value: string): Node[] {
    return this.readersOf(value).filter(({ id }) => !this.members.has(id));
  }

  /** Looked up once: the costs of a value are asked for again and again, and until the region is applied nothing changes. */
  private readersOf(value: string): readonly Node[] {
    const known = this.readers.get(value) ?? this.graph.consumers(value);
    this.readers.set(value, known);
    return known;
  }

  /** Whether anything but a transpose, which can be another one, needs a value of a member as it was. */
  private isNeeded(value: string): boolean {
    return this.graph.isOutput(value) || this.readersOutside(value).some((node) => !isTranspose(node));
  }

  /** Whether a transpose leads back to where the members compute. */
  private cancels(node: Node, permutation: Permutation): boolean {
    const outer = isTranspose(node) ? this.permutationOf(node) : undefined;
    return outer !== undefined && isIdentity(outer.map((axis) => permutation[axis]!));
  }

  async apply(anchor: Node): Promise<void> {
    const { graph } = this;
    const members = graph.nodes().flatMap(({ id }) => this.members.get(id) ?? []);
    const constants = await this.moveConstants(members);
    graph.rewrite(anchor, english`Fewer transposes are left when these nodes compute before them.`, (edit) => {
      const before = new Map<string, string>();
      const values = new Set(members.flatMap(({ node }) => [...node.inputs, ...node.outputs]));
      const outside = new Map<string, readonly Node[]>();
      const needed = new Set<string>();
      for (const value of values) {
        if (!this.permutations.has(value)) continue;
        if (this.isMade(value)) {
          outside.set(value, this.readersOutside(value));
          if (this.isNeeded(value)) needed.add(value);
          before.set(value, this.nameBefore(value));
        } else if (this.isEntry(value)) {
          const transpose = graph.producer(value)!;
          before.set(value, transpose.inputs[0]!);
          if (!graph.isOutput(value) && this.readersOutside(value).length === 0) edit.remove(transpose);
        } else {
          const permutation = this.permutations.get(value)!;
          const name = isIdentity(permutation) ? value : graph.freshName(value);
          before.set(value, name);
          if (name !== value) {
            const perm = inverse(permutation);
            edit.add({ opType: 'Transpose', inputs: [value], outputs: [name], attributes: attributes({ perm }) }, [
              anchor,
            ]);
          }
        }
      }
      for (const tensor of constants.values()) edit.setInitializer(tensor);
      for (const { node, form } of members) {
        const adapted = form.adapt?.(edit);
        const [first, ...rest] = node.inputs.map((input, at) =>
          form.data.includes(at) ? (constants.get(`${node.id} ${at}`)?.name ?? before.get(input) ?? input) : input,
        );
        const parameters = adapted && form.data.length === 1 ? adapted.parameters : rest;
        edit.change(node, {
          inputs: [first!, ...parameters],
          outputs: node.outputs.map((name) => before.get(name) ?? name),
          ...(adapted ? { attributes: adapted.attributes } : {}),
        });
      }
      for (const [value, readers] of outside) {
        const permutation = this.permutations.get(value)!;
        const name = before.get(value)!;
        if (name === value) continue;
        for (const { id } of readers) {
          const reader = graph.node(id);
          if (!isTranspose(reader)) continue;
          const perm = this.permutationOf(reader)!.map((axis) => permutation[axis]!);
          const [output] = reader.outputs;
          if (!isIdentity(perm)) edit.change(reader, { inputs: [name], attributes: attributes({ perm }) });
          else if (output === name) edit.remove(reader);
          else if (!graph.isOutput(output!) && graph.canReplaceValue(output!, name)) {
            edit.remove(reader);
            edit.replaceValue(output!, name);
          } else edit.change(reader, { opType: 'Identity', inputs: [name], attributes: new Map() });
        }
        if (!needed.has(value)) continue;
        const perm = [...permutation];
        edit.add({ opType: 'Transpose', inputs: [name], outputs: [value], attributes: attributes({ perm }) }, [anchor]);
      }
    });
  }

  /** The name of a member's result before the transpose: that of a transpose back, if there is one. */
  private nameBefore(value: string): string {
    const permutation = this.permutations.get(value)!;
    if (isIdentity(permutation)) return value;
    const back = this.readersOutside(value)
      .filter((node) => this.cancels(node, permutation))
      .map(({ outputs: [name] }) => name!);
    return back.find((name) => this.graph.isOutput(name)) ?? back[0] ?? this.graph.freshName(value);
  }

  /** The constants that members read, before the transpose, by node and place. */
  private async moveConstants(
    members: readonly { readonly node: Node; readonly form: TransposedNode }[],
  ): Promise<ReadonlyMap<string, Tensor>> {
    const moved = new Map<string, Tensor>();
    for (const { node, form } of members) {
      const permutation = this.permutations.get(
        form.data.map((at) => node.inputs[at]!).find((name) => this.permutations.has(name))!,
      )!;
      for (const at of form.data) {
        const tensor = this.graph.constant(node.inputs[at]!);
        if (!tensor) continue;
        const ones = new Array<number>(permutation.length - tensor.dims.length).fill(1);
        const widened = { ...tensor, dims: [...ones, ...tensor.dims] };
        const name = this.graph.freshName(node.inputs[at]!);
        const result =
          elementCount(tensor.dims) === 0 ? undefined : await transposeTensor(widened, inverse(permutation), name);
        moved.set(
          `${node.id} ${at}`,
          result ?? { ...widened, name, dims: inverse(permutation).map((axis) => widened.dims[axis]!) },
        );
      }
    }
    return moved;
  }
}
