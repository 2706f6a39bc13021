import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { reportSchema } from '../core/report/report.ts';
import { execute, type TextOptions, withTextOptions } from './command.ts';

interface TextCommandOptions extends TextOptions {
  readonly output?: string;
}

/** `opscope text MODEL` */
export function textCommand(program: Command): void {
  withTextOptions(program.command('text'))
    .description('write a model as text, one node a line: to read, to compare, for git as textconv')
    .argument('<model>', 'an .onnx file')
    .option('-o, --output <file>', 'write it to a file')
    .action((path: string, { output, ...options }: TextCommandOptions) =>
      execute(options, async () => {
        const { openModel } = await import('../worker/open-model.ts');
        const { modelText } = await import('../core/text/model-text.ts');
        const opened = await openModel(path);
        try {
          const text = modelText(opened.model);
          if (output) await writeFile(output, text);
          const report = { schema: reportSchema, model: opened.path, ...(output ? { output } : { text }) };
          return { report, text: () => (output ? `${path} → ${output}` : text) };
        } finally {
          await opened.close();
        }
      }),
    );
}
