/**
 * Colours of overlays, shared by the graph, the legend and the tables. Ramps change in lightness all the way, so they
 * read without colour vision too; in light themes more is darker, in dark themes more is lighter.
 */
import type { Overlay } from '../../src/core/overlay.ts';

export type Theme = 'light' | 'dark' | 'high-contrast' | 'high-contrast-light';

/** The range of an overlay's figures, over the nodes and boxes that have one. */
export interface OverlayRange {
  readonly min: number;
  readonly max: number;
}

/**
 * The range of an overlay; for a log scale that of the figures above zero, at most six decades. `boxes` are the figures
 * of what is on view: a closed group may hold more than any single node.
 */
export function overlayRange({ values, scale }: Overlay, boxes: Iterable<number> = []): OverlayRange {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const figures of [values, boxes]) {
    for (const value of figures) {
      if (Number.isNaN(value) || (scale === 'log' && value <= 0)) continue;
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  if (min > max) return { min: 0, max: 0 };
  if (scale === 'log') return { min: Math.max(min, max / 1e6), max };
  if (scale === 'diverging') {
    const far = Math.max(Math.abs(min), Math.abs(max));
    return { min: -far, max: far };
  }
  return { min: scale === 'inverse' ? min : Math.min(0, min), max };
}

/** Whether an overlay can be coloured linearly and by its logarithm. */
export function hasTwoScales({ scale, values }: Overlay): boolean {
  return scale === 'log' || (scale === 'linear' && values.some((value) => value > 0));
}

/** Where a figure stands on the overlay's scale, 0 to 1; NaN without data. */
export function overlayPosition({ scale }: Overlay, value: number, { min, max }: OverlayRange): number {
  if (Number.isNaN(value)) return Number.NaN;
  if (max <= min) return 0;
  if (scale === 'log') return value <= min ? 0 : Math.min(1, Math.log(value / min) / Math.log(max / min));
  const position = Math.min(1, Math.max(0, (value - min) / (max - min)));
  return scale === 'inverse' ? 1 - position : position;
}

type Rgb = readonly [number, number, number];

const ramps: Readonly<Record<'light' | 'dark', readonly Rgb[]>> = {
  light: [
    [255, 250, 240],
    [253, 224, 170],
    [245, 174, 92],
    [214, 109, 40],
    [138, 50, 12],
  ],
  dark: [
    [44, 40, 38],
    [92, 58, 30],
    [158, 88, 28],
    [224, 142, 56],
    [255, 224, 150],
  ],
};

const diverging: Readonly<Record<'light' | 'dark', readonly Rgb[]>> = {
  light: [
    [33, 102, 172],
    [146, 190, 222],
    [247, 247, 247],
    [244, 178, 120],
    [179, 88, 6],
  ],
  dark: [
    [110, 176, 235],
    [52, 96, 140],
    [44, 44, 44],
    [150, 86, 26],
    [240, 160, 70],
  ],
};

/** Colours of Okabe and Ito (2008), told apart with every common kind of colour vision. */
const categorical = ['#56b4e9', '#e69f00', '#009e73', '#cc79a7', '#f0e442', '#d55e00', '#0072b2', '#999999'];

/** The colour for a figure as CSS text; null without data. */
export function overlayColor(overlay: Overlay, value: number, theme: Theme, range: OverlayRange): string | null {
  if (Number.isNaN(value)) return null;
  if (overlay.scale === 'category') return categorical[value % categorical.length]!;
  const tone = isDark(theme) ? 'dark' : 'light';
  return rampColor((overlay.scale === 'diverging' ? diverging : ramps)[tone], overlayPosition(overlay, value, range));
}

/** A letter for every category, the cue that is not colour: the first of its name that no category before it has. */
export function categoryLetters(categories: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return categories.map((name, index) => {
    const letters = [...name.toUpperCase().replaceAll(/[^\p{L}\p{N}]/gu, '')];
    const letter = letters.find((each) => !taken.has(each)) ?? String(index + 1);
    taken.add(letter);
    return letter;
  });
}

/** Ground and stripes of a group whose members are of several categories. */
export function mixedColors(theme: Theme): { readonly ground: string; readonly stripes: string } {
  return isDark(theme) ? { ground: '#3c4147', stripes: '#5f666e' } : { ground: '#eceef0', stripes: '#c2c8ce' };
}

/** Black or white, whichever reads better on a colour that `overlayColor` gave. */
export function textOn(color: string): string {
  const [red, green, blue] = color.startsWith('#') ? hex(color) : (color.match(/\d+/g)!.map(Number) as unknown as Rgb);
  return 0.299 * red + 0.587 * green + 0.114 * blue > 140 ? '#000000' : '#ffffff';
}

export function isDark(theme: Theme): boolean {
  return theme === 'dark' || theme === 'high-contrast';
}

function rampColor(stops: readonly Rgb[], position: number): string {
  const place = position * (stops.length - 1);
  const below = Math.min(stops.length - 2, Math.floor(place));
  const mix = (channel: 0 | 1 | 2) =>
    Math.round(stops[below]![channel] + (stops[below + 1]![channel] - stops[below]![channel]) * (place - below));
  return `rgb(${mix(0)}, ${mix(1)}, ${mix(2)})`;
}

function hex(color: string): Rgb {
  return [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16)) as unknown as Rgb;
}
