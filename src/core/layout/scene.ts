/**
 * A scene: everything the canvas needs to draw one view of a graph. Made by `core/layout`, drawn by `webview/graph`,
 * sent between them as typed arrays. Coordinates are in pixels at zoom 1; x to the right, y down.
 */
export interface Scene {
  readonly nodes: SceneNodes;
  readonly edges: SceneEdges;
  readonly labels: SceneLabels;
  readonly width: number;
  readonly height: number;
  /** Milliseconds the layout took. */
  readonly milliseconds: number;
}

/** Boxes: nodes, collapsed groups, the frames of open groups, graph inputs and outputs. Parallel arrays, frames before what they hold. */
export interface SceneNodes {
  readonly count: number;
  readonly kind: readonly ('node' | 'group' | 'frame' | 'input' | 'output')[];
  /** For `node`: the node's id. Else −1. */
  readonly id: Int32Array;
  /** Stable key of the box over layouts: `n12`, `g:encoder/layer.0`, `i:input`; `k12`: a kernel that stands for several nodes. */
  readonly key: readonly string[];
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly width: Float32Array;
  readonly height: Float32Array;
  /** Operator, or the group's name. */
  readonly label: readonly string[];
  /** The one attribute that matters (`3×3 /2`), or the group's count (`24 nodes`, `×12`). */
  readonly detail: readonly string[];
  /** Constants folded into the node, one line each: `W 64×3×7×7`. */
  readonly constants: readonly (readonly string[])[];
  /** Index into `operatorCategories`. */
  readonly category: Uint8Array;
  /** Nodes inside, for groups and frames; 1 for nodes. */
  readonly size: Int32Array;
  /** For groups and frames: ids of the nodes inside; an overlay's figure for a group is theirs together. */
  readonly members: readonly (Int32Array | null)[];
  /** Ids of the nodes that have no box, but stand as lines in this one, or in those that it holds. */
  readonly folded: readonly (Int32Array | null)[];
  /** Of the graph as run: milliseconds of the box's own kernels, which its nodes may share with others; NaN where no kernel ran. */
  readonly milliseconds?: Float64Array;
}

export interface SceneEdges {
  readonly count: number;
  /** Indices into the boxes. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** The value that flows. */
  readonly value: readonly string[];
  /** Shape and type, as short text: `1×64×56×56`; empty when not known. */
  readonly label: readonly string[];
  /** `stub`: too long or too shared to route, or upwards; drawn as a labelled end at each side. */
  readonly kind: readonly ('line' | 'stub')[];
  /** Corner points x, y, x, y …; those of edge i are `points[offsets[i]] … points[offsets[i + 1]]`. */
  readonly points: Float32Array;
  readonly offsets: Uint32Array;
}

/** Texts beside lines, at the ends where there is room for them: none lies on another or on a box. Parallel arrays. */
export interface SceneLabels {
  readonly count: number;
  /** The edge that a text belongs to: its type and shape, or for a stub the value's name. */
  readonly edge: Int32Array;
  readonly text: readonly string[];
  /** Left end of the base line. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly width: Float32Array;
}

/** Families of operators, told apart by colour and by the shape of the box's edge. */
export const operatorCategories = [
  'other',
  'compute',
  'activation',
  'normalization',
  'pooling',
  'shape',
  'elementwise',
  'reduction',
  'control',
  'quantization',
  'constant',
] as const;
export type OperatorCategory = (typeof operatorCategories)[number];
