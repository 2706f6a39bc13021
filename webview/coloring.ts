import { computed, signal } from '@preact/signals';
import type { Client } from '../src/protocol/rpc.ts';
import type { ViewHostContract, ViewState } from '../src/protocol/webview.ts';
import { translatedOverlay } from './engine-texts.ts';
import { hasTwoScales } from './graph/overlay-color.ts';
import { resource } from './resource.ts';

/**
 * What the graph may be coloured by and what it is. Asks for overlays whenever `question` is another, about the version
 * that `about` gives, and against which its times are compared.
 */
export function createColoring(
  host: Client<ViewHostContract>,
  question: () => string | null,
  about: () => Parameters<ViewHostContract['overlays']>[0],
) {
  const overlayId = signal<string | null>(null);
  const overlays = resource(question, async (_, signal) =>
    (await host.overlays(about(), { signal })).map(translatedOverlay),
  );
  /** Every overlay with its values: the columns of the operator table. */
  const columns = resource(
    () => overlays.value.value,
    (list, signal) =>
      Promise.all(list.map(async ({ id }) => translatedOverlay(await host.overlay({ ...about(), id }, { signal })))),
  );
  const scales = signal<ViewState['scales']>({});
  const overlay = computed(() => {
    const found = columns.value.value?.find(({ id }) => id === overlayId.value) ?? null;
    const scale = scales.value[overlayId.value ?? ''];
    return found && scale && hasTwoScales(found) ? { ...found, scale } : found;
  });
  /** Colours the overlay on view linearly or by its logarithm, whichever it is not. */
  const toggleScale = () => {
    const shown = overlay.value;
    if (!shown || !hasTwoScales(shown)) return;
    scales.value = { ...scales.value, [shown.id]: shown.scale === 'log' ? 'linear' : 'log' };
  };

  /** Colours by the next overlay, or the one before; between the last and the first by nothing. */
  const stepOverlay = (by: 1 | -1) => {
    const ids = [null, ...(overlays.value.value ?? []).map(({ id }) => id)];
    overlayId.value = ids[(Math.max(0, ids.indexOf(overlayId.value)) + by + ids.length) % ids.length]!;
  };

  return { overlayId, overlays, columns, overlay, scales, toggleScale, stepOverlay };
}
