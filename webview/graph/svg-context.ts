import { escapeXml } from '../../src/core/layout/svg.ts';

/** The part of a canvas that `drawFrame` and `drawLegend` draw with: a canvas has it, and so has an SVG. */
export type Pen = Pick<
  CanvasRenderingContext2D,
  | 'fillStyle'
  | 'strokeStyle'
  | 'lineWidth'
  | 'font'
  | 'textAlign'
  | 'save'
  | 'restore'
  | 'translate'
  | 'scale'
  | 'beginPath'
  | 'moveTo'
  | 'lineTo'
  | 'bezierCurveTo'
  | 'rect'
  | 'roundRect'
  | 'fill'
  | 'stroke'
  | 'fillRect'
  | 'fillText'
  | 'strokeText'
  | 'clip'
  | 'setLineDash'
> & { measureText(text: string): { readonly width: number } };

/** Width of a text in a CSS font, in pixels. */
export type Measure = (text: string, font: string) => number;

/** A pen whose lines and texts become an SVG of this size, in pixels. */
export function svgPen(
  width: number,
  height: number,
  measure: Measure,
): { readonly pen: Pen; readonly text: () => string } {
  const parts: string[] = [];
  let path = '';
  let dash: readonly number[] = [];
  let clips = 0;
  /** How many groups to close at `restore`, and what was in force at `save`. */
  const saved: { opened: number; pen: Partial<Pen>; dash: readonly number[] }[] = [];
  let opened = 0;
  const open = (attributes: string) => {
    parts.push(`<g ${attributes}>`);
    opened++;
  };
  const stroke = () =>
    ` stroke="${quoted(pen.strokeStyle)}" stroke-width="${short(pen.lineWidth)}"${dash.length > 0 ? ` stroke-dasharray="${dash.join(' ')}"` : ''}`;
  const write = (text: string, x: number, y: number, paint: string) => {
    const anchor = pen.textAlign === 'right' ? ' text-anchor="end"' : '';
    parts.push(
      `<text x="${short(x)}" y="${short(y)}" style="font:${quoted(pen.font)}"${anchor}${paint}>${escapeXml(text)}</text>`,
    );
  };
  const rectangle = (x: number, y: number, wide: number, high: number, radius: number) => {
    const r = Math.min(radius, wide / 2, high / 2);
    path +=
      r > 0
        ? `M${short(x + r)} ${short(y)}h${short(wide - 2 * r)}a${r} ${r} 0 0 1 ${r} ${r}v${short(high - 2 * r)}a${r} ${r} 0 0 1 ${-r} ${r}h${short(2 * r - wide)}a${r} ${r} 0 0 1 ${-r} ${-r}v${short(2 * r - high)}a${r} ${r} 0 0 1 ${r} ${-r}z`
        : `M${short(x)} ${short(y)}h${short(wide)}v${short(high)}h${short(-wide)}z`;
  };
  const pen: Pen = {
    fillStyle: '#000000',
    strokeStyle: '#000000',
    lineWidth: 1,
    font: '10px sans-serif',
    textAlign: 'left',
    save: () => {
      const { fillStyle, strokeStyle, lineWidth, font, textAlign } = pen;
      saved.push({ opened, pen: { fillStyle, strokeStyle, lineWidth, font, textAlign }, dash });
      opened = 0;
    },
    restore: () => {
      const before = saved.pop();
      if (!before) return;
      parts.push('</g>'.repeat(opened));
      opened = before.opened;
      dash = before.dash;
      Object.assign(pen, before.pen);
    },
    translate: (x, y) => open(`transform="translate(${short(x)} ${short(y)})"`),
    scale: (x, y) => open(`transform="scale(${x} ${y})"`),
    beginPath: () => {
      path = '';
    },
    moveTo: (x, y) => {
      path += `M${short(x)} ${short(y)}`;
    },
    lineTo: (x, y) => {
      path += `L${short(x)} ${short(y)}`;
    },
    bezierCurveTo: (x1, y1, x2, y2, x, y) => {
      path += `C${short(x1)} ${short(y1)} ${short(x2)} ${short(y2)} ${short(x)} ${short(y)}`;
    },
    rect: (x, y, wide, high) => rectangle(x, y, wide, high, 0),
    roundRect: (x, y, wide, high, radius) => rectangle(x, y, wide, high, typeof radius === 'number' ? radius : 0),
    fill: () => {
      if (path !== '') parts.push(`<path d="${path}" fill="${quoted(pen.fillStyle)}"/>`);
    },
    stroke: () => {
      if (path !== '') parts.push(`<path d="${path}" fill="none"${stroke()}/>`);
    },
    fillRect: (x, y, wide, high) => {
      parts.push(
        `<rect x="${short(x)}" y="${short(y)}" width="${short(wide)}" height="${short(high)}" fill="${quoted(pen.fillStyle)}"/>`,
      );
    },
    fillText: (text, x, y) => write(text, x, y, ` fill="${quoted(pen.fillStyle)}"`),
    strokeText: (text, x, y) => write(text, x, y, ` fill="none"${stroke()}`),
    clip: () => {
      parts.push(`<clipPath id="clip${++clips}"><path d="${path}"/></clipPath>`);
      open(`clip-path="url(#clip${clips})"`);
    },
    setLineDash: (next) => {
      dash = [...next];
    },
    measureText: (text) => ({ width: measure(text, pen.font) }),
  };
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`;
  return { pen, text: () => `${head}${parts.join('')}</svg>` };
}

function quoted(style: unknown): string {
  return escapeXml(String(style)).replaceAll('\n', ' ');
}

/** Tenths of a pixel are enough. */
function short(value: number): number {
  return Math.round(value * 10) / 10;
}
