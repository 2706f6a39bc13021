// Runs what is in the package of this platform, unpacked, without an editor: `node scripts/try-package.ts`. Shows that
// its own binary of ONNX Runtime loads and measures.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { root } from './processes.ts';

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const name = `opscope-${version}-${process.platform}-${process.arch}.vsix`;
const folder = mkdtempSync(join(tmpdir(), 'opscope-package-'));
try {
  for (const [path, bytes] of Object.entries(unzipSync(readFileSync(join(root, name))))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  const model = join(root, 'samples/image-classifier/image-classifier.onnx');
  const options = [join(folder, 'extension/dist/cli.js'), 'profile', model];
  const { status, stdout, stderr } = spawnSync(process.execPath, options, { encoding: 'utf8', cwd: folder });
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  if (status !== 0) throw new Error(`The command line of ${name} ended with ${status}.`);
  console.log(`\n${name} runs on this platform.`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
