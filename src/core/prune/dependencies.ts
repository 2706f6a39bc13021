/**
 * Which channels of a model belong together: what a layer gives in one channel is read by others, added to a channel of
 * another layer, scaled by a BatchNorm. Taking one away means taking it away in all of these places, or in none. The
 * idea is that of dependency groups in Fang et al., "DepGraph: Towards Any Structural Pruning" (2023), section 3; here
 * every single channel is followed through the graph, so that concatenating and flattening need no cases of their own.
 */
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Node, NodeId, Tensor } from '../graph/model.ts';
import type { Facts } from '../shapes/facts.ts';
import { followNode } from './follow.ts';

/** The channels along one axis of a value or weight: which channel lies at each place. */
export interface Channels {
  readonly axis: number;
  readonly ids: Int32Array;
}

/** A weight that a node reads, of which it loses what belongs to channels that go. */
export interface Cut extends Channels {
  readonly node: Node;
  readonly input: number;
}

/** Something else of a node that names the number of its channels. */
export interface Count {
  readonly node: Node;
  readonly kind: 'group' | 'shape';
  readonly ids: Int32Array;
}

/** A layer that makes channels: filter i of its weight makes `ids[i]`. */
export interface Source {
  readonly node: NodeId;
  readonly tensor: Tensor;
  readonly axis: number;
  readonly ids: Int32Array;
}

/** Channels that stay or go together. */
export interface Group {
  readonly channels: readonly number[];
  /** Layers that make them. */
  readonly layers: readonly NodeId[];
}

/** The channels of a graph, as far as they can be followed. */
export class Dependencies {
  readonly graph: GraphDraft;
  readonly cuts: Cut[] = [];
  readonly counts: Count[] = [];
  readonly sources: Source[] = [];

  private readonly facts: Facts;
  private readonly values = new Map<string, Channels>();
  private readonly parent: number[] = [];
  private readonly pinned = new Set<number>();

  constructor(graph: GraphDraft, facts: Facts) {
    this.graph = graph;
    this.facts = facts;
    for (const node of graph.nodes()) followNode(this, node);
    for (const { name } of graph.outputs) this.pinValue(name);
  }

  /** The channels of a value, when they are known. */
  of(value: string | undefined): Channels | undefined {
    return value ? this.values.get(value) : undefined;
  }

  set(value: string, channels: Channels): void {
    this.values.set(value, channels);
  }

  /** Sizes along the axes of a value; undefined where the rank is unknown, a size null where it is. */
  dims(value: string | undefined): readonly (number | null)[] | undefined {
    if (!value) return undefined;
    return this.facts.of(this.graph, value).shape?.map((axis) => axis?.constant ?? null);
  }

  /** New channels. */
  fresh(count: number): Int32Array {
    const ids = Int32Array.from({ length: count }, (_, index) => this.parent.length + index);
    for (const id of ids) this.parent.push(id);
    return ids;
  }

  /** Channels that have to stay. */
  pin(ids: Iterable<number>): void {
    for (const id of ids) this.pinned.add(id);
  }

  pinValue(value: string | undefined): void {
    this.pin(this.of(value)?.ids ?? []);
  }

  /** The channels at the same places of both lists belong together. */
  join(a: Int32Array, b: Int32Array): void {
    for (const [index, id] of a.entries()) this.parent[this.root(id)] = this.root(b[index]!);
  }

  /** A weight of this graph; undefined for a constant from elsewhere, or one that a caller can replace. */
  weight(value: string | undefined): Tensor | undefined {
    if (!value || this.graph.isInput(value) || this.graph.isOutput(value)) return undefined;
    return this.graph.initializer(value);
  }

  /** Groups of which every channel may go. */
  groups(): readonly Group[] {
    const members = new Map<number, number[]>();
    const layers = new Map<number, Set<NodeId>>();
    const stay = new Set([...this.pinned].map((id) => this.root(id)));
    for (const { node, ids } of this.sources) {
      for (const id of ids) {
        const root = this.root(id);
        if (stay.has(root)) continue;
        members.set(root, [...(members.get(root) ?? []), id]);
        layers.set(root, (layers.get(root) ?? new Set()).add(node));
      }
    }
    return Array.from(members, ([root, channels]) => ({ channels, layers: [...layers.get(root)!] }));
  }

  /** What names the group of a channel. */
  root(id: number): number {
    let at = id;
    while (this.parent[at] !== at) {
      this.parent[at] = this.parent[this.parent[at]!]!;
      at = this.parent[at]!;
    }
    return at;
  }
}
