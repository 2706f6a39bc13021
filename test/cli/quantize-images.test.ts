import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleModels } from '../corpus.ts';
import { complaints, runCli } from './run-cli.ts';

const [classifier] = sampleModels as [string];
const folder = mkdtempSync(join(tmpdir(), 'opscope-image-folder-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

/** A PNG of 48 × 40 pixels, each color a wave of its own. */
function png(seed: number): Buffer {
  const [width, height] = [48, 40];
  const lines = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y++)
    for (let at = 0; at < width * 3; at++)
      lines[y * (1 + width * 3) + 1 + at] = 128 + 120 * Math.sin(seed + (at * (1 + (at % 3))) / 20 + y / 7);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const chunk = (type: string, body: Buffer) => {
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    const named = Buffer.concat([Buffer.from(type), body]);
    length.writeUInt32BE(body.length);
    sum.writeUInt32BE(crc32(named));
    return Buffer.concat([length, named, sum]);
  };
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(lines)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

beforeAll(() => {
  mkdirSync(at('photos'));
  for (let seed = 0; seed < 6; seed++) writeFileSync(at(`photos/${seed}.png`), png(seed));
});

const quantize = (...more: readonly string[]) => {
  const calibration = ['--scheme', 'static-int8', '--calibration', at('photos'), '--no-measure'];
  return runCli('quantize', classifier, '-o', at('int8.onnx'), ...calibration, ...more);
};

describe('quantize with a folder of images', () => {
  it('calibrates on them, prepared as declared, and the recipe does so again', async () => {
    const { code, stdout, stderr } = await quantize('--image', 'unit', '--recipe', at('int8.json'), '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(stdout);
    expect(report.calibration).toMatchObject({ samples: 6, source: at('photos') });
    expect(report.quantized.nodes).toBeGreaterThan(3);
    const recipe = JSON.parse(readFileSync(at('int8.json'), 'utf8'));
    expect(recipe.steps[0]).toMatchObject({ image: 'unit', data: { path: 'photos' } });
    const applied = await runCli('apply', at('int8.json'), '-o', at('again.onnx'), '--json');
    expect(JSON.parse(applied.stdout)).toMatchObject({ reproduced: true });
    expect(readFileSync(at('again.onnx')).equals(readFileSync(at('int8.onnx')))).toBe(true);
  });

  it('gives other ranges when they are prepared in another way', async () => {
    await quantize('--image', 'unit');
    const unit = readFileSync(at('int8.onnx'));
    await quantize('--image', 'scale=1');
    expect(readFileSync(at('int8.onnx')).equals(unit)).toBe(false);
  });

  it('tune takes them, too, and writes down how they were prepared', async () => {
    const files = ['-o', at('tuned.onnx'), '--recipe', at('tuned.json'), '--calibration', at('photos')];
    const given = ['tune', classifier, '--p90', '0.001', '--min-sqnr', '1', '--time-limit', '1', ...files];
    const unprepared = await runCli(...given);
    expect({ code: unprepared.code, steps: unprepared.stdout }).toEqual({ code: 2, steps: '' });
    expect(unprepared.stderr).toMatch(/holds images/);
    const { code, stdout } = await runCli(...given, '--image', 'unit', '--json');
    expect(code).toBe(1);
    const { steps } = JSON.parse(stdout) as { steps: { step: string; kept: boolean }[] };
    expect(steps.map(({ step }) => step)).toContain('quantize');
    // What is fast depends on the machine; where a calibrated step was kept, the recipe says how.
    if (!existsSync(at('tuned.json'))) return;
    const recipe = JSON.parse(readFileSync(at('tuned.json'), 'utf8')) as { steps: { data?: object; image?: string }[] };
    for (const { data, image } of recipe.steps) expect(image).toBe(data === undefined ? undefined : 'unit');
  });

  it.each([
    [[], /holds images\. Say how they become numbers: --image imagenet/],
    [['--image', 'imagenot'], /no image preset imagenot/],
    [['--image', 'crop=224'], /too small for crop=224x224/],
    [['--image', 'unit,layout=nhwc'], /Declare layout=nchw/],
  ])('refuses %j with one clear sentence', async (options, message) => {
    const { code, stderr } = await quantize(...options);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(complaints(stderr)).toHaveLength(1);
  });
});
