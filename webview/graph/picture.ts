/** The graph as a picture in a file: drawn as on screen, with the overlay's legend under it. */
import type { Scene } from '../../src/core/layout/scene.ts';
import type { Overlay } from '../../src/core/overlay.ts';
import { withUnit } from '../../src/core/report/format.ts';
import { boxFigures } from './box-figures.ts';
import { drawFrame } from './draw.ts';
import type { Frame } from './frame.ts';
import { categoryLetters, overlayColor, textOn } from './overlay-color.ts';
import { type Measure, type Pen, svgPen } from './svg-context.ts';
import type { GraphColors } from './theme.ts';

/** What is on screen, without where the window stands: that is the picture's own. */
export type Drawing = Omit<Frame, 'camera' | 'width' | 'height' | 'hovered'> & { readonly overlay: Overlay | null };

const legendHeight = 32;
/** Browsers draw no canvas that is larger. */
const maxPngSide = 16384;

/** The whole scene as an SVG, a pixel of the scene to a pixel. */
export function pictureSvg(drawing: Drawing, measure: Measure): string {
  const { scene } = drawing;
  const [width, height] = [Math.ceil(scene.width), Math.ceil(scene.height)];
  const { pen, text } = svgPen(width, height + legendRoom(drawing), measure);
  const camera = { x: width / 2, y: height / 2, zoom: 1 };
  drawPicture(pen, drawing, { camera, width, height });
  return text();
}

/** The whole scene as a PNG, in as many pixels as a picture may have, at most two a pixel of the scene. */
export function scenePng(drawing: Drawing): Promise<Uint8Array> {
  const { scene } = drawing;
  const room = legendRoom(drawing);
  const zoom = Math.min(2, maxPngSide / scene.width, (maxPngSide - room) / scene.height);
  const [width, height] = [Math.ceil(scene.width * zoom), Math.ceil(scene.height * zoom)];
  return png(drawing, { camera: { x: scene.width / 2, y: scene.height / 2, zoom }, width, height }, 1);
}

/** The part of the scene that is in the window as a PNG, two pixels a pixel of the screen. */
export function windowPng(drawing: Drawing, window: Pick<Frame, 'camera' | 'width' | 'height'>): Promise<Uint8Array> {
  return png(drawing, window, 2);
}

async function png(drawing: Drawing, window: Pick<Frame, 'camera' | 'width' | 'height'>, ratio: number) {
  const height = window.height + legendRoom(drawing);
  const sheet = new OffscreenCanvas(Math.ceil(window.width * ratio), Math.ceil(height * ratio));
  const context = sheet.getContext('2d')!;
  context.scale(ratio, ratio);
  drawPicture(context as unknown as Pen, drawing, window);
  return new Uint8Array(await (await sheet.convertToBlob({ type: 'image/png' })).arrayBuffer());
}

function legendRoom({ overlay }: Drawing): number {
  return overlay ? legendHeight : 0;
}

function drawPicture(pen: Pen, drawing: Drawing, window: Pick<Frame, 'camera' | 'width' | 'height'>): void {
  drawFrame(pen, { ...drawing, ...window, hovered: -1 });
  if (drawing.overlay) drawLegend(pen, drawing.scene, drawing.overlay, drawing.colors, window);
}

/** The overlay's name and scale in a line under the picture. */
function drawLegend(
  pen: Pen,
  scene: Scene,
  overlay: Overlay,
  colors: GraphColors,
  { width, height }: Pick<Frame, 'width' | 'height'>,
): void {
  const { range } = boxFigures(scene, overlay);
  pen.fillStyle = colors.background;
  pen.fillRect(0, height, width, legendHeight);
  let x = 12;
  const write = (text: string, color: string, weight = '') => {
    pen.font = `${weight}12px ${colors.font}`;
    pen.textAlign = 'left';
    pen.fillStyle = color;
    pen.fillText(text, x, height + 20);
    x += pen.measureText(text).width + 10;
  };
  write([overlay.title, overlay.basis, overlay.scale === 'log' && 'log'].filter(Boolean).join(', '), colors.quiet);
  if (overlay.scale === 'category') {
    const letters = categoryLetters(overlay.categories ?? []);
    overlay.categories?.forEach((name, index) => {
      const color = overlayColor(overlay, index, colors.theme, range)!;
      pen.fillStyle = color;
      pen.fillRect(x, height + 8, 16, 16);
      pen.font = `600 10px ${colors.font}`;
      pen.fillStyle = textOn(color);
      pen.fillText(letters[index]!, x + 5, height + 19.5);
      x += 22;
      write(name, colors.text);
    });
    return;
  }
  write(withUnit(range.min, overlay.unit), colors.text);
  const steps = 24;
  for (let step = 0; step < steps; step++) {
    const share = step / (steps - 1);
    const value =
      overlay.scale === 'log'
        ? range.min * (range.max / range.min) ** share
        : range.min + (range.max - range.min) * share;
    pen.fillStyle = overlayColor(overlay, value, colors.theme, range) ?? colors.box;
    pen.fillRect(x + step * 5, height + 11, 5, 10);
  }
  x += steps * 5 + 10;
  write(withUnit(range.max, overlay.unit), colors.text);
}
