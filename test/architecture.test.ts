import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** What a folder may import: folders of ours (`types:` in front: their types only), `node:`, and packages. */
type Allowed = readonly string[];

const coreParts = ['graph', 'assert', 'problem', 'overlay', 'evaluator', 'random', 'english'].map(
  (name) => `src/core/${name}`,
);

/** Libraries that need no platform. */
const platformFree = ['protobufjs', 'fflate', 'html-escaper'];

/**
 * The import table of ARCHITECTURE.md. The most specific folder counts. A folder may always import itself; that
 * `src/core/tsconfig.json` offers no platform types is checked by the compiler.
 */
const table: Readonly<Record<string, Allowed>> = {
  'src/core': ['src/core', ...platformFree],
  'src/core/graph': ['src/core/assert'],
  'src/core/onnx': [...coreParts, ...platformFree],
  'src/core/tensor': [...coreParts, 'src/core/onnx', ...platformFree],
  'src/core/shapes': [...coreParts, 'src/core/tensor'],
  'src/core/cost': [...coreParts, 'src/core/shapes'],
  'src/core/layout': [...coreParts, 'src/core/shapes', ...platformFree],
  'src/core/verify': [...coreParts, 'src/core/tensor', 'src/core/shapes', 'types:src/core/report'],
  'src/core/profile': [...coreParts, 'types:src/core/report'],
  'src/core/rules': [...coreParts, 'src/core/shapes'],
  'src/core/diff': coreParts,
  'src/core/text': [...coreParts, 'src/core/tensor'],
  'src/core/passes': [...coreParts, 'src/core/tensor', 'src/core/shapes', 'types:src/core/report'],
  'src/core/prune': [...coreParts, 'src/core/tensor', 'src/core/shapes', 'src/core/passes', 'src/core/quantize'],
  'src/core/quantize': [...coreParts, 'src/core/tensor', 'src/core/shapes', 'src/core/passes', 'types:src/core/report'],
  'src/protocol': ['types:src/core', 'node:'],
  'src/runtime': ['src/core', 'src/protocol', 'node:', 'onnxruntime-node'],
  'src/worker': ['src/core', 'src/protocol', 'node:', 'package.json', 'yauzl', 'jpeg-js'],
  'src/worker/tools': ['src/core', 'src/worker', 'node:', 'zod'],
  // The wording of figures, and the list of runs, are what the extension host needs of `core` at run time.
  'src/extension': [
    'types:src/core',
    'src/core/diff/counterparts',
    'src/core/english',
    'src/core/report/environment',
    'src/core/report/format',
    'src/core/report/runs',
    'src/core/report/sentences',
    'src/protocol',
    'vscode',
    'node:',
  ],
  'src/cli': [
    'src/core',
    'src/protocol',
    'src/worker',
    'node:',
    'commander',
    '@modelcontextprotocol/sdk',
    'package.json',
  ],
  webview: [
    'src/core',
    'src/protocol',
    'preact',
    '@preact/signals',
    '@vscode/l10n',
    '@vscode-elements/elements',
    '@vscode/codicons',
  ],
};

const root = resolve(import.meta.dirname, '..');

interface Import {
  readonly target: string;
  readonly typesOnly: boolean;
}

