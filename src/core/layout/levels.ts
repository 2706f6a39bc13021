/** The open groups while they are laid out: what stands in each, and the values that pass it. */
import type { Flow } from './flow.ts';
import type { Item } from './hierarchy.ts';

/** A value on its way between two boxes of a level. */
export interface LevelLink {
  readonly from: number;
  readonly to: number;
  readonly value: string;
  readonly label: string;
}

/** An open group. */
export interface Level {
  readonly item: Item;
  /** The visible children, and after them one port for every value that crosses the frame. */
  readonly boxes: readonly Item[];
  readonly indexOf: ReadonlyMap<Item, number>;
  /** By `in:value` and `out:value`. */
  readonly ports: Map<string, number>;
  readonly links: LevelLink[];
  readonly seen: Set<string>;
  flow?: Flow;
  width: Float64Array;
  height: Float64Array;
}

export type Levels = ReadonlyMap<Item, Level>;

/** The open groups, outer before inner. */
export function openLevels(root: Item, opened: ReadonlySet<string>): Map<Item, Level> {
  const levels = new Map<Item, Level>();
  const work = [root];
  for (let at = 0; at < work.length; at++) {
    const item = work[at]!;
    levels.set(item, {
      item,
      boxes: item.children,
      indexOf: new Map(item.children.map((child, index) => [child, index])),
      ports: new Map(),
      links: [],
      seen: new Set(),
      width: new Float64Array(0),
      height: new Float64Array(0),
    });
    for (const child of item.children) if (child.kind === 'group' && opened.has(child.key)) work.push(child);
  }
  return levels;
}

/** Links two items through every open group between them. `label` is asked only for lines that are drawn: types of the rest need not be known. */
export function link(from: Item, to: Item, value: string, label: () => string, levels: Levels): void {
  const fromChain = visibleChain(from, levels);
  const toChain = visibleChain(to, levels);
  let common = 0;
  while (common < fromChain.length && common < toChain.length && fromChain[common] === toChain[common]) common++;
  // One inside the other, or both in one closed group: nothing flows between boxes that are drawn.
  if (common === fromChain.length || common === toChain.length) return;
  const levelOf = (item: Item) => levels.get(item.parent!)!;
  const indexOf = (item: Item) => levelOf(item).indexOf.get(item)!;
  const [start, end] = [fromChain[common]!, toChain[common]!];
  // Lines of several values between two closed boxes would lie on each other; in an open one each has its port.
  const isOpen = common + 1 < fromChain.length || common + 1 < toChain.length;
  addLink(levelOf(start), { from: indexOf(start), to: indexOf(end), value }, label, isOpen);
  for (const item of fromChain.slice(common + 1)) {
    const level = levelOf(item);
    addLink(level, { from: indexOf(item), to: portOf(level, `out:${value}`), value }, label, true);
  }
  for (const item of toChain.slice(common + 1)) {
    const level = levelOf(item);
    addLink(level, { from: portOf(level, `in:${value}`), to: indexOf(item), value }, label, true);
  }
  // What a frame itself reads or makes ends at its border, in the row of its other ports.
  const [source, target] = [levels.get(fromChain.at(-1)!), levels.get(toChain.at(-1)!)];
  if (source) portOf(source, `out:${value}`);
  if (target) portOf(target, `in:${value}`);
}

/** An item's visible stand-ins from the outermost level inwards; the last is the box that is drawn for it. */
function visibleChain(item: Item, levels: Levels): Item[] {
  const chain: Item[] = [];
  for (let each: Item = item; each.parent; each = each.parent) chain.push(each);
  chain.reverse();
  const hidden = chain.findIndex((each) => !levels.has(each.parent!));
  return hidden < 0 ? chain : chain.slice(0, hidden);
}

function portOf({ ports, boxes }: Level, key: string): number {
  const port = ports.get(key) ?? boxes.length + ports.size;
  ports.set(key, port);
  return port;
}

function addLink(
  { seen, links }: Level,
  added: Omit<LevelLink, 'label'>,
  label: () => string,
  perValue: boolean,
): void {
  const { from, to, value } = added;
  const key = perValue ? `${from}:${to}:${value}` : `${from}:${to}`;
  if (from === to || seen.has(key)) return;
  seen.add(key);
  links.push({ ...added, label: label() });
}
