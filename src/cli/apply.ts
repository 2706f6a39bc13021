import type { Command } from 'commander';
import { bytes, decibels, time } from '../core/report/format.ts';
import type { ApplyReport, ModelRecipe } from '../core/report/recipe.ts';
import { outputsSentence } from '../core/report/sentences.ts';
import type { OpenedModel } from '../worker/open-model.ts';
import type { MeasurementContext } from '../worker/profile.ts';
import { execute, type Outcome, requiredOutput, type Session, type TextOptions, withTextOptions } from './command.ts';
import { bad, careful, good, pairs, strong } from './print.ts';
import { savingTo } from './written-model.ts';

interface ApplyOptions extends TextOptions {
  readonly output?: string;
}

/** `opscope apply RECIPE [MODEL] -o OUT` */
export function applyCommand(program: Command): void {
  withTextOptions(program.command('apply'))
    .description('make a model again from its recipe and tell whether it is the same')
    .argument('<recipe>', 'what optimize, quantize or prune wrote with --recipe')
    .argument('[model]', 'the .onnx file to start from; without it, the one that the recipe names')
    .option('-o, --output <file>', 'where the result goes')
    .action((recipe: string, model: string | undefined, options: ApplyOptions) =>
      execute(options, (session) => apply(recipe, model, requiredOutput(options.output), session)),
    );
}

async function apply(path: string, model: string | undefined, output: string, session: Session): Promise<Outcome> {
  const { readRecipe } = await import('../worker/recipe.ts');
  const { openModel } = await import('../worker/open-model.ts');
  const { measurementContext } = await import('./measuring.ts');
  const recipe = await readRecipe(path);
  const opened = await openModel(model ?? recipe.source.path);
  try {
    const weights = recipe.result.weights?.[0]?.name;
    // The weights file keeps the name that the recipe has, which the result names.
    await savingTo(opened, { output, externalData: weights, recipe: path });
    const report = await makeAgain(path, recipe, opened, output, await measurementContext(session));
    const written = { ...report, output };
    return { report: written, text: () => applyText(written), code: report.reproduced ? 0 : 1 };
  } finally {
    await opened.close();
  }
}

/** Replays a recipe, writes the result and compares it with the one that the recipe names. */
export async function makeAgain(
  path: string,
  recipe: ModelRecipe,
  opened: OpenedModel,
  output: string,
  context: MeasurementContext,
): Promise<ApplyReport> {
  const { hashData } = await import('../worker/hash-file.ts');
  const { fingerprint, fingerprintOf, replay, runtimeVersion, sameModel } = await import('../worker/recipe.ts');
  const { saveModel } = await import('../worker/save-model.ts');
  const start = performance.now();
  const { signal, onProgress } = context;
  onProgress?.({ message: 'Reading the source' });
  const found = await fingerprint(opened);
  const source = { path: opened.path, ...found, same: sameModel(found, recipe.source) };
  const data: ApplyReport['data'][number][] = [];
  for (const { data: wanted } of recipe.steps) {
    if (!wanted) continue;
    const sha256 = await hashData(wanted.path);
    data.push({ path: wanted.path, sha256, same: sha256 === wanted.sha256 });
  }
  const made = await replay(opened, recipe.steps, context);
  try {
    const weights = recipe.result.weights?.[0]?.name;
    const external = weights ? ({ weights: 'external', externalName: weights } as const) : {};
    await saveModel(made.model, output, { ...external, signal, onProgress });
  } finally {
    await made.close();
  }
  const result = await fingerprintOf(output);
  const version = await runtimeVersion(context);
  return {
    schema: 1,
    recipe: path,
    source,
    data,
    steps: made.steps,
    result,
    reproduced: sameModel(result, recipe.result),
    differences: [
      ...(source.same ? [] : [`${opened.path} is not the model that the recipe was written for.`]),
      ...data.filter(({ same }) => !same).map((each) => `The data at ${each.path} has changed.`),
      ...(context.opscope === recipe.opscope
        ? []
        : [`The recipe is from Opscope ${recipe.opscope}; this is ${context.opscope}.`]),
      ...(version === recipe.onnxruntime
        ? []
        : [`The recipe was written with ONNX Runtime ${recipe.onnxruntime}; this is ${version}.`]),
    ],
    milliseconds: performance.now() - start,
  };
}

/** What a step did to the outputs. Quantizing is meant to change them: there, how much. */
export function stepSentence({ verdict, sqnrDb }: ApplyReport['steps'][number]): string {
  if (typeof sqnrDb === 'number') return `signal to noise ${decibels(sqnrDb)}`;
  return [outputsSentence(verdict), verdict.reason].filter(Boolean).join(': ');
}

function applyText(report: ApplyReport & { readonly output: string }): string {
  const { recipe, source, steps, result, reproduced, differences, output, milliseconds } = report;
  const entries: [string, string][] = [
    ['source', source.same ? `${source.path}, as the recipe has it` : careful(`${source.path}, another model`)],
    ...steps.map((step): [string, string] => [step.command, stepSentence(step)]),
    ['result', reproduced ? good('the same, byte for byte') : bad('not the one that the recipe names')],
    ['sha-256', result.sha256],
    ['size', bytes(result.bytes)],
    ['time', time(milliseconds)],
    ['written', output],
  ];
  const parts = [strong(recipe), pairs(entries)];
  if (differences.length > 0) parts.push([strong('what differs'), ...differences].join('\n'));
  return parts.join('\n\n');
}