/** Static, dynamic and type imports and re-exports of a source text. Comments are left out of the search. */
function importsOf(source: string): Import[] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
  const found: Import[] = [];
  const statement = /^\s*(?:import|export)\s+(type\s+)?(?:([\w*{}\s,$]+?)\s+from\s+)?['"]([^'"]+)['"]/gm;
  for (const [, type, names, target] of code.matchAll(statement)) {
    const named = /^\{([\s\S]*)\}$/.exec(names?.trim() ?? '')?.[1];
    const inlineTypes = named?.split(',').every((name) => name.trim() === '' || name.trim().startsWith('type '));
    found.push({ target: target!, typesOnly: type !== undefined || inlineTypes === true });
  }
  for (const [, before, target] of code.matchAll(/(typeof\s+)?\bimport\(\s*['"]([^'"]+)['"]/g)) {
    found.push({ target: target!, typesOnly: before !== undefined });
  }
  for (const [, target] of code.matchAll(/\brequire\(\s*['"]([^'"]+)['"]/g))
    found.push({ target: target!, typesOnly: false });
  return found;
}

/** What an import names: a path from the root for files of ours, `node:…`, or the package. */
function resolved(file: string, target: string): string {
  if (target.startsWith('.')) return relative(root, resolve(dirname(join(root, file)), target));
  if (target.startsWith('node:')) return target;
  return target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');
}

const within = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(`${folder}/`) || path.startsWith(`${folder}.`);

/** The table's most specific folder that a file is in. */
const folderOf = (file: string): string | undefined =>
  Object.keys(table)
    .filter((folder) => within(file, folder))
    .sort((a, b) => b.length - a.length)[0];

/** Imports of a file that the table does not allow, in words. */
function forbiddenImports(file: string, source: string): string[] {
  const folder = folderOf(file);
  if (!folder) return [`${file} is in no folder of the import table`];
  return importsOf(source).flatMap(({ target, typesOnly }) => {
    const path = resolved(file, target);
    const allowed = [folder, ...table[folder]!].some((entry) => {
      const types = entry.startsWith('types:');
      const place = types ? entry.slice('types:'.length) : entry;
      return (!types || typesOnly) && (place === 'node:' ? path.startsWith('node:') : within(path, place));
    });
    return allowed ? [] : [`${file} imports ${typesOnly ? 'types of ' : ''}${path}`];
  });
}

function* sourceFiles(folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sourceFiles(path);
    else if (/\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts')) yield path;
  }
}

describe('imports', () => {
  it('follow the table of ARCHITECTURE.md', () => {
    const files = ['src', 'webview']
      .filter((folder) => existsSync(join(root, folder)))
      .flatMap((folder) => [...sourceFiles(folder)]);
    expect(files.length).toBeGreaterThan(50);
    expect(files.flatMap((file) => forbiddenImports(file, readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });

  it.each([
    ['src/core/passes/x.ts', "import { readFileSync } from 'node:fs';"],
    ['src/core/graph/x.ts', "import { createFacts } from '../shapes/infer.ts';"],
    ['src/core/graph/x.ts', "import type { Facts } from '../shapes/facts.ts';"],
    ['src/core/shapes/x.ts', "export { catalog } from '../passes/catalog.ts';"],
    ['src/core/passes/x.ts', "import { significant } from '../report/format.ts';"],
    ['src/protocol/x.ts', "import { dimText } from '../core/shapes/dim.ts';"],
    ['src/worker/x.ts', "import { serveRuntime } from '../runtime/server.ts';"],
    ['src/worker/x.ts', "const ort = await import('onnxruntime-node');"],
    ['src/extension/x.ts', "import { Draft } from '../core/graph/draft.ts';"],
    ['src/cli/x.ts', "import { startRuntime } from '../runtime/main.ts';"],
    ['webview/x.ts', "import { openModel } from '../src/worker/open-model.ts';"],
    ['webview/graph/x.tsx', "import {\n  type Scene,\n  drawScene,\n} from 'vscode';"],
  ])('reports a forbidden import planted in %s: %s', (file, source) => {
    expect(forbiddenImports(file, source)).toHaveLength(1);
  });

  it.each([
    ['src/protocol/x.ts', "import type { Scene } from '../core/layout/scene.ts';"],
    ['src/extension/x.ts', "import { type Scene, type SceneNodes } from '../core/layout/scene.ts';"],
    ['src/runtime/x.ts', "import { Tensor } from 'onnxruntime-node';"],
    ['src/core/report/x.ts', "import { costOverlays } from '../cost/overlays.ts';"],
    ['webview/x.ts', "// import { x } from 'vscode';\nimport { signal } from '@preact/signals';"],
  ])('lets pass what is allowed in %s: %s', (file, source) => {
    expect(forbiddenImports(file, source)).toEqual([]);
  });
});
