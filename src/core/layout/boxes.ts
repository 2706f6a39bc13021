import type { Item } from './hierarchy.ts';
import { constantLines, detailOf } from './labels.ts';
import { textWidth } from './text-width.ts';

/** Size and text of a box that is drawn closed. */
export interface Box {
  readonly width: number;
  readonly height: number;
  readonly detail: string;
  readonly constants: readonly string[];
}

/** Pixels, as the canvas and the SVG write a box's title and its constants. */
export const fontSize = 12;
const smallFontSize = 10.5;
const maxWidth = 320;

const boxes = new WeakMap<Item, Box>();

export function boxOf(item: Item): Box {
  const known = boxes.get(item);
  if (known) return known;
  const plain = item.kind === 'node';
  const detail = plain ? detailOf(item.node!, item.site!.graph) : item.kind === 'group' ? contentOf(item) : '';
  const constants = plain ? constantLines(item.node!, item.site!.graph, item.site!.folded) : [];
  const title = textWidth(item.label, fontSize) + (detail ? textWidth(detail, fontSize) + 8 : 0);
  const width = Math.max(64, title + 24, ...constants.map((line) => textWidth(line, smallFontSize) + 24));
  const box = {
    width: Math.ceil(Math.min(maxWidth, width)),
    height: 28 + constants.length * 14 + (constants.length > 0 ? 4 : 0),
    detail,
    constants,
  };
  boxes.set(item, box);
  return box;
}

/** What a closed group holds: `50 nodes`, or `layer ×12, 600 nodes` when it holds layers of one structure. */
function contentOf(item: Item): string {
  if (item.size === 0) return '';
  const nodes = `${item.size} node${item.size === 1 ? '' : 's'}`;
  const alike = new Map<string, { readonly name: string; count: number }>();
  for (const child of item.children) {
    const name = child.kind === 'group' ? /^(.*?)[._]?\d+$/.exec(child.label)?.[1] : undefined;
    if (name === undefined) continue;
    const structure = `${name}: ${operatorsOf(child)}`;
    const known = alike.get(structure) ?? { name, count: 0 };
    known.count++;
    alike.set(structure, known);
  }
  const [most] = [...alike.values()].sort((a, b) => b.count - a.count);
  return most && most.count >= minAlike ? `${most.name} ×${most.count}, ${nodes}`.trim() : nodes;
}

const minAlike = 3;

/** Operators inside a group, in the order of its nodes. */
function operatorsOf(item: Item): string {
  const names: string[] = [];
  const work = [item];
  while (work.length > 0) {
    const each = work.pop()!;
    if (each.kind === 'node') names.push(each.label);
    work.push(...each.children);
  }
  return names.join(' ');
}
