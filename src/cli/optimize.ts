import type { Command } from 'commander';
import { bytes, change, count, time } from '../core/report/format.ts';
import type { OptimizeReport } from '../core/report/report.ts';
import { latencySentence, outputsSentence } from '../core/report/sentences.ts';
import type { SaveAhead } from '../worker/save-ahead.ts';
import {
  collect,
  execute,
  heading,
  type Outcome,
  oneOf,
  type RunOptions,
  requiredOutput,
  type Session,
  count as wholeNumber,
  withRunOptions,
} from './command.ts';
import { UsageError } from './exit.ts';
import { bad, careful, good, pairs, strong, table } from './print.ts';
import { savingTo, withExternalData } from './written-model.ts';

interface OptimizeOptions extends RunOptions {
  readonly output?: string;
  readonly preset: 'exact' | 'default' | 'aggressive';
  readonly pass?: readonly string[];
  readonly skip?: readonly string[];
  readonly listPasses?: boolean;
  readonly verify: boolean;
  readonly opset?: number;
  readonly keepOverridable?: boolean;
  readonly maxGrowth?: number;
  readonly measure?: boolean;
  readonly externalData?: string;
  readonly recipe?: string;
}

/** `opscope optimize MODEL -o OUT` */
export function optimizeCommand(program: Command): void {
  withExternalData(withRunOptions(program.command('optimize')))
    .description('simplify a model and show that it still computes the same')
    .argument('[model]', 'an .onnx file')
    .option('-o, --output <file>', 'where the result goes')
    .option('--preset <name>', 'exact, default or aggressive', oneOf('exact', 'default', 'aggressive'), 'default')
    .option('--pass <name>', 'only this pass; repeat for more', collect)
    .option('--skip <name>', 'not this pass; repeat for more', collect)
    .option('--list-passes', 'list the passes and end')
    .option(
      '--opset <n>',
      'raise the model to this operator set, as far as its operators can be converted',
      wholeNumber,
    )
    .option('--keep-overridable', 'keep weights that a caller may override as they are')
    .option(
      '--max-growth <bytes>',
      'how much larger computing constants ahead may make the file, in all (default: 16384, or 1/50 of the weights)',
      wholeNumber,
    )
    .option('--measure', 'measure both models; a pass that makes the result slower is taken back')
    .option('--no-verify', 'do not run both models to compare them')
    .option('--recipe <file>', 'write down how the result was made, for apply and check')
    .action((model: string | undefined, options: OptimizeOptions) =>
      execute(options, (session) =>
        options.listPasses ? listPasses() : optimize(requiredModel(model), options, session),
      ),
    );
}

const requiredModel = (model: string | undefined): string => {
  if (model) return model;
  throw new UsageError('Name the model to optimize: opscope optimize MODEL -o OUT.');
};

async function listPasses(): Promise<Outcome> {
  const { catalog } = await import('../core/passes/catalog.ts');
  const passes = catalog.map(({ name, title, summary, exactness }) => ({ name, title, summary, exactness }));
  const text = () =>
    table(
      [{ title: 'pass' }, { title: 'exactness' }, { title: 'does' }],
      passes.map(({ name, exactness, title }) => [name, exactness, title]),
    );
  return { report: { schema: 1, passes }, text };
}

async function optimize(path: string, options: OptimizeOptions, session: Session): Promise<Outcome> {
  const output = requiredOutput(options.output);
  const { openModel } = await import('../worker/open-model.ts');
  const { recordRecipe, runOptimizeStep } = await import('../worker/recipe.ts');
  const { saveAhead } = await import('../worker/save-ahead.ts');
  const { measurementContext, settingsOf } = await import('./measuring.ts');
  const { pass, skip, inputs, opset, externalData, preset, verify, seed, dim, recipe, maxGrowth } = options;
  const { signal, onProgress } = session;
  const opened = await openModel(path);
  let target: SaveAhead | undefined;
  try {
    target = saveAhead(output, { ...(await savingTo(opened, { output, externalData, recipe })), signal });
    const step = {
      command: 'optimize',
      preset,
      ...(pass ? { passes: pass } : {}),
      ...(skip ? { skip } : {}),
      ...(opset === undefined ? {} : { targetOpset: opset }),
      ...(options.keepOverridable ? { keepOverridable: true } : {}),
      ...(maxGrowth === undefined ? {} : { maxFoldGrowth: maxGrowth }),
      dims: dim,
      seed,
      ...(inputs ? { data: { path: inputs } } : {}),
      verify,
    } as const;
    const context = await measurementContext(session);
    const { model, report } = await runOptimizeStep(opened, step, context, {
      onCandidate: target.begin,
      measure: options.measure ? settingsOf(options) : undefined,
    });
    onProgress({ message: 'Writing' });
    await target.save(model);
    // Replaying measures nothing.
    const costly = report.rolledBack.filter(({ kind }) => kind === 'latency').map((each) => each.pass);
    const done = costly.length > 0 ? { ...step, skip: [...(skip ?? []), ...costly] } : step;
    if (recipe) await recordRecipe(recipe, { source: opened, steps: [done], output }, context);
    const written = { ...report, output };
    const code = report.verdict.status === 'different' ? 1 : 0;
    return { report: written, text: () => optimizeText(written), code };
  } finally {
    await target?.close();
    await opened.close();
  }
}

export function optimizeText(report: OptimizeReport): string {
  const { before, after, verdict, passes, rolledBack, latency, problems, output } = report;
  const paint = verdict.status === 'different' ? bad : verdict.status === 'not-run' ? careful : good;
  const entries: [string, string][] = [
    ['nodes', `${count(before.nodes)} → ${count(after.nodes)}  ${change(before.nodes, after.nodes)}`],
    ['size', `${bytes(before.bytes)} → ${bytes(after.bytes)}  ${change(before.bytes, after.bytes)}`],
    ['outputs', `${paint(outputsSentence(verdict))}${verdict.reason ? `: ${verdict.reason}` : ''}`],
    ...(latency ? [['latency', latencySentence(latency)] as [string, string]] : []),
    ['time', time(report.milliseconds)],
    ...(output ? [['written', output] as [string, string]] : []),
  ];
  const parts = [heading(report.model), pairs(entries)];
  const right = 'right' as const;
  if (passes.length > 0) {
    parts.push(
      table(
        [
          { title: 'pass' },
          { title: 'rewrites', align: right },
          { title: 'removed', align: right },
          { title: 'added', align: right },
          { title: 'time', align: right },
        ],
        passes.map(({ name, rewrites, removed, added, milliseconds }) => [
          name,
          count(rewrites),
          count(removed),
          count(added),
          time(milliseconds),
        ]),
      ),
    );
  }
  if (rolledBack.length > 0) {
    parts.push([strong('taken back'), ...rolledBack.map(({ pass, reason }) => `${pass}: ${reason}`)].join('\n'));
  }
  if (problems.length > 0) parts.push([strong('notes'), ...problems].join('\n'));
  return parts.join('\n\n');
}
