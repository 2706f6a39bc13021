import { type Command, InvalidArgumentError } from 'commander';
import type { Model } from '../core/graph/model.ts';
import { type BlockMethod, blockMethods } from '../core/quantize/blocks.ts';
import { nodeTypes } from '../core/quantize/node-types.ts';
import { bytes, change, count, decibels } from '../core/report/format.ts';
import type { QuantizeReport } from '../core/report/report.ts';
import { changedOutputsSentence } from '../core/report/sentences.ts';
import type { Budget } from '../worker/quantize-budget.ts';
import { budget, candidatesTable } from './budget.ts';
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
import { bad, careful, good, pairs, shortened, strong } from './print.ts';

interface QuantizeOptions extends RunOptions {
  readonly output?: string;
  readonly scheme: string;
  readonly calibration?: string;
  readonly image?: string;
  readonly randomCalibration?: boolean;
  readonly method?: string;
  readonly blockSize?: number;
  readonly blockMethod?: BlockMethod;
  readonly exclude?: readonly string[];
  readonly nodeType?: readonly string[];
  readonly perTensor?: boolean;
  readonly activations?: (typeof activationTypes)[number];
  readonly prune?: number | '2:4';
  readonly equalize?: boolean;
  readonly smooth?: number | 'search';
  readonly labelled?: string;
  readonly budget?: Budget;
  readonly minSqnr?: number;
  readonly measure: boolean;
  readonly verify: boolean;
  readonly recipe?: string;
}

const calibrationMethods = ['minmax', 'moving-average', 'percentile', 'entropy', 'mse'] as const;

const schemes = ['dynamic-int8', 'static-int8', 'int8-weights', 'int4-weights', 'fp16', 'auto'] as const;

const activationTypes = ['uint8', 'int8', 'uint16', 'int16'] as const;

/** `opscope quantize MODEL -o OUT` */
export function quantizeCommand(program: Command): void {
  withRunOptions(program.command('quantize'))
    .description('quantize a model, compare its outputs and measure what it gains')
    .argument('<model>', 'an .onnx file')
    .option('-o, --output <file>', 'where the result goes')
    .option('--scheme <name>', schemes.join(', '), oneOf(...schemes), 'dynamic-int8')
    .option(
      '--calibration <path>',
      'data for static-int8, and to find what overflows in fp16: .npz, .npy, .jsonl, or a folder of .npz, .npy, .pb or images',
    )
    .option(
      '--image <how>',
      'how images become numbers: imagenet, unit, symmetric, or resize=256,crop=224,mean=0.485/0.456/0.406,std=…,scale=1/255,layout=nchw,channels=rgb',
    )
    .option('--random-calibration', 'make calibration data up; good for trying speed, not for accuracy')
    .option('--method <name>', `how ranges are found: ${calibrationMethods.join(', ')}`, oneOf(...calibrationMethods))
    .option(
      '--block-size <n>',
      'int8-weights, int4-weights: elements that share a scale, a power of two from 16',
      blockSize,
    )
    .option(
      '--block-method <name>',
      `int8-weights, int4-weights: how scales are found: ${blockMethods.join(', ')}; gptq needs calibration data`,
      oneOf(...blockMethods),
    )
    .option('--exclude <node>', 'name of a node that stays float; repeat for more', collect)
    .option(
      '--node-type <node=type>',
      `static-int8: a type for one node, or for all of op:TYPE: ${nodeTypes.join(', ')}; repeat for more`,
      collect,
    )
    .option('--per-tensor', 'one scale a tensor, not one a channel')
    .option('--activations <type>', `static-int8: ${activationTypes.join(', ')}`, oneOf(...activationTypes))
    .option('--prune <share>', 'first set the smallest weights to 0: this share of them, or 2:4', pruning)
    .option('--equalize', 'first scale the channels between convolutions to like sizes')
    .option('--smooth <strength>', 'SmoothQuant: 0 to 1, or search; needs calibration data', smoothing)
    .option('--labelled <path>', 'labelled data to measure accuracy on')
    .option(
      '--budget <limits>',
      'auto: limits that the result keeps: sqnr=30 (dB), drop=0.5 (points of the metric), size=0.3 (of the model) or size=20MB, with commas between',
      budget,
    )
    .option('--min-sqnr <db>', 'least signal to noise; below it the outputs count as different', positive)
    .option('--no-measure', 'do not measure latency')
    .option('--no-verify', 'do not compare the outputs')
    .option('--recipe <file>', 'write down how the result was made, for apply and check')
    .action((model: string, options: QuantizeOptions) =>
      execute(options, (session) => quantize(model, options, session)),
    );
}

