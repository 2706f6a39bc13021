import { basename } from 'node:path';
import type { Command } from 'commander';
import { bytes, count, percent, significant } from '../core/report/format.ts';
import { reportSchema } from '../core/report/report.ts';
import type { ExportedTensor, TensorDetails } from '../protocol/worker.ts';
import { execute, type TextOptions, withTextOptions } from './command.ts';
import { UsageError } from './exit.ts';
import { careful, pairs, strong } from './print.ts';

interface TensorOptions extends TextOptions {
  readonly output?: string;
}

/** `opscope tensor MODEL NAME` */
export function tensorCommand(program: Command): void {
  withTextOptions(program.command('tensor'))
    .description('statistics of a weight or constant, or its elements as .npy')
    .argument('<model>', 'an .onnx file')
    .argument('<name>', 'name of an initializer, or of the output of a Constant node')
    .option('-o, --output <file>', 'write the elements to a .npy file')
    .action((path: string, name: string, { output, ...options }: TensorOptions) =>
      execute(options, async ({ signal, onProgress }) => {
        if (output !== undefined && !output.toLowerCase().endsWith('.npy')) {
          throw new UsageError('Name a file that ends in .npy with -o FILE.npy.');
        }
        const { openModel } = await import('../worker/open-model.ts');
        const { exportTensor, storedTensors } = await import('../worker/export-tensor.ts');
        const { tensorDetails } = await import('../worker/tensor-details.ts');
        const { protectSource } = await import('../worker/protect.ts');
        const opened = await openModel(path);
        try {
          const tensors = storedTensors(opened.model);
          const tensor = tensors.get(name);
          if (!tensor) throw new UsageError(unknownName(name, [...tensors.keys()]));
          if (output === undefined) {
            const details = await tensorDetails(tensor, signal);
            return {
              report: { schema: reportSchema, model: opened.path, ...details },
              text: () => detailsText(details),
            };
          }
          protectSource(opened, output, basename(output));
          const written = await exportTensor(tensor, output, { signal, onProgress });
          const { dtype, dims } = tensor;
          const file = { output, written: written.dtype, bytes: written.bytes };
          const notes = written.note ? [written.note] : [];
          return {
            report: { schema: reportSchema, model: opened.path, name, dtype, dims, ...file, notes },
            text: () => writtenText(name, written),
          };
        } finally {
          await opened.close();
        }
      }),
    );
}

function unknownName(name: string, names: readonly string[]): string {
  const alike = names.filter((each) => each.toLowerCase().includes(name.toLowerCase())).slice(0, 5);
  const hint = alike.length > 0 ? `Names like it: ${alike.join(', ')}.` : 'List the names with opscope text MODEL.';
  return `The model holds no tensor named ${name}: only initializers and constants have elements in the file. ${hint}`;
}

function detailsText(tensor: TensorDetails): string {
  const { name, dtype, dims, min, max, mean, standardDeviation, zeros, nan, infinite, values } = tensor;
  const heading = [strong(name), `${dtype} [${dims.join(', ')}]`, bytes(tensor.bytes)].join(' · ');
  const some = (title: string, share: number) => (share > 0 ? [[title, percent(share)] as const] : []);
  return [
    heading,
    pairs([
      ['elements', count(tensor.count)],
      ...(Number.isNaN(min)
        ? []
        : [
            ['range', `${significant(min)} to ${significant(max)}`] as const,
            ['mean', `${significant(mean)} ± ${significant(standardDeviation)}`] as const,
          ]),
      ...some('zeros', zeros),
      ...some('not a number', nan),
      ...some('infinite', infinite),
      ['first', values.slice(0, 8).join('  ')],
    ]),
  ].join('\n\n');
}

function writtenText(name: string, { path, dtype, bytes: size, note }: ExportedTensor): string {
  return [`${strong(name)} → ${path} · ${dtype} · ${bytes(size)}`, ...(note ? [careful(note)] : [])].join('\n');
}
