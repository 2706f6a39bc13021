/**
 * Writes the ONNX node tests to test/fixtures/node-tests.br, compressed. Needs Python with `onnx`:
 *
 *     OPSCOPE_PYTHON=python3 node scripts/node-tests.ts
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

/** Inputs and outputs of a case stay with it up to this size; the models alone take 140 KB. */
const mostDataBytes = 1000;

const bytes = execFileSync(
  process.env.OPSCOPE_PYTHON ?? 'python3',
  [join(import.meta.dirname, 'node-tests.py'), String(mostDataBytes)],
  { maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'inherit'] },
);
const compressed = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_LGWIN]: 24 } });
writeFileSync(join(import.meta.dirname, '../test/fixtures/node-tests.br'), compressed);
