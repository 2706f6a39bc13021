import { type Command, InvalidArgumentError } from 'commander';
import type { Model } from '../core/graph/model.ts';
import { type BlockMethod, blockMethods } from '../core/quantize/blocks.ts';
import { type QuantizedFormat, quantizedFormats } from '../core/quantize/formats.ts';
import { nodeTypes } from '../core/quantize/node-types.ts';
import { keepSmall } from '../protocol/garbage.ts';
import type { Budget } from '../worker/quantize-budget.ts';
import { budget } from './budget.ts';
import {
  collect,
  execute,
  nodesCalled,
  nodesNamed,
  type Outcome,
  oneOf,
  positive,
  type RunOptions,
  requiredOutput,
  type Session,
  withRunOptions,
} from './command.ts';
import { UsageError } from './exit.ts';
import { quantizeText } from './quantize-text.ts';
import { savingTo, withExternalData } from './written-model.ts';

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
  readonly target?: keyof typeof targets;
  readonly symmetric?: boolean;
  readonly weights?: 'int8' | 'uint8';
  readonly percentile?: number;
  readonly movingAverageRate?: number;
  readonly correctBias: boolean;
  readonly format?: QuantizedFormat;
  readonly prune?: number | '2:4';
  readonly equalize?: boolean;
  readonly smooth?: number | 'search';
  readonly labelled?: string;
  readonly budget?: Budget;
  readonly minSqnr?: number;
  readonly calibrationCache?: string;
  readonly sensitivity?: boolean;
  readonly errors?: number | true;
  readonly measure: boolean;
  readonly verify: boolean;
  readonly externalData?: string;
  readonly recipe?: string;
}

const calibrationMethods = ['minmax', 'moving-average', 'percentile', 'entropy', 'mse'] as const;

const schemes = ['dynamic-int8', 'static-int8', 'int8-weights', 'int4-weights', 'fp16', 'auto'] as const;

const activationTypes = ['uint8', 'int8', 'uint16', 'int16'] as const;

/** What processors want that this one is not. With 8-bit products that do not saturate, weights need all of their bits. */
const targets = {
  x64: { activations: 'uint8' },
  arm: { activations: 'int8', reduceRange: false },
  npu: { activations: 'uint16', reduceRange: false },
} as const;

