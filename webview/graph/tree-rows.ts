import type { Scene } from '../../src/core/layout/scene.ts';
import { frameAround, readingOrder } from './walk.ts';

/** A box as an item of a tree in which frames hold what is drawn in them. */
export interface TreeRow {
  readonly box: number;
  /** 1 for boxes in no frame. */
  readonly level: number;
  /** Place among the boxes of the same frame, from 1, and how many those are. */
  readonly position: number;
  readonly siblings: number;
}

const made = new WeakMap<Scene, readonly TreeRow[]>();

/** Every box of a scene, frames before what they hold, boxes of one frame in reading order. */
export function treeRows(scene: Scene): readonly TreeRow[] {
  const known = made.get(scene);
  if (known) return known;
  const children = Map.groupBy(readingOrder(scene), (box) => frameAround(scene, box));
  const rows: TreeRow[] = [];
  const rowsOf = (frame: number, level: number) => {
    const boxes = children.get(frame) ?? [];
    return boxes.map((box, index) => ({ box, level, position: index + 1, siblings: boxes.length }));
  };
  const work = rowsOf(-1, 1).reverse();
  while (work.length > 0) {
    const row = work.pop()!;
    rows.push(row);
    work.push(...rowsOf(row.box, row.level + 1).reverse());
  }
  made.set(scene, rows);
  return rows;
}
