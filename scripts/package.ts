// Makes the VSIX of one platform or several: `npm run package [-- --target linux-arm64 …]`. Any machine makes any of them.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cacheFolder, root, run } from './processes.ts';

/** The platforms ONNX Runtime's npm package has binaries for, and which of its files each one needs. */
const binaries: Readonly<Record<string, readonly string[]>> = {
  'linux-x64': ['linux/x64/*'],
  'linux-arm64': ['linux/arm64/*'],
  // The package holds this library twice; the binding asks for the one with the short version.
  'darwin-arm64': ['darwin/arm64/onnxruntime_binding.node', 'darwin/arm64/libonnxruntime.1.dylib'],
  'win32-x64': ['win32/x64/*'],
  'win32-arm64': ['win32/arm64/*'],
};

/** Largest VSIX that is let through, in bytes. */
const sizeLimit = 30e6;

const { values } = parseArgs({ options: { target: { type: 'string', multiple: true } } });
const targets = values.target ?? [`${process.platform}-${process.arch}`];
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

run(process.execPath, ['esbuild.mjs']);
for (const target of targets.flatMap((each) => (each === 'all' ? Object.keys(binaries) : each.split(','))))
  makePackage(target);

function makePackage(target: string): void {
  const files = binaries[target];
  if (!files)
    throw new Error(`There is no package for ${target}; there is one for ${Object.keys(binaries).join(', ')}.`);
  mkdirSync(cacheFolder, { recursive: true });
  const ignoreFile = join(cacheFolder, `vscodeignore-${target}`);
  const binaryLines = files.map((each) => `!node_modules/onnxruntime-node/bin/napi-v6/${each}`);
  writeFileSync(ignoreFile, `${readFileSync(join(root, '.vscodeignore'), 'utf8')}${binaryLines.join('\n')}\n`);
  const name = `opscope-${version}-${target}.vsix`;
  const path = join(root, name);
  const vsce = join(root, 'node_modules/@vscode/vsce/vsce');
  const options = [
    '--no-rewrite-relative-links',
    '--target',
    target,
    '--ignoreFile',
    ignoreFile,
    '--out',
    path,
    '--allow-missing-repository',
  ];
  run(process.execPath, [vsce, 'package', ...options]);
  rmSync(ignoreFile);
  const bytes = statSync(path).size;
  if (bytes > sizeLimit) throw new Error(`${name} has ${bytes} bytes, more than ${sizeLimit}.`);
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  writeFileSync(`${path}.sha256`, `${sha256}  ${name}\n`);
  console.log(`${name}: ${(bytes / 1e6).toFixed(1)} MB, SHA-256 ${sha256}`);
}
