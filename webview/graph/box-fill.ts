import type { Scene } from '../../src/core/layout/scene.ts';
import type { Overlay } from '../../src/core/overlay.ts';
import { boxFigures } from './box-figures.ts';
import type { Frame } from './frame.ts';
import { categoryLetters, mixedColors, overlayColor, overlayPosition } from './overlay-color.ts';
import type { GraphColors } from './theme.ts';

/** What colours a box: its figure on the overlay's scale, or that it holds several categories. */
export function fillOf(scene: Scene, overlay: Overlay | null, colors: GraphColors): Frame['fill'] {
  if (!overlay) return () => null;
  const { figures, mixed, range } = boxFigures(scene, overlay);
  const ofMixed = { color: mixedColors(colors.theme).ground, position: 0, stripes: mixedColors(colors.theme).stripes };
  const letters = overlay.scale === 'category' ? categoryLetters(overlay.categories ?? []) : [];
  return (box) => {
    if (mixed.has(box)) return ofMixed;
    const color = overlayColor(overlay, figures[box]!, colors.theme, range);
    if (color === null) return null;
    const letter = letters[figures[box]!];
    return letter === undefined
      ? { color, position: overlayPosition(overlay, figures[box]!, range) }
      : { color, position: 0, letter };
  };
}
