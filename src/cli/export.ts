import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { bytes } from '../core/report/format.ts';
import { reportSchema } from '../core/report/report.ts';
import type { ExportPackageReport, PackageKind } from '../protocol/worker.ts';
import { execute, oneOf, type TextOptions, withTextOptions } from './command.ts';
import { UsageError } from './exit.ts';
import { faint, strong, table } from './print.ts';

interface ExportOptions extends TextOptions {
  readonly as?: PackageKind | 'ort';
  readonly output?: string;
  readonly measured?: string;
  readonly recipe?: string;
}

/** `opscope export MODEL --as KIND -o FOLDER` */
export function exportCommand(program: Command): void {
  withTextOptions(program.command('export'))
    .description('write a folder with the model and what runs it, with checksums and where it came from')
    .argument('<model>', 'an .onnx file')
    .option(
      '--as <kind>',
      "triton: a model of a Triton repository; mlflow: an MLflow model; snippet: programs in Python, JavaScript and C#; ort: one file in ONNX Runtime's own format",
      oneOf('triton', 'mlflow', 'snippet', 'ort'),
    )
    .option('-o, --output <path>', 'the folder to write, whose name becomes the name of the model; the .ort file')
    .option(
      '--measured <file>',
      'what profile --json printed, of a sweep too: the settings that it found best go along',
    )
    .option('--recipe <file>', 'the recipe that made the model: its steps go along')
    .action((model: string, { as: kind, output, measured, recipe, ...options }: ExportOptions) =>
      execute(options, async ({ runtime, signal, onProgress }) => {
        if (!kind) throw new UsageError('Say what to write: --as triton, --as mlflow, --as snippet or --as ort.');
        if (!output) throw new UsageError('Name the folder to write with -o FOLDER, the file with -o MODEL.ort.');
        const { openModel } = await import('../worker/open-model.ts');
        const { exportPackage } = await import('../worker/export-package.ts');
        const { hashFile } = await import('../worker/hash-file.ts');
        const opened = await openModel(model);
        try {
          if (kind === 'ort') {
            const { writeOrtFormat } = await import('../worker/ort-format.ts');
            const size = await writeOrtFormat(await runtime(), opened.model, output, signal);
            const files = [{ name: basename(output), bytes: size, sha256: await hashFile(output) }];
            const report = { schema: reportSchema, model: opened.path, kind, output, files };
            return { report, text: () => exportText(report) };
          }
          const request = {
            kind,
            folder: output,
            sha256: await hashFile(opened.path),
            ...(measured === undefined ? {} : { measured: await readFile(measured, 'utf8') }),
            ...(recipe === undefined ? {} : { recipe }),
          };
          const report = await exportPackage(opened, request, { opscope: manifest.version, signal, onProgress });
          return { report, text: () => exportText(report) };
        } finally {
          await opened.close();
        }
      }),
    );
}

function exportText({ model, output, files }: Pick<ExportPackageReport, 'model' | 'output' | 'files'>): string {
  return [
    `${strong(model)} → ${output}`,
    table(
      [{ title: 'file' }, { title: 'size', align: 'right' }, { title: 'SHA-256' }],
      files.map((file) => [file.name, bytes(file.bytes), faint(file.sha256 ?? '')]),
    ),
  ].join('\n\n');
}
