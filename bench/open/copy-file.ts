// Copies a file; with `--synced`, waits until the disk has it.
import { closeSync, copyFileSync, fsyncSync, openSync } from 'node:fs';

const [from, to, synced] = process.argv.slice(2);
copyFileSync(from!, to!);
if (synced) {
  const file = openSync(to!, 'r+');
  fsyncSync(file);
  closeSync(file);
}
