import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { binaryPlatform } from '../scripts/binary-platform.ts';
import { noticesFile, noticesOf, writeNotices } from '../scripts/notices.ts';
import { packageFiles } from '../scripts/package-files.ts';
import { root, run } from '../scripts/processes.ts';
import { contentMistakes, targets } from '../scripts/targets.ts';

const bundledFile = join(root, 'dist/bundled-packages.json');

beforeAll(() => {
  if (!existsSync(bundledFile)) run(process.execPath, ['esbuild.mjs']);
  writeNotices();
});

describe.each(targets)('The package of %s', (target) => {
  it('holds what it needs, and nothing else', async () => {
    const files = await packageFiles(target);
    expect(contentMistakes(target, files)).toEqual([]);
    for (const file of filesOfManifest()) {
      expect(
        files.some((each) => each === file || each.startsWith(`${file}/`)),
        `${file}, which package.json names`,
      ).toBe(true);
    }
  });
});

describe.each(targets)('A binary of %s', (target) => {
  it('is known by its header', () => {
    const folder = join(root, 'node_modules/onnxruntime-node/bin/napi-v6', target.replace('-', '/'));
    const binaries = readdirSync(folder).filter((name) => /\.(node|dll|dylib|so(\.\d+)*)$/.test(name));
    expect(binaries.length).toBeGreaterThan(1);
    for (const name of binaries) expect(binaryPlatform(readFileSync(join(folder, name))), name).toBe(target);
    expect(
      binaryPlatform(new TextEncoder().encode('MZ, and a text that goes on for more than 64 bytes from here on.')),
    ).toBeUndefined();
  });
});

describe('What a package must not hold', () => {
  it.each([
    'src/extension/extension.ts',
    'test/packages.test.ts',
    'bench/results/layout.json',
    '.github/workflows/ci.yml',
    '.env',
    'dist/extension.cjs.map',
    'dist/bundled-packages.json',
    'media/screenshots/profile.png',
    'node_modules/onnxruntime-node/bin/napi-v6/win32/x64/onnxruntime.dll',
    'node_modules/onnxruntime-node/bin/napi-v6/linux/x64/install.sh',
    'node_modules/onnxruntime-node/script/install.js',
    'node_modules/preact/package.json',
  ])('is noticed: %s', (file) => {
    expect(contentMistakes('linux-x64', [file])).toContain(`${file} has no place in the package of linux-x64.`);
  });

  it('is no excuse for what is missing', () => {
    const mistakes = contentMistakes('darwin-arm64', ['package.json']);
    expect(mistakes).toContain('LICENSE is not in the package of darwin-arm64.');
    expect(mistakes).toContain('dist/THIRD-PARTY-NOTICES.txt is not in the package of darwin-arm64.');
    expect(mistakes).toContain('the library of ONNX Runtime for darwin-arm64 is not in the package of darwin-arm64.');
  });
});

describe('Third-party notices', () => {
  it('hold the licence of every package that is bundled', () => {
    const notices = readFileSync(join(root, noticesFile), 'utf8');
    const bundled = JSON.parse(readFileSync(bundledFile, 'utf8')) as string[];
    expect(bundled).toContain('node_modules/preact');
    for (const folder of [...bundled, 'node_modules/onnxruntime-node']) {
      const { name, version } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
      expect(notices).toContain(`\n${name} ${version} (`);
    }
    const preact = readFileSync(join(root, 'node_modules/preact/LICENSE'), 'utf8').trim();
    expect(notices).toContain(preact);
    expect(notices).toContain('Copyright (c) Microsoft Corporation');
  });

  it('are refused for a package without a licence', () => {
    expect(() => noticesOf(['test/fixtures/without-licence'])).toThrow('has no licence text');
  });
});

describe('What VS Code loads', () => {
  it.each([
    ['extension.cjs', 300_000],
    ['webview.js', 400_000],
  ])('%s has at most %d bytes', (name, limit) => {
    expect(statSync(join(root, 'dist', name)).size).toBeLessThanOrEqual(limit);
  });
});

/** The files and folders of ours that package.json names: icons, pictures, agents, the entry point. */
function filesOfManifest(): string[] {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value === 'string') {
      const path = value.replace(/^\.\//, '');
      if (/^(dist|media|agents|l10n)(\/[\w./-]+)?$/.test(path)) found.add(path);
    } else if (typeof value === 'object' && value !== null) {
      Object.values(value).forEach(visit);
    }
  };
  const { scripts, ...manifest } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  visit(manifest);
  return [...found];
}
