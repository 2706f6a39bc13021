import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { hashData, hashFile } from '../../src/worker/hash-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'opscope-hash-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a file has the same sum however many pieces it is read in', async () => {
  for (const length of [0, 3, 1 << 20, (5 << 19) + 1]) {
    const bytes = randomBytes(length);
    const path = join(folder, 'file');
    writeFileSync(path, bytes);
    expect(await hashFile(path)).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(await hashData(path)).toBe(await hashFile(path));
  }
  await expect(hashFile(join(folder, 'none'))).rejects.toThrow(/ENOENT/);
});
