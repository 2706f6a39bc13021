import type { Item } from './hierarchy.ts';

/** Keys of the groups to open: as many as leave no more boxes on view than a window holds, outer groups first. */
export function autoOpen(root: Item, maxBoxes = 60): Set<string> {
  const open = new Set<string>();
  let boxes = root.children.length;
  let level = root.children.filter(({ kind }) => kind === 'group');
  while (level.length > 0) {
    const next: Item[] = [];
    // Small groups first: opening them tells most for the room they take.
    for (const group of level.toSorted((a, b) => a.children.length - b.children.length)) {
      // A view of a few closed boxes tells nothing: then even a large group is opened.
      const limit = boxes < maxBoxes / 6 && !group.isFan ? 4 * maxBoxes : maxBoxes;
      if (boxes + group.children.length > limit) continue;
      open.add(group.key);
      boxes += group.children.length;
      next.push(...group.children.filter(({ kind }) => kind === 'group'));
    }
    level = next;
  }
  return open;
}

/** Keys of all groups. */
export function allGroups(root: Item): Set<string> {
  const keys = new Set<string>();
  const work = [root];
  while (work.length > 0) {
    const item = work.pop()!;
    if (item.kind !== 'group') continue;
    keys.add(item.key);
    work.push(...item.children);
  }
  return keys;
}
