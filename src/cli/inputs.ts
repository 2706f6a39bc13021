import { extname } from 'node:path';
import type { Command } from 'commander';
import { shape } from '../core/report/format.ts';
import { reportSchema } from '../core/report/report.ts';
import { execute, type Outcome, type RunOptions, requiredOutput, type Session, withRunOptions } from './command.ts';
import { UsageError } from './exit.ts';
import { strong, table } from './print.ts';

interface InputsOptions extends RunOptions {
  readonly output?: string;
  readonly expected?: boolean;
}

/** `opscope inputs MODEL -o OUT` */
export function inputsCommand(program: Command): void {
  withRunOptions(program.command('inputs'))
    .description('write the inputs that a measurement would run on: made with the seed, or read from --inputs')
    .argument('<model>', 'an .onnx file')
    .option('-o, --output <path>', 'an .npz, or a folder for ONNX test data (.pb)')
    .option('--expected', 'run the model as it is, and write its outputs beside the inputs')
    .action((model: string, options: InputsOptions) =>
      execute(options, (session) => writeInputsOf(model, options, session)),
    );
}

async function writeInputsOf(path: string, options: InputsOptions, session: Session): Promise<Outcome> {
  const output = requiredOutput(options.output);
  if (options.expected && extname(output).toLowerCase() === '.npz')
    throw new UsageError('An .npz holds inputs only. Name a folder with -o to have outputs beside them.');
  const { openModel } = await import('../worker/open-model.ts');
  const { makeInputs } = await import('../worker/inputs.ts');
  const { writeInputs } = await import('../worker/write-inputs.ts');
  const opened = await openModel(path);
  try {
    const { model } = opened;
    const { dim, seed, inputs: source, expected, threads } = options;
    const { feeds, described } = await makeInputs(model, { dims: dim, seed, path: source });
    const sets = feeds.map((inputs) => ({ inputs }));
    const written = expected ? await withOutputs() : sets;
    const files = await writeInputs(output, written);
    const rows = described.map(({ name, dtype, shape: dims, source: from }) => [name, `${dtype} ${shape(dims)}`, from]);
    const columns = ['input', 'type', 'from'].map((title) => ({ title }));
    return {
      report: { schema: reportSchema, model: opened.path, output, sets: sets.length, inputs: described, files },
      text: () => [`${files.length} files → ${strong(output)}`, table(columns, rows)].join('\n\n'),
    };

    async function withOutputs() {
      const { createEvaluator } = await import('../worker/evaluator.ts');
      const evaluator = createEvaluator(await session.runtime());
      const maps = feeds.map((inputs) => new Map(Object.entries(inputs)));
      const outputs = await evaluator.run({ model, feeds: maps, threads, signal: session.signal });
      await evaluator.dispose();
      return sets.map((set, index) => ({ ...set, outputs: outputs[index]! }));
    }
  } finally {
    await opened.close();
  }
}
