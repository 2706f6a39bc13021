import type { Scene } from '../../src/core/layout/scene.ts';
import type { Overlay, SharedPart } from '../../src/core/overlay.ts';
import { type OverlayRange, overlayRange } from './overlay-color.ts';

/** What an overlay says of the boxes of a scene, and the scale they are coloured on: one for the graph and its legend. */
export interface BoxFigures {
  /** By box, in the overlay's unit; NaN without data. */
  readonly figures: Float64Array;
  /** Groups whose members are of different categories. */
  readonly mixed: ReadonlySet<number>;
  readonly range: OverlayRange;
}

/**
 * The figure of every box: its node's, for a closed group that of all nodes inside together. Without a scene only the
 * range.
 */
export function boxFigures(scene: Scene | null, overlay: Overlay): BoxFigures {
  const mixed = new Set<number>();
  const parts = partsByNode(overlay);
  const figures = new Float64Array(scene?.nodes.count ?? 0).fill(Number.NaN);
  for (let box = 0; box < figures.length; box++) {
    const { kind, id, milliseconds } = scene!.nodes;
    if (kind[box] === 'frame') continue;
    if (overlay.id === 'time' && milliseconds) {
      figures[box] = milliseconds[box]!;
      continue;
    }
    const figure =
      kind[box] === 'group' ? groupFigure(scene!, box, overlay, parts) : figureOf(overlay, [id[box]!], parts);
    if (figure === 'mixed') mixed.add(box);
    else figures[box] = figure;
  }
  return { figures, mixed, range: overlayRange(overlay, figures) };
}

/** The parts that are in the figures of several nodes, by those nodes' ids. */
function partsByNode({ shared = [] }: Overlay): PartsByNode {
  const parts = new Map<number, SharedPart[]>();
  for (const part of shared) {
    for (const node of part.nodes) {
      const list = parts.get(node);
      if (list) list.push(part);
      else parts.set(node, [part]);
    }
  }
  return parts;
}

type PartsByNode = ReadonlyMap<number, readonly SharedPart[]>;

/** The figure of a group. Of which category its nodes are tell those that have boxes: constants are of none. */
export function groupFigure(
  { nodes }: Scene,
  box: number,
  overlay: Overlay,
  parts = partsByNode(overlay),
): number | 'mixed' {
  const [members, folded] = [nodes.members[box]!, nodes.folded[box]];
  return figureOf(overlay, folded && overlay.scale !== 'category' ? [...members, ...folded] : members, parts);
}

/** The sum of members' figures with what they share once, or what the overlay says of groups, or their lowest where a sum says nothing. */
function figureOf(
  { values, scale, ofGroup }: Overlay,
  members: ArrayLike<number>,
  parts: PartsByNode,
): number | 'mixed' {
  const counted = new Set<SharedPart>();
  let sum = 0;
  let count = 0;
  let lowest = Number.POSITIVE_INFINITY;
  let largest = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < members.length; index++) {
    const value = values[members[index]!];
    if (value === undefined || Number.isNaN(value)) continue;
    sum += value;
    for (const part of parts.get(members[index]!) ?? []) {
      if (counted.has(part)) sum -= part.figure;
      counted.add(part);
    }
    lowest = Math.min(lowest, value);
    largest = Math.max(largest, value);
    count++;
  }
  if (count === 0) return Number.NaN;
  if (scale === 'category') return lowest === largest ? lowest : 'mixed';
  if (ofGroup === 'largest') return largest;
  if (scale === 'inverse') return lowest;
  return sum;
}
