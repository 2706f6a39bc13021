/**
 * How long VS Code takes to activate Opscope, from its own start-up report ("Developer: Startup Performance").
 *
 *     node bench/startup/startup.ts
 *
 * Ten times: a VS Code of its own with the packaged extension, started for this run, in which a double click on a model
 * activates it. Beside it what VS Code's own extensions took in the same windows. Writes bench/results/startup.{md,json}.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root } from '../../scripts/processes.ts';
import { extensionsFolder, startEditor } from '../../test/e2e/editor.ts';
import installExtension from '../../test/e2e/install-extension.ts';

const repetitions = 10;
/** Largest activation that is let through, in milliseconds. */
const limit = 50;

/** Milliseconds of one activation, as VS Code reports them. */
interface Activation {
  readonly load: number;
  readonly call: number;
  readonly finish: number;
}

const home = mkdtempSync(join(tmpdir(), 'opscope-startup-'));
const runs: ReadonlyMap<string, Activation>[] = [];
try {
  installExtension();
  for (let run = 0; run < repetitions; run++) {
    runs.push(activationsIn(await startUpReport(run)));
    console.error(JSON.stringify(runs.at(-1)!.get('opscope.opscope')));
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}
writeResults();

/** Starts a VS Code, opens the sample in it, and gives the text of its start-up report. */
async function startUpReport(run: number): Promise<string> {
  const extensions = join(home, String(run));
  mkdirSync(extensions);
  const opscope = readdirSync(extensionsFolder).find((name) => name.startsWith('opscope.opscope-'))!;
  symlinkSync(join(extensionsFolder, opscope), join(extensions, opscope), 'junction');
  symlinkSync(join(root, 'bench/startup/report-writer'), join(extensions, 'opscope.report-writer'), 'junction');
  const sample = join(root, 'samples/image-classifier/image-classifier.onnx');
  const editor = await startEditor({ files: { 'sample.onnx': { copyOf: sample } }, extensions });
  try {
    await editor.openFile('sample.onnx');
    await editor.view.getByRole('tree', { name: /\d boxes/ }).waitFor({ state: 'attached', timeout: 60_000 });
    await editor.runCommand('Write Start-up Report');
    const report = join(editor.folder, 'startup.md');
    for (const deadline = Date.now() + 60_000; !existsSync(report); await editor.page.waitForTimeout(200)) {
      if (Date.now() > deadline) throw new Error('VS Code wrote no start-up report within a minute.');
    }
    return readFileSync(report, 'utf8');
  } finally {
    await editor.close();
  }
}

/** The rows of "Extension Activation Stats": extension, eager, load code, call activate, finish activate, event, by. */
function activationsIn(report: string): Map<string, Activation> {
  const table = report.split('## Extension Activation Stats')[1]!.split('\n## ')[0]!;
  const rows = table.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  return new Map(
    rows
      .filter(([, extension]) => extension?.includes('.'))
      .map(([, extension, , load, call, finish]) => [
        extension!,
        { load: Number(load), call: Number(call), finish: Number(finish) },
      ]),
  );
}

function writeResults(): void {
  const names = [...new Set(runs.flatMap((run) => [...run.keys()]))].filter((name) => !name.endsWith('report-writer'));
  const activations = Object.fromEntries(
    names.sort().map((name) => [name, runs.flatMap((run) => run.get(name) ?? [])]),
  );
  const machine = `${cpus()[0]!.model}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`;
  const load = loadavg()[0]!.toFixed(1);
  const results = join(root, 'bench/results');
  writeFileSync(join(results, 'startup.json'), `${JSON.stringify({ machine, load, activations }, undefined, 1)}\n`);
  const total = ({ load, call, finish }: Activation) => load + call + finish;
  const rows = Object.entries(activations).map(([name, all]) => {
    const cells = [(each: Activation) => each.load, ({ call }: Activation) => call, total].map((of) =>
      median(all.map(of)),
    );
    const totals = all.map(total);
    return `| ${name} | ${all.length} | ${cells.join(' | ')} | ${Math.min(...totals)}–${Math.max(...totals)} |`;
  });
  const bundles = ['extension.cjs', 'webview.js', 'webview.css', 'worker.cjs', 'runtime.cjs'].map((name) => {
    const path = join(root, 'dist', name);
    return `| ${name} | ${kilobytes(statSync(path).size)} | ${kilobytes(gzipSync(readFileSync(path), { level: 9 }).length)} |`;
  });
  const own = median(activations['opscope.opscope']!.map(total));
  writeFileSync(
    join(results, 'startup.md'),
    `# Activation

${machine}; load average ${load}. VS Code 1.139.1 in a browser, as its start-up report says; a new VS Code for each run, a double click on a model activates Opscope. Medians in milliseconds; the range is that of the totals. Opscope: ${own} ms, limit ${limit} ms.

| extension | runs | load code | call activate | total | range |
|---|---:|---:|---:|---:|---:|
${rows.join('\n')}

| bundle | KB | gzipped |
|---|---:|---:|
${bundles.join('\n')}
`,
  );
  console.log(`Activation of Opscope: ${own} ms, limit ${limit} ms.`);
  process.exitCode = own <= limit ? 0 : 1;
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function kilobytes(bytes: number): string {
  return (bytes / 1000).toFixed(1);
}
