import { escape as escaped } from 'html-escaper';
import { labelFontSize } from './edge-labels.ts';
import { operatorCategories, type Scene } from './scene.ts';

/** Text as it stands in an SVG, in an element or an attribute. */
export const escapeXml = (text: string): string => escaped(text);

/** Colours of a picture; the view passes those of the theme on screen. */
export interface SvgColors {
  readonly background: string;
  readonly box: string;
  readonly frame: string;
  readonly border: string;
  readonly text: string;
  readonly quiet: string;
  readonly edge: string;
  /** By index into `operatorCategories`. */
  readonly categories: readonly string[];
}

/** Quiet colours on white, told apart also without red and green. */
export const printColors: SvgColors = {
  background: '#ffffff',
  box: '#ffffff',
  frame: '#f6f8fa',
  border: '#c4ccd4',
  text: '#1f2328',
  quiet: '#59636e',
  edge: '#8c959f',
  categories: [
    '#8c959f',
    '#0969da',
    '#bf8700',
    '#1b7c83',
    '#8250df',
    '#6e7781',
    '#4d8b31',
    '#a0522d',
    '#cf222e',
    '#bf3989',
    '#afb8c1',
  ],
};

const stubLength = 18;

/**
 * A scene as a stand-alone SVG. `fills` gives the fill of a box by its index, for overlays; null leaves it plain.
 */
export function sceneToSvg(
  scene: Scene,
  colors: SvgColors = printColors,
  fills: (box: number) => string | null = () => null,
): string {
  const { nodes, edges } = scene;
  const width = Math.ceil(scene.width);
  const height = Math.ceil(scene.height);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="${colors.background}"/>`,
  ];
  const frames: string[] = [];
  const boxes: string[] = [];
  for (let box = 0; box < nodes.count; box++)
    (nodes.kind[box] === 'frame' ? frames : boxes).push(drawBox(scene, box, colors, fills(box)));
  parts.push(...frames);
  for (let edge = 0; edge < edges.count; edge++) parts.push(drawEdge(scene, edge, colors));
  parts.push(...boxes, ...edgeLabels(scene, colors), '</svg>');
  return parts.join('\n');
}

function drawBox({ nodes }: Scene, box: number, colors: SvgColors, fill: string | null): string {
  const [x, y, width, height] = [nodes.x[box]!, nodes.y[box]!, nodes.width[box]!, nodes.height[box]!].map(short) as [
    number,
    number,
    number,
    number,
  ];
  const kind = nodes.kind[box]!;
  const label = escapeXml(nodes.label[box]!);
  const detail = nodes.detail[box]
    ? ` <tspan fill="${colors.quiet}" font-weight="400">${escapeXml(nodes.detail[box]!)}</tspan>`
    : '';
  if (kind === 'frame') {
    return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="4" fill="${colors.frame}" stroke="${colors.border}"/><text x="${x + 12}" y="${y + 20}" fill="${colors.quiet}">${label}</text>`;
  }
  const round = kind === 'input' || kind === 'output' ? 14 : 3;
  const stack =
    kind === 'group'
      ? `<rect x="${x + 4}" y="${y + 4}" width="${width}" height="${height}" rx="3" fill="${colors.box}" stroke="${colors.border}"/>`
      : '';
  const edge =
    kind === 'node'
      ? `<rect x="${x}" y="${y}" width="4" height="${height}" fill="${colors.categories[nodes.category[box]!] ?? colors.categories[operatorCategories.indexOf('other')]}"/>`
      : '';
  const lines = nodes.constants[box]!.map(
    (line, index) =>
      `<text x="${x + 14}" y="${y + 38 + index * 14}" fill="${colors.quiet}" font-size="10.5">${escapeXml(line)}</text>`,
  );
  return `${stack}<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${round}" fill="${fill ?? colors.box}" stroke="${colors.border}"/>${edge}<text x="${x + 14}" y="${y + 19}" fill="${colors.text}" font-weight="600">${label}${detail}</text>${lines.join('')}`;
}

function drawEdge({ edges }: Scene, edge: number, colors: SvgColors): string {
  const points = edges.points.subarray(edges.offsets[edge]!, edges.offsets[edge + 1]!);
  const at = (index: number) => [short(points.at(index * 2)!), short(points.at(index * 2 + 1)!)] as const;
  const [startX, startY] = at(0);
  const [endX, endY] = at(points.length / 2 - 1);
  if (edges.kind[edge] === 'stub') {
    return `<path d="M${startX} ${startY}v${stubLength}M${endX} ${endY - stubLength}v${stubLength}" fill="none" stroke="${colors.edge}" stroke-dasharray="2 2"/>`;
  }
  return `<path d="${edgePath(points)}" fill="none" stroke="${colors.edge}"/><path d="M${endX - 3} ${endY - 6}L${endX} ${endY}L${endX + 3} ${endY - 6}" fill="none" stroke="${colors.edge}"/>`;
}

function edgeLabels({ labels }: Scene, colors: SvgColors): string[] {
  return labels.text.map(
    (text, label) =>
      `<text x="${short(labels.x[label]!)}" y="${short(labels.y[label]!)}" font-size="${labelFontSize}" fill="${colors.quiet}" stroke="${colors.background}" stroke-width="3" paint-order="stroke">${escapeXml(text)}</text>`,
  );
}

/** The corners of an edge as a smooth path: straight where it can be, bent vertically at both ends of every slope. */
export function edgePath(points: ArrayLike<number>): string {
  let path = `M${short(points[0]!)} ${short(points[1]!)}`;
  for (let index = 2; index < points.length; index += 2) {
    const [x0, y0, x1, y1] = [points[index - 2]!, points[index - 1]!, points[index]!, points[index + 1]!];
    const middle = short((y0 + y1) / 2);
    path +=
      Math.abs(x0 - x1) < 0.5
        ? `V${short(y1)}`
        : `C${short(x0)} ${middle} ${short(x1)} ${middle} ${short(x1)} ${short(y1)}`;
  }
  return path;
}

/** Tenths of a pixel are enough. */
function short(value: number): number {
  return Math.round(value * 10) / 10;
}
