import { useComputed } from '@preact/signals';
import { frameAround } from '../graph/walk.ts';
import type { GraphPane } from '../graph-pane.ts';
import { t } from '../l10n.ts';
import { Icon } from '../widgets/icon.tsx';

/** The open groups around the selection, outermost first; one that is pressed is selected. Nothing outside of groups. */
export function Breadcrumbs({ pane }: { readonly pane: GraphPane }) {
  const path = useComputed(() => {
    const scene = pane.scene.value.value;
    const box = scene?.nodes.key.indexOf(pane.focused.value ?? '') ?? -1;
    if (!scene || box < 0) return [];
    const boxes: number[] = [];
    for (let each = box; each >= 0; each = frameAround(scene, each)) boxes.unshift(each);
    return boxes.map((each) => ({ key: scene.nodes.key[each]!, label: scene.nodes.label[each]! }));
  });
  const last = path.value.length - 1;
  if (last < 1) return null;
  return (
    <nav class="versions graph-corner path-corner" aria-label={t('Groups around the selection')}>
      <ol>
        {path.value.map(({ key, label }, index) => (
          <li key={key}>
            {index > 0 && <Icon name="chevron-right" />}
            <button
              type="button"
              aria-current={index === last ? 'location' : undefined}
              onClick={() => pane.handle.value?.selectBox(key)}
            >
              {label}
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}
