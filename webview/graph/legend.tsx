import type { ReadonlySignal } from '@preact/signals';
import type { Scene } from '../../src/core/layout/scene.ts';
import type { Overlay } from '../../src/core/overlay.ts';
import { withUnit } from '../../src/core/report/format.ts';
import { t } from '../l10n.ts';
import { boxFigures } from './box-figures.ts';
import { categoryLetters, hasTwoScales, mixedColors, overlayColor, type Theme, textOn } from './overlay-color.ts';
import { useColors } from './theme.ts';

/** The scale that the scene is coloured on: title, colours with their figures, what stands behind them. Draws nothing without an overlay. */
export function Legend({
  overlay,
  scene,
  onToggleScale,
}: {
  readonly overlay: ReadonlySignal<Overlay | null>;
  readonly scene: ReadonlySignal<Scene | null>;
  readonly onToggleScale: () => void;
}) {
  const { theme } = useColors();
  const shown = overlay.value;
  if (!shown) return null;
  const { range, mixed } = boxFigures(scene.value, shown);
  const title = shown.basis ? t('{0}, {1}', shown.title, shown.basis) : shown.title;
  if (shown.scale === 'category') {
    const letters = categoryLetters(shown.categories ?? []);
    return (
      <div class="graph-legend" role="img" aria-label={title}>
        <span class="graph-legend-title">{title}</span>
        {shown.categories?.map((name, index) => (
          <span key={name} class="graph-legend-entry">
            <span class="graph-legend-swatch" style={swatchOf(overlayColor(shown, index, theme, range))}>
              {letters[index]}
            </span>
            {name}
          </span>
        ))}
        {mixed.size > 0 && (
          <span class="graph-legend-entry">
            <span class="graph-legend-swatch" style={{ background: stripesOf(theme) }} />
            {t('mixed')}
          </span>
        )}
      </div>
    );
  }
  const stops = Array.from({ length: 9 }, (_, index) => {
    const share = index / 8;
    const value =
      shown.scale === 'log'
        ? range.min * (range.max / range.min) ** share
        : range.min + (range.max - range.min) * share;
    return overlayColor(shown, value, theme, range);
  });
  const ends = [withUnit(range.min, shown.unit), withUnit(range.max, shown.unit)] as const;
  return (
    <div class="graph-legend">
      <span class="graph-legend-title">{title}</span>
      {hasTwoScales(shown) && (
        <button type="button" class="link" title={t('Linear or logarithmic (L)')} onClick={onToggleScale}>
          {shown.scale === 'log' ? t('log') : t('linear')}
        </button>
      )}
      <span class="graph-legend-scale" role="img" aria-label={t('{0}: {1} to {2}', title, ...ends)}>
        <span>{ends[0]}</span>
        <span class="graph-legend-ramp" style={{ background: `linear-gradient(to right, ${stops.join(', ')})` }} />
        <span>{ends[1]}</span>
      </span>
    </div>
  );
}

function swatchOf(color: string | null) {
  return color === null ? {} : { background: color, color: textOn(color) };
}

/** The stripes of mixed groups, as CSS. */
function stripesOf(theme: Theme): string {
  const { ground, stripes } = mixedColors(theme);
  return `repeating-linear-gradient(135deg, ${ground} 0 2px, ${stripes} 2px 4px)`;
}
