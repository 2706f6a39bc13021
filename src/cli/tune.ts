import type { Command } from 'commander';
import { decibels, percent, time } from '../core/report/format.ts';
import type { TuneReport, TuneStep } from '../core/report/report.ts';
import { execute, heading, type Outcome, positive, type RunOptions, type Session, withRunOptions } from './command.ts';
import { UsageError } from './exit.ts';
import { bad, careful, good, pairs, strong, table } from './print.ts';

interface TuneCommandOptions extends RunOptions {
  readonly p90?: number;
  readonly maxMetricDrop?: number;
  readonly minSqnr?: number;
  readonly calibration?: string;
  readonly labelled?: string;
  readonly output?: string;
  readonly recipe?: string;
}

/** `opscope tune MODEL --p90 MS` */
export function tuneCommand(program: Command): void {
  withRunOptions(program.command('tune'))
    .description('look for a way to run a model within a time: simplify it, choose threads, quantize it')
    .argument('<model>', 'an .onnx file')
    .option('--p90 <ms>', 'milliseconds within which 90 % of the runs must end', positive)
    .option('--max-metric-drop <points>', 'percentage points that the metric on labelled data may lose', positive)
    .option('--min-sqnr <db>', 'least signal to noise of a quantized model', positive)
    .option('--calibration <path>', 'data like what the model will see, for static quantization')
    .option('--labelled <path>', 'labelled data to measure accuracy on')
    .option('-o, --output <file>', 'where the best model goes')
    .option('--recipe <file>', 'write down how it was made, for apply and check')
    .action((model: string, options: TuneCommandOptions) =>
      execute(options, (session) => tune(model, options, session)),
    );
}

async function tune(path: string, options: TuneCommandOptions, session: Session): Promise<Outcome> {
  const { p90, maxMetricDrop, minSqnr, calibration, labelled, output, recipe } = options;
  if (p90 === undefined) throw new UsageError('Say what to reach: --p90 MS.');
  if (maxMetricDrop !== undefined && !labelled)
    throw new UsageError('--max-metric-drop needs data with labels: give --labelled PATH.');
  if (recipe && !output) throw new UsageError('A recipe is of a model that is written: name it with -o OUT.');
  const { openModel } = await import('../worker/open-model.ts');
  const { tuneModel } = await import('../worker/tune.ts');
  const { saveModel } = await import('../worker/save-model.ts');
  const { protectFromRecipe, protectSource } = await import('../worker/protect.ts');
  const { recordRecipe } = await import('../worker/recipe.ts');
  const { measurementContext, settingsOf } = await import('./measuring.ts');
  const opened = await openModel(path);
  try {
    if (output) protectSource(opened, output);
    if (recipe) protectFromRecipe(recipe, [path, output]);
    const context = await measurementContext(session);
    const request = {
      settings: settingsOf(options),
      p90,
      ...(maxMetricDrop === undefined ? {} : { maxMetricDrop }),
      ...(minSqnr === undefined ? {} : { minSqnr }),
      ...(calibration === undefined ? {} : { calibration }),
      ...(labelled === undefined ? {} : { labelled }),
    };
    const { report, model, steps, close } = await tuneModel(opened, request, context);
    try {
      if (output) await saveModel(model, output, { signal: session.signal, onProgress: session.onProgress });
      if (recipe && output && steps.length > 0) await recordRecipe(recipe, { source: opened, steps, output }, context);
    } finally {
      await close();
    }
    const written = output ? { ...report, output } : report;
    return { report: written, text: () => tuneText(written), code: report.met ? 0 : 1 };
  } finally {
    await opened.close();
  }
}

function tuneText({ model, target, met, before, after, settings, steps, metric, sqnrDb, output, advice }: TuneReport) {
  const threads = settings.threads === 0 ? "ONNX Runtime's choice" : String(settings.threads);
  const entries: [string, string][] = [
    ['target', `p90 within ${time(target.p90)}: ${met ? good('met') : bad('missed')}`],
    ['median', `${time(before.median)} → ${strong(time(after.median))}`],
    ['threads', threads],
    ...(metric
      ? [[metric.name, `${percent(metric.before)} → ${percent(metric.after)}`] as [string, string]]
      : sqnrDb
        ? [['outputs', `${decibels(sqnrDb)} signal to noise`] as [string, string]]
        : []),
    ...(output ? [['written', output] as [string, string]] : []),
  ];
  return [heading(model), pairs(entries), stepsTable(steps), ...advice.map((each) => careful(each))].join('\n\n');
}

function stepsTable(steps: readonly TuneStep[]): string {
  return table(
    [{ title: 'step' }, { title: '' }, { title: 'p90', align: 'right' }, { title: 'what' }, { title: 'why' }],
    steps.map(({ step, what, kept, why, p90 }) => [
      step,
      kept ? good('kept') : 'left',
      p90 === undefined ? '' : time(p90),
      what,
      why,
    ]),
  );
}