async function quantize(path: string, options: QuantizeOptions, session: Session): Promise<Outcome> {
  const output = requiredOutput(options.output);
  if (options.scheme === 'static-int8' && !options.calibration && !options.randomCalibration) {
    throw new UsageError(
      'static-int8 needs data like what the model will see: give --calibration PATH, or --random-calibration to try its speed.',
    );
  }
  const { openModel } = await import('../worker/open-model.ts');
  const { protectFromRecipe, protectSource } = await import('../worker/protect.ts');
  const { quantizeModel } = await import('../worker/quantize.ts');
  const { saveModel } = await import('../worker/save-model.ts');
  const { measuredModel, measurementContext, settingsOf } = await import('./measuring.ts');
  const { scheme, calibration, randomCalibration, method, labelled, minSqnr, verify, measure, recipe } = options;
  const opened = await openModel(path);
  try {
    protectSource(opened, output);
    if (recipe) protectFromRecipe(recipe, [path, output]);
    const context = await measurementContext(session);
    const { model, report, decided } = await quantizeModel(
      await measuredModel(opened),
      {
        settings: settingsOf(options),
        scheme,
        perChannel: !options.perTensor,
        exclude: (await nodesNamed(opened.model, options.exclude ?? [])).map(({ id }) => id),
        ...(options.nodeType ? { typed: await typedNodes(opened.model, options.nodeType) } : {}),
        verify,
        measure,
        ...(calibration ? { calibration } : {}),
        ...(options.image === undefined ? {} : { image: options.image }),
        ...(randomCalibration ? { randomCalibration } : {}),
        ...(options.activations ? { activations: options.activations } : {}),
        ...(options.prune === undefined ? {} : { prune: options.prune }),
        ...(options.equalize ? { equalize: true } : {}),
        ...(options.smooth === undefined ? {} : { smooth: options.smooth }),
        ...(method ? { method } : {}),
        ...(options.blockSize === undefined ? {} : { blockSize: options.blockSize }),
        ...(options.blockMethod === undefined ? {} : { blockMethod: options.blockMethod }),
        ...(labelled ? { labelled } : {}),
        ...(minSqnr === undefined ? {} : { minSqnr }),
        ...options.budget,
      },
      context,
    );
    if (report.keepFloat) return { report, text: () => quantizeText(report), code: 1 };
    await saveModel(model, output, { signal: session.signal, onProgress: session.onProgress });
    if (recipe) {
      const { recordRecipe } = await import('../worker/recipe.ts');
      const step = {
        command: 'quantize',
        ...decided,
        ...(calibration ? { data: { path: calibration } } : {}),
        ...(options.image === undefined ? {} : { image: options.image }),
        ...(randomCalibration ? { randomCalibration } : {}),
        dims: options.dim,
        seed: options.seed,
      } as const;
      await recordRecipe(recipe, { source: opened, steps: [step], output }, context);
    }
    const written = { ...report, output };
    return { report: written, text: () => quantizeText(written), code: report.verdict.status === 'different' ? 1 : 0 };
  } finally {
    await opened.close();
  }
}

function pruning(text: string): number | '2:4' {
  if (text === '2:4') return text;
  const share = Number(text);
  if (!(share > 0 && share < 1)) throw new InvalidArgumentError('It is a share between 0 and 1, such as 0.5, or 2:4.');
  return share;
}

