import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './processes.ts';

/** Where `writeNotices` leaves its text; the packages of all platforms hold it. */
export const noticesFile = 'dist/THIRD-PARTY-NOTICES.txt';

/** Packages that are shipped as they are, not bundled. */
const shipped = ['node_modules/onnxruntime-node', 'node_modules/onnxruntime-common'];

/** Whose copyright it is, for packages under the MIT licence that come without its text. */
const holders: Readonly<Record<string, string>> = {
  'onnxruntime-node': 'Copyright (c) Microsoft Corporation',
  'onnxruntime-common': 'Copyright (c) Microsoft Corporation',
  '@vscode/l10n': 'Copyright (c) Microsoft Corporation',
};

/** What a package says of itself. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

/**
 * Collects the licences of everything in `dist/` and of ONNX Runtime into `dist/THIRD-PARTY-NOTICES.txt`. Throws when
 * a package has no licence text, so that none is shipped without.
 */
export function writeNotices(): void {
  const bundled = JSON.parse(readFileSync(join(root, 'dist/bundled-packages.json'), 'utf8')) as string[];
  writeFileSync(join(root, noticesFile), noticesOf([...shipped, ...bundled]));
}

/** The licences of npm packages, given by their folders, and the notices of the libraries in ONNX Runtime's binaries. */
export function noticesOf(folders: readonly string[]): string {
  const sections = folders.map((folder) => {
    const { name, version, license } = JSON.parse(read(join(folder, 'package.json'))) as Manifest;
    return section(`${name} ${version} (${license ?? 'see below'})`, licenceOf(folder, name, license));
  });
  return [
    'Opscope contains the software below, each under its own licence.\n',
    ...sections,
    section('Libraries inside the binaries of ONNX Runtime', read('scripts/notices/onnxruntime.txt')),
    section('DirectML.dll, dxcompiler.dll, dxil.dll (Windows only)', read('scripts/notices/windows.txt')),
  ].join('\n');
}

function licenceOf(folder: string, name: string, licence: string | undefined): string {
  const files = readdirSync(join(root, folder)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
  if (files.length > 0) return files.map((file) => read(join(folder, file))).join('\n');
  const holder = holders[name];
  if (licence !== 'MIT' || !holder)
    throw new Error(
      `${folder} has no licence text. Say whose copyright it is in scripts/notices.ts, or do not ship it.`,
    );
  return read('LICENSE').replace(/^Copyright.*$/m, holder);
}

function section(title: string, text: string): string {
  return `${'='.repeat(80)}\n${title}\n${'='.repeat(80)}\n\n${text.trim()}\n`;
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8').replaceAll('\r\n', '\n');
}
