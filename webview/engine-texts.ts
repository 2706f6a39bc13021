import { engineTranslator } from '../src/core/english.ts';
import type { Overlay } from '../src/core/overlay.ts';
import { bundle } from './l10n.ts';

/** A text of the engine's in the language of the editor; as it is when it is not one of those known. */
export const engineText = engineTranslator(bundle);

/** An overlay with its title, basis and categories in the language of the editor. */
export function translatedOverlay<T extends Pick<Overlay, 'title' | 'basis' | 'categories'>>(overlay: T): T {
  const basis = overlay.basis === undefined ? {} : { basis: engineText(overlay.basis) };
  const categories = overlay.categories === undefined ? {} : { categories: overlay.categories.map(engineText) };
  return { ...overlay, title: engineText(overlay.title), ...basis, ...categories };
}
