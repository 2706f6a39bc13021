import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { installExtension } from '../../scripts/code-server.ts';
import { root } from '../../scripts/processes.ts';
import { extensionsFolder } from './editor.ts';

/** Installs the VSIX that `npm run package` made: what is tested is what users get. */
export default function setup(): void {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const vsix = join(root, `opscope-${version}-${process.platform}-${process.arch}.vsix`);
  if (!existsSync(vsix)) throw new Error(`There is no ${vsix}. Make it with npm run package.`);
  const sha256 = createHash('sha256').update(readFileSync(vsix)).digest('hex');
  if (!readFileSync(`${vsix}.sha256`, 'utf8').startsWith(`${sha256}  `))
    throw new Error(`${vsix}.sha256 is of another package. Make both with npm run package.`);
  rmSync(extensionsFolder, { recursive: true, force: true });
  installExtension(vsix, extensionsFolder);
}
