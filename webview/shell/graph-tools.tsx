import { t } from '../l10n.ts';
import type { State } from '../state.ts';
import { IconButton } from '../widgets/button.tsx';
import { Icon } from '../widgets/icon.tsx';

const zoomStep = 1.25;
export const pictureMenuId = 'picture-menu';

/** Over the graph's upper corner: buttons to zoom, fit, open, and save a picture. */
export function GraphTools({ state }: { readonly state: State }) {
  const { overviewShown } = state;
  const { handle, open, toggleAll } = state.pane;
  return (
    <div class="graph-corner tool-corner" role="toolbar" aria-label={t('Graph')}>
      <IconButton icon="zoom-in" label={t('Zoom in (+)')} onClick={() => handle.value?.zoomBy(zoomStep)} />
      <IconButton icon="zoom-out" label={t('Zoom out (−)')} onClick={() => handle.value?.zoomBy(1 / zoomStep)} />
      <IconButton
        icon="screen-full"
        label={t('Fit the graph into the window (F)')}
        onClick={() => handle.value?.fit()}
      />
      <IconButton
        icon={open.value === 'all' ? 'collapse-all' : 'expand-all'}
        label={open.value === 'all' ? t('Close groups (E)') : t('Open all groups (E)')}
        onClick={toggleAll}
      />
      <IconButton
        icon={overviewShown.value ? 'map-filled' : 'map'}
        label={overviewShown.value ? t('Hide the overview (O)') : t('Show the overview (O)')}
        onClick={() => {
          overviewShown.value = !overviewShown.value;
        }}
      />
      <SavePicture state={state} />
    </div>
  );
}

/** The graph as a picture, in a file that the user chooses. */
function SavePicture({ state }: { readonly state: State }) {
  const { handle } = state.pane;
  const name = state.document.value!.name.replace(/\.onnx$/, '');
  const save = async (extension: 'svg' | 'png', part: 'scene' | 'window' = 'scene') => {
    document.getElementById(pictureMenuId)?.hidePopover();
    if (!handle.value) return;
    const content = extension === 'svg' ? handle.value.toSvg() : await handle.value.toPng(part);
    await state.host.saveFile({ name: `${name}.${extension}`, content });
  };
  return (
    <>
      <button
        type="button"
        class="icon-button"
        id="picture-button"
        popovertarget={pictureMenuId}
        title={t('Save as picture (S)')}
        aria-label={t('Save as picture (S)')}
      >
        <Icon name="device-camera" />
      </button>
      <div id={pictureMenuId} class="menu" popover="auto">
        <button type="button" onClick={() => void save('svg')}>
          {t('Save as SVG…')}
        </button>
        <button type="button" onClick={() => void save('png')}>
          {t('Save as PNG…')}
        </button>
        <button type="button" onClick={() => void save('png', 'window')}>
          {t('Save what is in the window as PNG…')}
        </button>
      </div>
    </>
  );
}
