import type { Command } from 'commander';
import { decibels, percent, time } from '../core/report/format.ts';
import type { TuneReport, TuneStep } from '../core/report/report.ts';
import { tuneVerdict } from '../core/report/tune-document.ts';
import type { PackageKind } from '../protocol/worker.ts';
import {
  execute,
  heading,
  type Outcome,
  oneOf,
  positive,
  type RunOptions,
  type Session,
  withRunOptions,
} from './command.ts';
import { UsageError } from './exit.ts';
import { bad, careful, faint, good, pairs, strong, table } from './print.ts';

interface TuneCommandOptions extends RunOptions {
  readonly p90?: number;
  readonly maxMetricDrop?: number;
  readonly minSqnr?: number;
  readonly calibration?: string;
  readonly image?: string;
  readonly labelled?: string;
  readonly output?: string;
  readonly recipe?: string;
  readonly html?: string;
  readonly markdown?: string;
  readonly package?: string;
  readonly as?: PackageKind;
}

/** `opscope tune MODEL --p90 MS` */
export function tuneCommand(program: Command): void {
  withRunOptions(program.command('tune'))
    .description('look for a way to run a model within a time: simplify it, choose threads, quantize it, prune it')
    .argument('<model>', 'an .onnx file')
    .option('--p90 <ms>', 'milliseconds within which 90 % of the runs must end', positive)
    .option('--max-metric-drop <points>', 'percentage points that the metric on labelled data may lose', positive)
    .option('--min-sqnr <db>', 'least signal to noise of a quantized model', positive)
    .option('--calibration <path>', 'data like what the model will see, for static quantization')
    .option('--image <how>', 'how images of the calibration data become numbers, as for quantize')
    .option('--labelled <path>', 'labelled data to measure accuracy on')
    .option('-o, --output <file>', 'where the best model goes')
    .option('--recipe <file>', 'write down how it was made, for apply and check')
    .option('--html <file>', 'write the report as one HTML file')
    .option('--markdown <file>', 'write the report as Markdown')
    .option('--package <folder>', 'write a folder with the best model and what runs it with the settings found')
    .option('--as <kind>', 'what the folder is for: snippet, triton, mlflow', oneOf('snippet', 'triton', 'mlflow'))
    .action((model: string, options: TuneCommandOptions) =>
      execute(options, (session) => tune(model, options, session)),
    );
}

async function tune(path: string, options: TuneCommandOptions, session: Session): Promise<Outcome> {
  const { p90, maxMetricDrop, minSqnr, calibration, image, labelled, output, recipe } = options;
  if (p90 === undefined) throw new UsageError('Say what to reach: --p90 MS.');
  if (maxMetricDrop !== undefined && !labelled)
    throw new UsageError('--max-metric-drop needs data with labels: give --labelled PATH.');
  if (options.package && !output)
    throw new UsageError('The folder is of a model that is written: name it with -o OUT.');
  if (recipe && !output) throw new UsageError('A recipe is of a model that is written: name it with -o OUT.');
  const { openModel } = await import('../worker/open-model.ts');
  const { tuneModel } = await import('../worker/tune.ts');
  const { deliver } = await import('../worker/tune-delivery.ts');
  const { mustBeFree } = await import('../worker/export-package.ts');
  const { protectFromRecipe, protectSource } = await import('../worker/protect.ts');
  const { measurementContext, settingsOf } = await import('./measuring.ts');
  const opened = await openModel(path);
  try {
    if (output) protectSource(opened, output);
    if (recipe) protectFromRecipe(recipe, [path, output]);
    for (const report of [options.html, options.markdown]) if (report) protectSource(opened, report);
    if (options.package) await mustBeFree(options.package);
    const context = await measurementContext(session);
    const request = {
      settings: settingsOf(options),
      p90,
      ...(maxMetricDrop === undefined ? {} : { maxMetricDrop }),
      ...(minSqnr === undefined ? {} : { minSqnr }),
      ...(calibration === undefined ? {} : { calibration }),
      ...(image === undefined ? {} : { image }),
      ...(labelled === undefined ? {} : { labelled }),
    };
    const tuned = await tuneModel(opened, request, context);
    const { html, markdown, package: folder, as: packageKind } = options;
    const wanted = { output, recipe, html, markdown, package: folder, packageKind };
    let recorded: boolean;
    try {
      ({ recorded } = await deliver(opened, tuned, withoutUndefined(wanted), context));
    } finally {
      await tuned.close();
    }
    const { report } = tuned;
    const notes = recipe && !recorded ? ['No recipe is written: nothing that was kept changes the model.'] : [];
    const written = { ...report, ...(output ? { output } : {}), advice: [...report.advice, ...notes] };
    return { report: written, text: () => tuneText(written), code: report.met ? 0 : 1 };
  } finally {
    await opened.close();
  }
}

const withoutUndefined = <T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

function tuneText({
  model,
  target,
  met,
  before,
  after,
  p90,
  order,
  settings,
  steps,
  metric,
  sqnrDb,
  output,
  advice,
}: TuneReport) {
  const threads = settings.threads === 0 ? "ONNX Runtime's choice" : String(settings.threads);
  const paint = met === null ? careful : met ? good : bad;
  const rounds = ({ median, interval: [low, high] }: TuneReport['p90']['after']) =>
    `${time(median)} (${time(low)} to ${time(high)})`;
  const entries: [string, string][] = [
    ['target', `p90 within ${time(target.p90)}: ${paint(tuneVerdict(met))}`],
    ['p90', `${rounds(p90.before)} → ${rounds(p90.after)}`],
    ['median', `${time(before.median)} → ${strong(time(after.median))}`],
    ['threads', threads],
    ...(metric
      ? [[metric.name, `${percent(metric.before)} → ${percent(metric.after)}`] as [string, string]]
      : sqnrDb
        ? [['outputs', `${decibels(sqnrDb)} signal to noise`] as [string, string]]
        : []),
    ...(output ? [['written', output] as [string, string]] : []),
  ];
  return [
    heading(model),
    pairs(entries),
    `${stepsTable(steps)}\n${faint(order)}`,
    ...advice.map((each) => careful(each)),
  ].join('\n\n');
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
