// Builds the five programs of Opscope into dist/: extension host, worker, runtime, command line and webview.
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { build, context } from 'esbuild';

const watch = process.argv.includes('--watch');
const shared = { bundle: true, minify: !watch, sourcemap: watch, logLevel: 'info', outdir: 'dist', metafile: true };
const node = {
  ...shared,
  platform: 'node',
  target: 'node20',
  external: ['vscode', 'onnxruntime-node'],
  // Where the program's own folder is, CommonJS has another name than ES modules; the code asks for both.
  logOverride: { 'empty-import-meta': 'silent' },
};

const programs = [
  { ...node, format: 'cjs', outExtension: { '.js': '.cjs' }, entryPoints: { extension: 'src/extension/extension.ts' } },
  {
    ...node,
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    entryPoints: { worker: 'src/worker/main.ts', runtime: 'src/runtime/main.ts' },
  },
  {
    ...node,
    format: 'esm',
    entryPoints: { cli: 'src/cli/main.ts' },
    // A command loads what it needs, which halves the time until it does something.
    splitting: true,
    chunkNames: 'cli-[name]-[hash]',
    banner: {
      js: "#!/usr/bin/env node\nimport { createRequire as $require } from 'node:module'; const require = $require(import.meta.url);",
    },
  },
  {
    ...shared,
    platform: 'browser',
    target: 'chrome130',
    format: 'esm',
    entryPoints: { webview: 'webview/main.tsx' },
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.ttf': 'file' },
    assetNames: '[name]',
  },
];

await rm('dist', { recursive: true, force: true });
await mkdir('dist', { recursive: true });
/** Folders of the npm packages that have code or styles in what was built; scripts/notices.ts collects their licences. */
const bundled = new Set(['node_modules/@vscode/codicons']);
for (const program of programs) {
  if (watch) await (await context(program)).watch();
  else addPackages((await build(program)).metafile);
}
if (!watch) await writeFile('dist/bundled-packages.json', JSON.stringify([...bundled].sort(), undefined, 2));
await cp('node_modules/@vscode/codicons/dist/codicon.css', 'dist/codicon.css');
await cp('node_modules/@vscode/codicons/dist/codicon.ttf', 'dist/codicon.ttf');

function addPackages({ outputs }) {
  for (const { inputs } of Object.values(outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
      if (folder && bytesInOutput > 0) bundled.add(folder);
    }
  }
}
