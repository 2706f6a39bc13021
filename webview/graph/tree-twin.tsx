import type { ReadonlySignal } from '@preact/signals';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import type { Scene } from '../../src/core/layout/scene.ts';
import { plural, t } from '../l10n.ts';
import { edgesOfValue, edgeText } from './edge-at.ts';
import { treeRows } from './tree-rows.ts';
import { boxName, edgesOf, frameAround } from './walk.ts';

interface TreeTwinProps {
  readonly scene: ReadonlySignal<Scene | null>;
  /** Key of the box that the selection is on. */
  readonly focused: ReadonlySignal<string | null>;
  /** Name of the value that is followed. */
  readonly followed: ReadonlySignal<string | null>;
  readonly label: string;
  /** Selects the box with this key and brings it into the window. */
  readonly onChoose: (key: string) => void;
  readonly onToggleGroup: (key: string) => void;
}

/** So many boxes around the selection are in the page at a time; the operator table has all nodes. */
const around = 40;

/**
 * The boxes as a tree for screen readers and keys, frames around what they hold, and a line that says what is selected.
 * Not seen until the tree has the focus.
 */
export function TreeTwin({ scene, focused, followed, label, onChoose, onToggleGroup }: TreeTwinProps) {
  const id = useId();
  const tree = useRef<HTMLDivElement>(null);
  const shown = scene.value;
  const rows = shown ? treeRows(shown) : [];
  const current = shown?.nodes.key.indexOf(focused.value ?? '') ?? -1;
  const at = rows.findIndex(({ box }) => box === current);
  useLayoutEffect(
    () => tree.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' }),
    [at],
  );
  if (!shown) return null;
  const { kind, key } = shown.nodes;
  const first = Math.max(0, Math.min(Math.max(0, at) - around / 2, rows.length - around));
  const isGroup = (box: number) => kind[box] === 'group' || kind[box] === 'frame';
  const press = (event: KeyboardEvent) => {
    const toggles =
      isGroup(current) &&
      (event.key === 'Enter' || event.key === (kind[current] === 'group' ? 'ArrowRight' : 'ArrowLeft'));
    const next = {
      ArrowDown: rows[at + 1]?.box,
      ArrowUp: rows[at - 1]?.box,
      ArrowRight: kind[current] === 'frame' ? rows[at + 1]?.box : undefined,
      ArrowLeft: frameAround(shown, current),
      Home: rows[0]?.box,
      End: rows.at(-1)?.box,
    }[event.key];
    if (toggles) onToggleGroup(key[current]!);
    else if (next !== undefined && next >= 0) onChoose(key[next]!);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <>
      <div class="unseen">
        <p aria-live="polite">{saidOf(shown, current, followed.value)}</p>
      </div>
      <div
        ref={tree}
        class="tree-twin"
        role="tree"
        tabIndex={0}
        aria-label={plural(shown.nodes.count, '{1}, {0} box', '{1}, {0} boxes', label)}
        aria-activedescendant={at < 0 ? undefined : `${id}-${current}`}
        onKeyDown={press}
      >
        {rows.slice(first, first + around).map(({ box, level, position, siblings }) => (
          // biome-ignore lint/a11y/useFocusableInteractive lint/a11y/useKeyWithClickEvents: the tree has the focus and takes the keys
          <div
            key={key[box]}
            id={`${id}-${box}`}
            role="treeitem"
            style={{ '--level': level - 1 }}
            aria-level={level}
            aria-posinset={position}
            aria-setsize={siblings}
            aria-selected={box === current}
            aria-expanded={isGroup(box) ? kind[box] === 'frame' : undefined}
            onClick={() => onChoose(key[box]!)}
          >
            {boxName(shown, box)}
          </div>
        ))}
      </div>
    </>
  );
}

/** The selection in words, and the value that is followed from it. */
function saidOf(scene: Scene, box: number, followed: string | null): string {
  if (box < 0) return '';
  const edges = edgesOfValue(scene, followed);
  const edge = edgesOf(scene, box).find((each) => edges.has(each));
  const selected = t('Selected: {0}', boxName(scene, box));
  return edge === undefined ? selected : t('{0}. Follows {1}', selected, edgeText(scene, edge));
}
