import { beforeAll, expect, test } from 'vitest';
import { Draft } from '../../../src/core/graph/draft.ts';
import type { NodeId } from '../../../src/core/graph/model.ts';
import { layoutGraph } from '../../../src/core/layout/layout-graph.ts';
import type { Scene } from '../../../src/core/layout/scene.ts';
import { printColors } from '../../../src/core/layout/svg.ts';
import type { Overlay } from '../../../src/core/overlay.ts';
import { createFacts } from '../../../src/core/shapes/infer.ts';
import { openModel } from '../../../src/worker/open-model.ts';
import { drawFrame } from '../../../webview/graph/draw.ts';
import { sceneBounds } from '../../../webview/graph/frame.ts';
import { type Drawing, pictureSvg } from '../../../webview/graph/picture.ts';
import { svgPen } from '../../../webview/graph/svg-context.ts';
import type { GraphColors } from '../../../webview/graph/theme.ts';
import { sampleModels } from '../../corpus.ts';

let scene: Scene;
beforeAll(async () => {
  const opened = await openModel(sampleModels[0]!);
  const draft = new Draft(opened.model);
  scene = layoutGraph({ main: draft.main, facts: createFacts(draft), open: 'all' });
  await opened.close();
});

const colors: GraphColors = {
  ...printColors,
  theme: 'dark',
  selection: '#111111',
  hit: '#222222',
  hover: '#333333',
  added: '#444444',
  removed: '#555555',
  changed: '#666666',
  font: 'sans-serif',
};
const measure = (text: string) => text.length * 7;
const drawing = (change: Partial<Drawing> = {}): Drawing => ({
  scene,
  bounds: sceneBounds(scene),
  colors,
  fill: () => null,
  selected: -1,
  hits: new Set(),
  marks: new Map(),
  followed: new Set(),
  overlay: null,
  ...change,
});
const firstNode = () => scene.nodes.kind.indexOf('node');
const overlay = (change: Partial<Overlay>): Overlay => ({
  id: 'time',
  title: 'Time',
  unit: 'ms',
  scale: 'linear',
  values: Float32Array.from(scene.nodes.id as unknown as NodeId[], () => 2),
  ...change,
});

test('holds every box by its label, and the shapes on lines', () => {
  const svg = pictureSvg(drawing(), measure);
  for (const label of new Set(scene.nodes.label.filter((_, box) => scene.nodes.kind[box] === 'node')))
    expect(svg).toContain(`>${label}<`);
  expect(scene.edges.label.some((label) => label !== '' && svg.includes(`>${label}<`))).toBe(true);
  expect(svg.match(/<g /g)?.length).toBe(svg.match(/<\/g>/g)?.length);
});

test('text is dark on a light fill and light on a dark one, whatever the theme', () => {
  const box = firstNode();
  const label = scene.nodes.label[box]!;
  for (const [color, ink] of [
    ['#ffe096', '#000000'],
    ['#2c2826', '#ffffff'],
  ] as const) {
    const svg = pictureSvg(drawing({ fill: (each) => (each === box ? { color, position: 0.5 } : null) }), measure);
    expect(svg).toContain(`fill="${color}"`);
    expect(svg).toMatch(new RegExp(`fill="${ink}">${label}<`));
    // The bar that tells the figure without colour.
    expect(svg).toMatch(new RegExp(`height="2" fill="${ink}"`));
  }
});

test('marks, hits, stripes and letters are in it', () => {
  const box = firstNode();
  const svg = pictureSvg(
    drawing({
      marks: new Map([[box, 'removed']]),
      hits: new Set([box + 1]),
      fill: (each) =>
        each === box
          ? { color: '#3c4147', position: 0, stripes: '#5f666e' }
          : { color: '#56b4e9', position: 0, letter: 'Q' },
    }),
    measure,
  );
  expect(svg).toMatch(/stroke="#555555" stroke-width="2" stroke-dasharray="4 3"/);
  expect(svg).toContain('stroke="#222222"');
  expect(svg).toContain('stroke="#5f666e"');
  expect(svg).toContain('clip-path="url(#clip1)"');
  expect(svg).toContain('>Q</text>');
});

/** What a window shows, with the scene's point `x`, 200 in its middle. */
const windowSvg = (zoom: number, x: number, change: Partial<Drawing> = {}) => {
  const { pen, text } = svgPen(800, 400, measure);
  drawFrame(pen, { ...drawing(change), camera: { x, y: 200, zoom }, width: 800, height: 400, hovered: -1 });
  return text();
};

test('categories have their letters from far off, until boxes are too small for any', () => {
  const fill = () => ({ color: '#56b4e9', position: 0, letter: 'Q' });
  expect(windowSvg(0.2, 0, { fill })).toContain('>Q</text>');
  expect(windowSvg(0.05, 0, { fill })).not.toContain('>Q</text>');
  const mixed = () => ({ color: '#3c4147', position: 0, stripes: '#5f666e' });
  expect(windowSvg(0.2, 0, { fill: mixed })).toContain('fill="#5f666e"');
});

test('a frame that begins left of the window has its name in it', () => {
  const frame = scene.nodes.kind.indexOf('frame');
  const title = `>− ${scene.nodes.label[frame]}</text>`;
  const placeOf = (svg: string) => Number(/<text x="([\d.-]+)"[^>]*$/.exec(svg.slice(0, svg.indexOf(title)))![1]);
  const [left, right] = [scene.nodes.x[frame]!, scene.nodes.x[frame]! + scene.nodes.width[frame]!];
  // The window is as wide as 800 pixels of the scene; at first all of the frame is in it.
  expect(placeOf(windowSvg(1, left + 300))).toBeCloseTo(left + 12, 0);
  expect(placeOf(windowSvg(1, left + 430))).toBeCloseTo(left + 42, 0);
  expect(placeOf(windowSvg(1, right + 395))).toBeLessThan(right - 12);
});

test('the legend stands under the picture: scale and ends, or categories with their letters', () => {
  const heightOf = (svg: string) => Number(/ height="(\d+)"/.exec(svg)![1]);
  const plain = pictureSvg(drawing(), measure);
  const time = pictureSvg(drawing({ overlay: overlay({ basis: '60 runs' }) }), measure);
  expect(heightOf(time)).toBe(heightOf(plain) + 32);
  expect(time).toContain('>Time, 60 runs<');
  expect(time).toMatch(/>2(\.00)?\s?ms</);
  const categories = ['float32', 'int64'];
  const types = overlay({ title: 'Precision', scale: 'category', unit: '', categories });
  const named = pictureSvg(drawing({ overlay: types }), measure);
  for (const text of ['Precision', 'float32', 'int64', 'F', 'I']) expect(named).toContain(`>${text}</text>`);
});

test('names from a model are written literally', () => {
  const hostile: Scene = { ...scene, nodes: { ...scene.nodes, label: scene.nodes.label.map(() => '<a>&"') } };
  const svg = pictureSvg(drawing({ scene: hostile }), measure);
  expect(svg).not.toContain('<a>');
  expect(svg).toContain('&lt;a&gt;&amp;&quot;');
});
