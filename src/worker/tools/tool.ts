import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod';
import type { NodeId } from '../../core/graph/model.ts';
import type { LatencyComparison } from '../../core/report/report.ts';
import { latencySentence } from '../../core/report/sentences.ts';
import { InputError } from '../inputs.ts';
import { modelIdentity } from '../inspect.ts';
import { type OpenedModel, openModel } from '../open-model.ts';
import type { MeasuredModel, MeasurementContext } from '../profile.ts';

/** What a tool works with beside its input. */
export interface ToolContext extends MeasurementContext {
  /** Where relative paths start. */
  readonly folder: string;
}

/** One thing that an assistant can have done, and a person from the palette: its answer is small, and figures have units in their names. */
export interface Tool<Input = never> {
  /** As programs call it: `opscope_inspect`. */
  readonly name: string;
  readonly title: string;
  /** For the model that chooses tools. */
  readonly description: string;
  readonly input: z.ZodType<Input>;
  /** Whether it writes a file, and is asked about before. */
  readonly writes: boolean;
  run(input: Input, context: ToolContext): Promise<object>;
}

export const defineTool = <Input>(tool: Tool<Input>): Tool<Input> => tool;

/** The arguments do not fit a tool; the message says which and what is possible. */
export class ToolInputError extends Error {
  override readonly name = 'ToolInputError';
}

/** Checks the input of a tool and runs it. Rejects with `ToolInputError`, and as the work itself does. */
export async function callTool(tool: Tool<unknown>, input: unknown, context: ToolContext): Promise<object> {
  const parsed = tool.input.safeParse(input);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) =>
      [path.join('.'), message].filter(Boolean).join(': '),
    );
    throw new ToolInputError(`${tool.name} cannot be called like this. ${problems.join('. ')}.`);
  }
  return tool.run(parsed.data, context);
}

/** The input of a tool as JSON Schema, for manifests and protocols. */
export function inputSchema({ input }: Tool<unknown>): object {
  const { $schema: _, ...schema } = z.toJSONSchema(input, { io: 'input' }) as Record<string, unknown>;
  return schema;
}

/** Whether a tool replaces a file that is there when it is told that it may. */
export function canOverwrite(tool: Tool<unknown>): boolean {
  const { properties = {} } = inputSchema(tool) as { properties?: object };
  return 'overwrite' in properties;
}

/** Fields that several tools share. */
export const fields = {
  model: z.string().min(1).describe('Path of an .onnx file. Relative paths start at the workspace folder.'),
  dims: z
    .record(z.string(), z.int().min(0))
    .optional()
    .describe('Sizes of symbolic dimensions by name, for example {"batch": 1, "sequence": 128}.'),
  inputs: z
    .string()
    .optional()
    .describe('Input data: a .npz or .npy file, or a folder of .pb files. Without it random inputs are made.'),
  provider: z
    .enum(['cpu', 'webgpu', 'cuda', 'tensorrt', 'dml', 'coreml'])
    .optional()
    .describe('Execution provider; cpu by default.'),
  threads: z.int().min(0).max(1024).optional().describe('Threads that share one operator; 0 lets ONNX Runtime choose.'),
  timeLimit: z
    .number()
    .positive()
    .max(3600)
    .optional()
    .describe('Seconds that the measurement may take; 60 by default.'),
  image: z
    .string()
    .optional()
    .describe(
      'The calibration data are PNG or JPEG images, prepared so: imagenet, unit, symmetric, or settings such as resize=256,crop=224,mean=0.5,std=0.5,scale=1/255,layout=nchw,channels=rgb.',
    ),
  output: z.string().min(1).describe('Path of the .onnx file to write. It must not be the model itself.'),
  overwrite: z.boolean().optional().describe('Replace the output file if it exists; false by default.'),
};

/** A path of a tool's input as the work takes it. */
export const pathIn = (path: string, { folder }: ToolContext): string => resolve(folder, path);

/** Works with an open model and closes it. */
export async function withModel<T>(
  path: string,
  context: ToolContext,
  work: (opened: OpenedModel) => Promise<T>,
): Promise<T> {
  const opened = await openModel(pathIn(path, context));
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

/** Settings of a run, from the fields of a tool. */
export function settingsOf(
  {
    provider = 'cpu',
    threads = 0,
    timeLimit = 60,
    dims = {},
    inputs,
  }: {
    provider?: string | undefined;
    threads?: number | undefined;
    timeLimit?: number | undefined;
    dims?: Record<string, number> | undefined;
    inputs?: string | undefined;
  },
  context: ToolContext,
) {
  const seed = 1;
  return {
    provider,
    threads,
    timeLimit,
    dims,
    seed,
    ...(inputs === undefined ? {} : { inputs: pathIn(inputs, context) }),
  };
}

export async function measured(opened: OpenedModel): Promise<MeasuredModel> {
  return { model: opened.model, path: opened.path, identity: await modelIdentity(opened) };
}

/** Nodes of the main graph by their names. Throws `InputError` for a name that none has. */
export function nodesNamed({ model }: OpenedModel, names: readonly string[]): readonly NodeId[] {
  return names.map((name) => {
    const node = model.graph.nodes.find((each) => each.name === name);
    if (!node) throw new InputError(`There is no node named ${name}; opscope_find_nodes lists names.`);
    return node.id;
  });
}

/** What a transformed model gained or lost in time, where that was measured. */
export function latencyFigures(latency: LatencyComparison | undefined) {
  return latency ? { latency: latencySentence(latency), latencyVerdict: latency.verdict, ratio: latency.ratio } : {};
}

/** Refuses to write a file that is there already, unless it was said that it may be replaced. */
export function refuseExisting(path: string, overwrite: boolean | undefined): void {
  if (existsSync(path) && !overwrite)
    throw new InputError(`${path} exists already. Name another file, or set overwrite.`);
}
