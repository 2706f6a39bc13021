import { expect, test } from 'vitest';
import type { Overlay } from '../../../src/core/overlay.ts';
import { categoryLetters, overlayColor, overlayPosition, overlayRange } from '../../../webview/graph/overlay-color.ts';

const overlay = (scale: Overlay['scale'], ...values: number[]): Overlay => ({
  id: 'x',
  title: 'X',
  unit: '',
  scale,
  values: Float32Array.from(values),
});

test('more stands out on a linear scale, less on an inverse one', () => {
  const linear = overlay('linear', 20, 140);
  expect(overlayPosition(linear, 140, overlayRange(linear))).toBe(1);
  const inverse = overlay('inverse', 20, 140, Number.NaN);
  expect(overlayRange(inverse)).toEqual({ min: 20, max: 140 });
  expect(overlayPosition(inverse, 20, overlayRange(inverse))).toBe(1);
  expect(overlayPosition(inverse, 140, overlayRange(inverse))).toBe(0);
  expect(overlayColor(inverse, Number.NaN, 'dark', overlayRange(inverse))).toBeNull();
});

test('every category has a letter of its own, of its name as long as there is one', () => {
  expect(categoryLetters(['float32', 'int64', 'int8', 'float16', 'bool'])).toEqual(['F', 'I', 'N', 'L', 'B']);
  expect(categoryLetters(['compute', 'memory', 'overhead'])).toEqual(['C', 'M', 'O']);
  const many = Array.from({ length: 30 }, (_, index) => `a${index % 3}`);
  expect(new Set(categoryLetters(many)).size).toBe(30);
});
