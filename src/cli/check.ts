import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { bytes, decibels, time } from '../core/report/format.ts';
import type { Gate } from '../core/report/junit.ts';
import type { ApplyReport, CheckReport, ModelRecipe } from '../core/report/recipe.ts';
import type { OpenedModel } from '../worker/open-model.ts';
import type { MeasurementContext } from '../worker/profile.ts';
import { makeAgain, stepSentence } from './apply.ts';
import {
  execute,
  nonNegative,
  type Outcome,
  percentage,
  positive,
  type RunOptions,
  type Session,
  withRunOptions,
} from './command.ts';
import { gateLines, latencyGate, metricGate, outputsGate, requireLabelled } from './compare.ts';
import { pairs, strong } from './print.ts';

interface CheckOptions extends RunOptions {
  readonly maxSlowdown?: number;
  readonly minSqnr?: number;
  readonly maxMetricDrop?: number;
  readonly labelled?: string;
  readonly junit?: string;
}

/** `opscope check RECIPE [MODEL]` */
export function checkCommand(program: Command): void {
  withRunOptions(program.command('check'))
    .description('fail when a recipe no longer gives its model, or that model no longer computes the same')
    .argument('<recipe>', 'what optimize or quantize wrote with --recipe')
    .argument('[model]', 'the .onnx file to start from; without it, the one that the recipe names')
    .option('--max-slowdown <percent>', 'fail when the result is surely slower than this; measures both', percentage)
    .option(
      '--min-sqnr <db>',
      "fail when an output has less signal to noise than this, on --inputs or the recipe's data",
      positive,
    )
    .option(
      '--max-metric-drop <points>',
      'fail when accuracy falls by more percentage points; needs --labelled',
      nonNegative,
    )
    .option('--labelled <path>', 'labelled data to measure the accuracy of both on')
    .option('--junit <file>', 'write the gates as a JUnit report')
    .action((recipe: string, model: string | undefined, options: CheckOptions) =>
      execute(options, (session) => check(recipe, model, options, session)),
    );
}

async function check(
  path: string,
  model: string | undefined,
  options: CheckOptions,
  session: Session,
): Promise<Outcome> {
  const { openModel } = await import('../worker/open-model.ts');
  const { readRecipe } = await import('../worker/recipe.ts');
  const { makeTemporaryFolder } = await import('../worker/model-source.ts');
  const { measurementContext } = await import('./measuring.ts');
  requireLabelled(options);
  const start = performance.now();
  const recipe = await readRecipe(path);
  const source = await openModel(model ?? recipe.source.path);
  const folder = await makeTemporaryFolder();
  try {
    const context = await measurementContext(session);
    const output = join(folder.path, 'result.onnx');
    const applied = await makeAgain(path, recipe, source, output, context);
    const compared = await compareResult(recipe, source, output, options, context);
    const gates = [...recipeGates(applied), ...stepGates(applied, recipe), ...(compared?.gates ?? [])];
    const milliseconds = performance.now() - start;
    if (options.junit) {
      const { toJunit } = await import('../core/report/junit.ts');
      await writeFile(options.junit, toJunit('opscope check', gates, milliseconds / 1000));
    }
    const passed = gates.every((gate) => gate.passed);
    const report: CheckReport = { ...applied, passed, gates, ...compared?.figures, milliseconds };
    return { report, text: () => checkText(report), code: passed ? 0 : 1 };
  } finally {
    await source.close();
    await folder.remove();
  }
}

/** The gates that the options add to those of the recipe, from the source and the result side by side. */
async function compareResult(
  recipe: ModelRecipe,
  source: OpenedModel,
  output: string,
  options: CheckOptions,
  context: MeasurementContext,
): Promise<{ gates: readonly Gate[]; figures: Pick<CheckReport, 'outputs' | 'latency'> } | undefined> {
  const { minSqnr, maxSlowdown, maxMetricDrop, labelled, inputs } = options;
  const judgesOutputs = minSqnr !== undefined || inputs !== undefined;
  if (!judgesOutputs && maxSlowdown === undefined && maxMetricDrop === undefined) return undefined;
  const { compareModels } = await import('../worker/compare.ts');
  const { openModel } = await import('../worker/open-model.ts');
  const { measuredModel, settingsOf } = await import('./measuring.ts');
  const dim = { ...Object.assign({}, ...recipe.steps.map(({ dims }) => dims)), ...options.dim };
  // Made inputs are not what a model was calibrated for: where there is data, only that counts.
  const samples = inputs ?? recipe.steps.findLast(({ data }) => data)?.data?.path;
  const result = await openModel(output);
  try {
    const comparison = await compareModels(
      await measuredModel(source),
      await measuredModel(result),
      {
        settings: settingsOf({ ...options, dim }),
        level: 'all',
        samples,
        labelled,
        measure: maxSlowdown !== undefined,
      },
      context,
    );
    const { outputs, latency } = comparison;
    return {
      gates: [
        ...(judgesOutputs ? [outputsGate(comparison, minSqnr ?? recordedSqnr(recipe))] : []),
        ...(maxMetricDrop === undefined ? [] : [metricGate(comparison, maxMetricDrop)]),
        ...(maxSlowdown === undefined ? [] : [latencyGate(comparison, maxSlowdown)]),
      ],
      figures: { outputs, ...(latency ? { latency } : {}) },
    };
  } finally {
    await result.close();
  }
}

/** The signal to noise that the result was accepted with; none when its outputs have to be the same. */
function recordedSqnr({ steps }: ModelRecipe): number | undefined {
  const limits = steps.flatMap((step) => (step.command === 'optimize' ? [] : [step.minSqnr]));
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/** Every step passes again by what it was accepted by. A step that was not verified then is not now. */
function stepGates({ steps }: ApplyReport, recipe: ModelRecipe): Gate[] {
  return steps.flatMap((done, index) => {
    const step = recipe.steps[index]!;
    if (step.command === 'optimize' && !step.verify) return [];
    const { status } = done.verdict;
    const limit = step.command !== 'optimize' ? `, at least ${decibels(step.minSqnr)} in the recipe` : '';
    const message = `${stepSentence(done)}${limit}`;
    return [{ name: `${step.command} outputs`, passed: status === 'equal' || status === 'close', message }];
  });
}

function recipeGates({ source, data, reproduced, differences }: ApplyReport): Gate[] {
  const why = differences.length > 0 ? differences.join(' ') : 'Nothing else differs but the machine.';
  return [
    {
      name: 'source',
      passed: source.same,
      message: source.same ? 'as the recipe has it' : `${source.path} is another model`,
    },
    ...data.map(({ path, same }) => ({
      name: 'data',
      passed: same,
      message: `${path} is ${same ? 'as the recipe has it' : 'other data'}`,
    })),
    {
      name: 'result',
      passed: reproduced,
      message: reproduced ? 'the same, byte for byte' : `not the one that the recipe names. ${why}`,
    },
  ];
}

function checkText({ recipe, source, result, gates, milliseconds }: CheckReport): string {
  return [
    strong(recipe),
    pairs([
      ['source', source.path],
      ['size', bytes(result.bytes)],
      ['time', time(milliseconds)],
    ]),
    gateLines(gates),
  ].join('\n\n');
}
