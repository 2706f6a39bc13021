/**
 * Opening and rewriting models without holding their weights, beside onnx.load and a plain copy of the file.
 *
 *     OPSCOPE_BENCH_MODELS=folder OPSCOPE_PYTHON=python3 node bench/open/open.ts
 *
 * Whole processes, medians of five after one that warms the file cache. Makes a 1.9 GB single-file model and a 6 GB one
 * with external weights in a temporary folder and removes them. Writes bench/results/open.md and .json.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { ByteSource } from '../../src/core/graph/byte-source.ts';
import type { Model, Node, NodeId, Tensor } from '../../src/core/graph/model.ts';
import { saveModel } from '../../src/worker/save-model.ts';
import { machine, measureOften } from '../process.ts';

const python = process.env.OPSCOPE_PYTHON ?? 'python3';
const models = process.env.OPSCOPE_BENCH_MODELS;
const cli = join(import.meta.dirname, '../../dist/cli.js');

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'opscope-open-'));
  const rows: string[][] = [];
  const add = (
    what: string,
    bytes: number,
    ours: { seconds: number; peak: number },
    theirs: { seconds: number; peak: number } | null,
  ) => {
    const figures = ({ seconds, peak }: { seconds: number; peak: number }) => [
      seconds.toFixed(2),
      (peak / 1e6).toFixed(0),
    ];
    const ratio = theirs
      ? [(theirs.seconds / ours.seconds).toFixed(1), (theirs.peak / ours.peak).toFixed(1)]
      : ['–', '–'];
    rows.push([what, (bytes / 1e6).toFixed(0), ...figures(ours), ...(theirs ? figures(theirs) : ['–', '–']), ...ratio]);
    console.error(rows.at(-1)!.join('  '));
  };
  /** A small program beside this one, bundled as the command line is. */
  const program = async (name: string) => {
    const outfile = join(folder, `${name}.mjs`);
    await build({
      ...{ entryPoints: [join(import.meta.dirname, `${name}.ts`)], outfile },
      ...{ bundle: true, minify: true, platform: 'node', format: 'esm', logLevel: 'error' },
    });
    return outfile;
  };
  try {
    const single = join(folder, 'single.onnx');
    await saveModel(chainOfMatMuls(100, 4.75e6), single, { weights: 'inline' });
    add(
      'inspect, single file',
      statSync(single).size,
      await measureOften(process.execPath, [cli, 'inspect', single, '--quiet']),
      null,
    );
    const copy = join(folder, 'copy.onnx');
    // Each writes a file that is not there yet, after what was written before has reached the disk.
    const before = () => {
      rmSync(copy, { force: true });
      execFileSync('sync');
    };
    const rewritten = await measureOften(process.execPath, [await program('rename-node'), single, copy], 5, before);
    for (const [peer, options] of [
      ['a plain copy', []],
      ['a copy that is synced', ['--synced']],
    ] as const) {
      const copied = await measureOften(
        process.execPath,
        [await program('copy-file'), single, copy, ...options],
        5,
        before,
      );
      add(`rewrite with one node renamed, beside ${peer}`, statSync(single).size, rewritten, copied);
    }
    rmSync(single);
    rmSync(copy);
    const external = join(folder, 'external.onnx');
    const { bytes } = await saveModel(chainOfMatMuls(300, 5e6), external, { weights: 'external' });
    add(
      'inspect, external weights',
      bytes,
      await measureOften(process.execPath, [cli, 'inspect', external, '--quiet']),
      null,
    );
    for (const name of models ? ['resnet50', 'gpt2_small'] : []) {
      const path = join(models!, `${name}.onnx`);
      const load = `import onnx, sys; onnx.load(sys.argv[1])`;
      const theirs = await measureOften(python, ['-c', load, path], 9);
      const opened = await measureOften(process.execPath, [await program('open-only'), path], 9);
      add(`open ${name}, beside onnx.load`, statSync(path).size, opened, theirs);
      const inspected = await measureOften(process.execPath, [cli, 'inspect', path, '--quiet'], 9);
      add(`inspect ${name}: shapes, cost and problems too, beside onnx.load`, statSync(path).size, inspected, theirs);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const head =
    '| what | MB | s | peak MB | peer s | peer peak MB | time ratio | memory ratio |\n|---|---:|---:|---:|---:|---:|---:|---:|';
  const results = join(import.meta.dirname, '../results/open');
  writeFileSync(
    `${results}.md`,
    `# Opening and rewriting\n\n${machine()}. Whole processes, Node's start included; the file cache warm; medians of five, of nine beside onnx.load. Our rewrite is synced to disk, as a save must be; a plain copy is not. Peak memory is the high-water mark, looked at every 4 ms. Ratios are the peer's figure over ours.\n\n${head}\n${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`,
  );
  writeFileSync(`${results}.json`, `${JSON.stringify({ machine: machine(), rows }, null, 2)}\n`);
}

/** A chain of products with weights of `elements` 32-bit floats each, whose bytes are made as they are written. */
function chainOfMatMuls(count: number, elements: number): Model {
  const nodes: Node[] = [];
  const initializers = new Map<string, Tensor>();
  const side = Math.floor(Math.sqrt(elements));
  for (let index = 0; index < count; index++) {
    const name = `weight_${index}`;
    initializers.set(name, { name, dtype: 'float32', dims: [side, side], data: patternSource(side * side * 4) });
    nodes.push({
      id: index as NodeId,
      opType: 'MatMul',
      domain: '',
      name: `product_${index}`,
      inputs: [`value_${index}`, name],
      outputs: [`value_${index + 1}`],
      attributes: new Map(),
    });
  }
  const value = (name: string) =>
    ({ name, type: { kind: 'tensor', dtype: 'float32', shape: ['batch', side] } }) as const;
  return {
    irVersion: 8,
    producerName: 'opscope bench',
    producerVersion: '',
    domain: '',
    modelVersion: 0n,
    docString: '',
    opsets: new Map([['', 17]]),
    functions: [],
    metadata: new Map(),
    nextNodeId: count,
    graph: {
      name: 'chain',
      docString: '',
      nodes,
      inputs: [value('value_0')],
      outputs: [value(`value_${count}`)],
      valueInfo: [],
      initializers,
      sparseInitializers: [],
      quantizationAnnotations: [],
      metadata: new Map(),
    },
  };
}

/** One for all weights: starting a process takes longer the more memory the one that starts it holds. */
const pattern = new Uint8Array(1 << 23).map((_, index) => (index * 37) & 63);

function patternSource(byteLength: number): ByteSource {
  return {
    byteLength,
    read: async (_, length) => (length <= pattern.length ? pattern.subarray(0, length) : new Uint8Array(length)),
  };
}

await main();
