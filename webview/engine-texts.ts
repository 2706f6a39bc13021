import type { Overlay } from '../src/core/overlay.ts';
import { t } from './l10n.ts';

/** Names that the model engine gives, which knows no languages: titles of overlays, kinds of versions. */
const names: Readonly<Record<string, string>> = {
  'Multiply-accumulates': t('Multiply-accumulates'),
  'Bytes moved': t('Bytes moved'),
  Parameters: t('Parameters'),
  'Output memory': t('Output memory'),
  'Live activations': t('Live activations'),
  Precision: t('Precision'),
  Time: t('Time'),
  'Execution provider': t('Execution provider'),
  'Limited by': t('Limited by'),
  'Of the ceiling': t('Of the ceiling'),
  'Signal to noise': t('Signal to noise'),
  'Signal to noise of the error made here': t('Signal to noise of the error made here'),
  'Signal to noise of weights': t('Signal to noise of weights'),
  'from shapes': t('from shapes'),
  estimate: t('estimate'),
  exact: t('exact'),
  'float against quantized': t('float against quantized'),
  Original: t('Original'),
  Simplified: t('Simplified'),
};

/** A name of the engine's in the language of the editor; as it is when it is not one of those known. */
export const engineName = (name: string): string => (Object.hasOwn(names, name) ? names[name]! : name);

/** An overlay with its title and basis in the language of the editor. */
export function translatedOverlay<T extends Pick<Overlay, 'title' | 'basis'>>(overlay: T): T {
  const basis = overlay.basis === undefined ? {} : { basis: engineName(overlay.basis) };
  return { ...overlay, title: engineName(overlay.title), ...basis };
}
