import { type Command, InvalidArgumentError } from 'commander';
import { bytes, change, count, decibels } from '../core/report/format.ts';
import type { PrunePattern, PruneReport } from '../core/report/report.ts';
import { changedOutputsSentence } from '../core/report/sentences.ts';
import {
  collect,
  execute,
  heading,
  nodesNamed,
  type Outcome,
  oneOf,
  positive,
  type RunOptions,
  requiredOutput,
  type Session,
  withRunOptions,
} from './command.ts';
import { costAndGain } from './cost-and-gain.ts';
import { UsageError } from './exit.ts';
import { bad, careful, faint, good, pairs, shortened, strong, table } from './print.ts';
import { savingTo, withExternalData } from './written-model.ts';

interface PruneOptions extends RunOptions {
  readonly output?: string;
  readonly pattern: PrunePattern;
  readonly ratio?: number;
  readonly exclude?: readonly string[];
  readonly labelled?: string;
  readonly minSqnr?: number;
  readonly measure: boolean;
  readonly verify: boolean;
  readonly externalData?: string;
  readonly recipe?: string;
}

/** `opscope prune MODEL -o OUT` */
export function pruneCommand(program: Command): void {
  withExternalData(withRunOptions(program.command('prune')))
    .description('take the weakest channels or smallest weights out of a model, and measure what that costs and gains')
    .argument('<model>', 'an .onnx file')
    .option('-o, --output <file>', 'where the result goes')
    .option(
      '--pattern <name>',
      'channels: whole channels go, which makes every kernel faster; unstructured or 2:4: weights become 0, which ONNX Runtime gains nothing by',
      oneOf('channels', 'unstructured', '2:4'),
      'channels',
    )
    .option('--ratio <share>', 'the share that goes, between 0 and 1', share)
    .option(
      '--exclude <node>',
      'name of a node that stays as it is, or op:TYPE for all of a type; repeat for more',
      collect,
    )
    .option('--labelled <path>', 'labelled data to measure accuracy on')
    .option('--min-sqnr <db>', 'fail below this signal to noise of the outputs', positive)
    .option('--no-measure', 'do not measure latency')
    .option('--no-verify', 'do not run both models to compare them')
    .option('--recipe <file>', 'write down how the result was made, for apply and check')
    .action((model: string, options: PruneOptions) => execute(options, (session) => prune(model, options, session)));
}

function share(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError('It is a share between 0 and 1, such as 0.3.');
  return value;
}

async function prune(path: string, options: PruneOptions, session: Session): Promise<Outcome> {
  const output = requiredOutput(options.output);
  const { pattern, recipe, labelled, minSqnr, measure, verify, dim: dims, seed, inputs } = options;
  if (pattern !== '2:4' && options.ratio === undefined)
    throw new UsageError('Say which share is to go: --ratio 0.3 takes the weakest three of ten.');
  const { openModel } = await import('../worker/open-model.ts');
  const { usableSqnr } = await import('../worker/prune.ts');
  const { recordRecipe, runPruneStep } = await import('../worker/recipe.ts');
  const { saveModel } = await import('../worker/save-model.ts');
  const { measurementContext, settingsOf } = await import('./measuring.ts');
  const opened = await openModel(path);
  try {
    const saving = await savingTo(opened, { output, externalData: options.externalData, recipe });
    const context = await measurementContext(session);
    const excluded = await nodesNamed(opened.model, options.exclude ?? []);
    const step = {
      command: 'prune',
      pattern,
      ratio: pattern === '2:4' ? 0.5 : options.ratio!,
      keep: excluded.flatMap(({ outputs }) => outputs.slice(0, 1)),
      minSqnr: minSqnr ?? usableSqnr,
      dims,
      seed,
      ...(inputs === undefined ? {} : { data: { path: inputs } }),
    } as const;
    const besides = { settings: settingsOf(options), measure, verify, ...(labelled ? { labelled } : {}) };
    const { model, report } = await runPruneStep(opened, step, context, besides);
    await saveModel(model, output, { ...saving, signal: session.signal, onProgress: session.onProgress });
    // Without a limit, what was accepted is the limit from now on.
    const accepted = minSqnr ?? Math.min(usableSqnr, Math.floor(report.sqnrDb ?? usableSqnr));
    const recorded = { ...step, minSqnr: accepted };
    if (recipe) await recordRecipe(recipe, { source: opened, steps: [recorded], output }, context);
    const written = { ...report, output };
    // Pruning without training always costs something: it fails only where a limit was set.
    const failed = minSqnr !== undefined && report.verdict.status === 'different';
    return { report: written, text: () => pruneText(written), code: failed ? 1 : 0 };
  } finally {
    await opened.close();
  }
}

/** Sets of layers that are listed. */
const shownSets = 12;

export function pruneText(report: PruneReport): string {
  const { channels, weights, before, after, verdict, sqnrDb, advice } = report;
  const paint = verdict.status === 'different' ? bad : verdict.status === 'not-run' ? careful : good;
  const quality = [
    changedOutputsSentence(verdict),
    ...(sqnrDb === null ? [] : [`signal to noise ${decibels(sqnrDb)}`]),
  ];
  const entries: [string, string][] = [
    ['pattern', report.pattern],
    ...(channels ? [['channels', `${count(channels.removed)} of ${count(channels.of)} went`] as [string, string]] : []),
    ...(weights ? [['weights', `${count(weights.zeros)} of ${count(weights.of)} are 0`] as [string, string]] : []),
    ['size', `${bytes(before.bytes)} → ${bytes(after.bytes)}  ${change(before.bytes, after.bytes)}`],
    ['outputs', paint(quality.join(', '))],
    ...costAndGain(report),
  ];
  const parts = [heading(report.model), pairs(entries)];
  if (channels) parts.push(setsText(channels.sets));
  parts.push([strong('advice'), ...advice].join('\n'));
  return parts.join('\n\n');
}

function setsText(sets: NonNullable<PruneReport['channels']>['sets']): string {
  const right = 'right' as const;
  const cut = sets.filter(({ channels, left }) => left < channels);
  const rows = cut
    .slice(0, shownSets)
    .map(({ layers, channels, left }) => [
      shortened(layers.join(', '), 60),
      count(layers.length),
      count(channels),
      count(left),
    ]);
  const more = cut.length > shownSets ? `\n${faint(`and ${count(cut.length - shownSets)} more sets`)}` : '';
  const head = [
    { title: 'layers that share channels' },
    { title: 'layers', align: right },
    { title: 'channels', align: right },
    { title: 'left', align: right },
  ];
  return `${table(head, rows)}${more}`;
}
