import { type ReadonlySignal, useComputed } from '@preact/signals';
import type { NodeId } from '../../src/core/graph/model.ts';
import type { Scene } from '../../src/core/layout/scene.ts';
import { plural, t } from '../l10n.ts';
import { boxName } from './walk.ts';

interface TreeTwinProps {
  readonly scene: ReadonlySignal<Scene | null>;
  /** Key of the box that the selection is on. */
  readonly focused: ReadonlySignal<string | null>;
  readonly label: string;
  readonly onSelect: (id: NodeId | null) => void;
  readonly onToggleGroup: (key: string) => void;
}

/** So many boxes around the selection are in the page at a time; the operator table has all nodes. */
const around = 40;

/** The same boxes as a list that screen readers can walk, and a line that says what is selected. Not seen. */
export function TreeTwin({ scene, focused, label, onSelect, onToggleGroup }: TreeTwinProps) {
  const rows = useComputed(() => {
    const shown = scene.value;
    if (!shown) return [];
    const box = Math.max(0, shown.nodes.key.indexOf(focused.value ?? ''));
    const first = Math.max(0, Math.min(box - around / 2, shown.nodes.count - around));
    return Array.from({ length: Math.min(around, shown.nodes.count - first) }, (_, index) => first + index);
  });
  const shown = scene.value;
  if (!shown) return null;
  const current = shown.nodes.key.indexOf(focused.value ?? '');
  const choose = (box: number) => {
    const id = shown.nodes.id[box]!;
    if (id >= 0) onSelect(id as NodeId);
    else if (shown.nodes.kind[box] === 'group' || shown.nodes.kind[box] === 'frame')
      onToggleGroup(shown.nodes.key[box]!);
  };
  return (
    <div class="unseen">
      <p aria-live="polite">{current >= 0 ? t('Selected: {0}', boxName(shown, current)) : ''}</p>
      <div role="tree" tabIndex={-1} aria-label={plural(shown.nodes.count, '{1}, {0} box', '{1}, {0} boxes', label)}>
        {rows.value.map((box) => (
          <div
            key={shown.nodes.key[box]}
            role="treeitem"
            tabIndex={-1}
            aria-selected={box === current}
            aria-expanded={
              shown.nodes.kind[box] === 'frame' ? true : shown.nodes.kind[box] === 'group' ? false : undefined
            }
            aria-setsize={shown.nodes.count}
            aria-posinset={box + 1}
            onClick={() => choose(box)}
            onKeyDown={(event) => event.key === 'Enter' && choose(box)}
          >
            {boxName(shown, box)}
          </div>
        ))}
      </div>
    </div>
  );
}