/** `opscope quantize MODEL -o OUT` */
export function quantizeCommand(program: Command): void {
  withExternalData(withRunOptions(program.command('quantize')))
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
    .option('--calibration-cache <file>', 'keep what calibration found there, and go on from it when interrupted')
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
    .option(
      '--exclude <node>',
      'name of a node that stays float, or op:TYPE for all of a type; repeat for more',
      collect,
    )
    .option(
      '--node-type <node=type>',
      `static-int8: a type for one node, or for all of op:TYPE: ${nodeTypes.join(', ')}; repeat for more`,
      collect,
    )
    .option('--per-tensor', 'one scale a tensor, not one a channel')
    .option('--activations <type>', `static-int8: ${activationTypes.join(', ')}`, oneOf(...activationTypes))
    .option(
      '--target <name>',
      'static-int8 for another processor than this: x64, arm (signed activations), npu (16-bit activations)',
      oneOf(...(Object.keys(targets) as (keyof typeof targets)[])),
    )
    .option('--symmetric', 'static-int8: activations with the zero point in the middle')
    .option('--weights <type>', 'static-int8: int8, uint8', oneOf('int8', 'uint8'))
    .option('--percentile <share>', 'method percentile: share in percent that stays in range; 99.999', percentile)
    .option('--moving-average-rate <rate>', 'method moving-average: how far a sample moves a range; 0.01', rate)
    .option('--no-correct-bias', 'static-int8: leave biases as they are, whatever rounded weights shift')
    .option(
      '--format <name>',
      'static-int8: qdq, conversions around float nodes; or qoperator, operators on integers',
      oneOf(...quantizedFormats),
    )
    .option('--prune <share>', 'first set the smallest weights to 0: this share of them, or 2:4', pruning)
    .option('--equalize', 'first scale the channels between layers to like sizes')
    .option('--smooth <strength>', 'SmoothQuant: 0 to 1, or search; needs calibration data', smoothing)
    .option('--labelled <path>', 'labelled data to measure accuracy on')
    .option('--sensitivity', 'what the outputs gain when one node at a time stays float, for the 60 noisiest at most')
    .option('--errors [n]', 'list the n nodes with the largest errors, worst first; 20 unless told otherwise', positive)
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
  keepSmall();
  const output = requiredOutput(options.output);
  if (options.scheme === 'static-int8' && !options.calibration && !options.randomCalibration) {
    throw new UsageError(
      'static-int8 needs data like what the model will see: give --calibration PATH, or --random-calibration to try its speed.',
    );
  }
  if (options.sensitivity && !options.verify)
    throw new UsageError('--sensitivity compares outputs, so it needs verification: leave --no-verify away.');
  const { openModel } = await import('../worker/open-model.ts');
  const { quantizeModel } = await import('../worker/quantize.ts');
  const { saveModel } = await import('../worker/save-model.ts');
  const { measuredModel, measurementContext, settingsOf } = await import('./measuring.ts');
  const { scheme, calibration, randomCalibration, method, labelled, minSqnr, verify, measure, recipe } = options;
  const opened = await openModel(path);
  try {
    const { externalData } = options;
    const saving = await savingTo(opened, { output, externalData, recipe });
    const context = {
      ...(await measurementContext(session)),
      onAdvice: session.note,
    };
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
        ...(options.target ? targets[options.target] : {}),
        ...(options.activations ? { activations: options.activations } : {}),
        ...(options.symmetric ? { symmetric: true } : {}),
        ...(options.weights ? { weights: options.weights } : {}),
        ...(options.percentile === undefined ? {} : { percentile: options.percentile }),
        ...(options.movingAverageRate === undefined ? {} : { movingAverageRate: options.movingAverageRate }),
        ...(options.correctBias ? {} : { correctBias: false }),
        ...(options.format ? { format: options.format } : {}),
        ...(options.prune === undefined ? {} : { prune: options.prune }),
        ...(options.equalize ? { equalize: true } : {}),
        ...(options.smooth === undefined ? {} : { smooth: options.smooth }),
        ...(method ? { method } : {}),
        ...(options.blockSize === undefined ? {} : { blockSize: options.blockSize }),
        ...(options.blockMethod === undefined ? {} : { blockMethod: options.blockMethod }),
        ...(labelled ? { labelled } : {}),
        ...(options.calibrationCache ? { calibrationCache: options.calibrationCache } : {}),
        ...(options.sensitivity ? { sensitivity: true } : {}),
        ...(minSqnr === undefined ? {} : { minSqnr }),
        ...options.budget,
      },
      context,
    );
    if (report.keepFloat) return { report, text: () => quantizeText(report), code: 1 };
    await saveModel(model, output, { ...saving, signal: session.signal, onProgress: session.onProgress });
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
    return {
      report: written,
      text: () => quantizeText(written, shownErrors(options)),
      code: report.verdict.status === 'different' ? 1 : 0,
    };
  } finally {
    await opened.close();
  }
}

function percentile(text: string): number {
  const share = Number(text);
  if (!(share > 50 && share <= 100))
    throw new InvalidArgumentError('It is a share in percent above 50, such as 99.99.');
  return share;
}

function rate(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError('It is a number above 0, at most 1, such as 0.05.');
  return value;
}

/** How many nodes the table of errors has: none unless asked for, or when there are sensitivities to show. */
const shownErrors = ({ errors, sensitivity }: Pick<QuantizeOptions, 'errors' | 'sensitivity'>): number =>
  typeof errors === 'number' ? errors : errors || sensitivity ? 20 : 0;

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
    const nodes = nodesCalled(all, name);
    return { name, nodes: nodes.map(({ id }) => id), type };
  });
}
