import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './processes.ts';

const runtime = 'node_modules/onnxruntime-node/bin/napi-v6';

/** The platforms ONNX Runtime's npm package has binaries for, and which of its files each one needs. */
const binaries: Readonly<Record<string, readonly string[]>> = {
  'linux-x64': ['linux/x64/*'],
  'linux-arm64': ['linux/arm64/*'],
  // The package holds this library twice; the binding asks for the one with the short version.
  'darwin-arm64': ['darwin/arm64/onnxruntime_binding.node', 'darwin/arm64/libonnxruntime.1.dylib'],
  'win32-x64': ['win32/x64/*'],
  'win32-arm64': ['win32/arm64/*'],
};

/** The platforms there are packages for, as the Marketplace spells them. */
export const targets: readonly string[] = Object.keys(binaries);

/** The lines of `.vscodeignore` for one platform. Throws for a platform without a package. */
export function ignoreLines(target: string): string {
  const files = binaries[target];
  if (!files) throw new Error(`There is no package for ${target}; there is one for ${targets.join(', ')}.`);
  const lines = files.map((file) => `!${runtime}/${file}\n`);
  return readFileSync(join(root, '.vscodeignore'), 'utf8') + lines.join('');
}

/** Files that have a place in a package; what is not here is a mistake in `.vscodeignore`. */
const wanted: readonly RegExp[] = [
  /^(package\.json|package\.nls(\.[a-z-]+)?\.json|README\.md|CHANGELOG\.md|LICENSE)$/i,
  /^dist\/[^/]+\.(cjs|js|css|ttf)$/,
  /^dist\/THIRD-PARTY-NOTICES\.txt$/,
  /^agents\/[^/]+\.agent\.md$/,
  /^l10n\/bundle\.l10n\.[a-z-]+\.json$/,
  /^samples\/image-classifier\/(image-classifier\.onnx|calibration\.npz)$/,
  /^media\/(walkthrough\/)?[^/]+\.(png|svg|md)$/,
  /^node_modules\/onnxruntime-(node|common)\/package\.json$/,
  /^node_modules\/onnxruntime-node\/dist\/[^/]+\.js$/,
  /^node_modules\/onnxruntime-common\/dist\/cjs\/(package\.json|[^/]+\.js)$/,
];

/** Files without which a package does not work or must not be given away. */
const needed = [
  'package.json',
  'package.nls.json',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
  'dist/THIRD-PARTY-NOTICES.txt',
  'dist/extension.cjs',
  'dist/worker.cjs',
  'dist/runtime.cjs',
  'dist/cli.js',
  'dist/webview.js',
  'dist/webview.css',
  'node_modules/onnxruntime-node/package.json',
  'node_modules/onnxruntime-node/dist/index.js',
  'node_modules/onnxruntime-common/dist/cjs/index.js',
];

/**
 * What is wrong with the files of a package, one sentence each: a file that has no business there (sources, tests,
 * maps, another platform's binaries), or one that is missing. `files` are paths in the package, with slashes.
 */
export function contentMistakes(target: string, files: readonly string[]): string[] {
  const platform = target.replace('-', '/');
  const own = (file: string) =>
    file.startsWith(`${runtime}/${platform}/`) && /\.(node|dll|dylib|so(\.\d+)*)$/.test(file);
  const mistakes = files
    .filter((file) => !own(file) && !wanted.some((pattern) => pattern.test(file)))
    .map((file) => `${file} has no place in the package of ${target}.`);
  const missing = [...needed, `${runtime}/${platform}/onnxruntime_binding.node`].filter(
    (file) => !files.includes(file),
  );
  if (!files.some((file) => own(file) && /\/(libonnxruntime|onnxruntime\.dll)/.test(file)))
    missing.push(`the library of ONNX Runtime for ${target}`);
  return [...mistakes, ...missing.map((file) => `${file} is not in the package of ${target}.`)];
}
