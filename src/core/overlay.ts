import type { NodeId } from './graph/model.ts';

/**
 * A number a node: the one form in which measurements and estimates reach the graph's colours, the legend, the
 * table's columns and the command line. A new analysis is a function that returns an overlay.
 */
export interface Overlay {
  /** `time`, `macs`, `bytes`, `parameters`, `precision`, `error`, … */
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** On an `inverse` scale the lowest figures stand out. */
  readonly scale: 'linear' | 'inverse' | 'log' | 'diverging' | 'category';
  /** By node id; NaN where there is no data. For `category`, an index into `categories`. */
  readonly values: Float32Array;
  readonly categories?: readonly string[];
  /** The figure of a group where it is not its members' sum: `largest` for what stands at one moment only. */
  readonly ofGroup?: 'largest';
  /** What a group's sum has once though several of its nodes have it in their figures: weights that they all read. */
  readonly shared?: readonly SharedPart[];
  /** What stands behind the numbers, for the legend: `60 runs`, `estimate`. */
  readonly basis?: string;
}

/** A part that the figures of several nodes have in common, in the overlay's unit. */
export interface SharedPart {
  readonly figure: number;
  readonly nodes: readonly NodeId[];
}