function blockSize(text: string): number {
  const size = Number(text);
  if (!(size >= 16 && size <= 4096 && Number.isInteger(Math.log2(size))))
    throw new InvalidArgumentError('It is a power of two from 16 to 4096: ONNX Runtime knows no other.');
  return size;
}

function smoothing(text: string): number | 'search' {
  const strength = Number(text);
  if (text === 'search') return text;
  if (text.trim() === '' || !(strength >= 0 && strength <= 1))
    throw new InvalidArgumentError('It is a number from 0 to 1, or search.');
  return strength;
}

/** What `--node-type` asks for: `NAME=uint16`, or `op:Conv=per-tensor`. */
async function typedNodes(model: Model, asked: readonly string[]) {
  const { Draft } = await import('../core/graph/draft.ts');
  const all = new Draft(model).main.nodes();
  return asked.map((text) => {
    const end = text.lastIndexOf('=');
    const name = text.slice(0, Math.max(end, 0));
    const type = nodeTypes.find((each) => each === text.slice(end + 1));
    if (name === '' || !type)
      throw new UsageError(`--node-type takes NODE=TYPE with one of ${nodeTypes.join(', ')}, not ${text}.`);
    const nodes = all.filter((node) => (name.startsWith('op:') ? node.opType === name.slice(3) : node.name === name));
    if (nodes.length === 0)
      throw new UsageError(
        name.startsWith('op:')
          ? `The model has no ${name.slice(3)}. List its nodes with inspect --nodes.`
          : `The model has no node named ${name}. List them with inspect --nodes.`,
      );
    return { name, nodes: nodes.map(({ id }) => id), type };
  });
}

/** Nodes that a reason names; the rest is counted. */
const shownKept = 3;

/** One line a reason, with how many nodes it holds for. */
function keptLines(kept: QuantizeReport['kept']): readonly string[] {
  const byReason = new Map<string, string[]>();
  for (const { node, reason } of kept) byReason.set(reason, [...(byReason.get(reason) ?? []), node]);
  return [...byReason].map(([reason, nodes]) => {
    const named = nodes.slice(0, shownKept).map((node) => shortened(node, 60));
    const more = nodes.length > shownKept ? ` and ${count(nodes.length - shownKept)} more` : '';
    return `${named.join(', ')}${more}: ${reason}`;
  });
}

export function quantizeText(report: QuantizeReport): string {
  const { quantized, fused, kept, before, after, verdict, sqnrDb, calibration, advice, problems } = report;
  const paint = verdict.status === 'different' ? bad : verdict.status === 'not-run' ? careful : good;
  const quality = [
    changedOutputsSentence(verdict),
    ...(sqnrDb === null ? [] : [`signal to noise ${decibels(sqnrDb)}`]),
  ];
  const entries: [string, string][] = [
    ['scheme', report.scheme],
    ...(calibration
      ? [
          ['calibration', `${count(calibration.samples)} samples, ${calibration.method}, ${calibration.source}`] as [
            string,
            string,
          ],
        ]
      : []),
    ['quantized', `${count(quantized.nodes)} of ${count(quantized.of)} nodes`],
    ['integer', `${count(fused.nodes)} of ${count(fused.of)} run with an integer kernel`],
    ['size', `${bytes(before.bytes)} → ${bytes(after.bytes)}  ${change(before.bytes, after.bytes)}`],
    ['outputs', paint(quality.join(', '))],
    ...costAndGain(report),
  ];
  const parts = [heading(report.model)];
  if (report.keepFloat)
    parts.push(careful('Nothing is written: the float model is best. Of what was tried, the best is:'));
  parts.push(pairs(entries));
  if (report.candidates) parts.push(candidatesTable(report.candidates));
  if (kept.length > 0) parts.push([strong('kept in float'), ...keptLines(kept)].join('\n'));
  if (advice.length > 0) parts.push([strong('advice'), ...advice].join('\n'));
  if (problems.length > 0) parts.push([strong('notes'), ...problems.map((problem) => careful(problem))].join('\n'));
  return parts.join('\n\n');
}
