import { type Command, InvalidArgumentError } from 'commander';
import type { Model, Node } from '../core/graph/model.ts';
import { bytes } from '../core/report/format.ts';
import type { Environment, ModelIdentity } from '../core/report/profile-report.ts';
import type { Progress } from '../protocol/rpc.ts';
import type { RuntimeManager } from '../worker/runtime-client.ts';
import { type ExitCode, UsageError } from './exit.ts';
import { strong } from './print.ts';

/** Options that every command has. */
export interface TextOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/** Options of every command whose model may have symbolic dimensions. */
export interface OutputOptions extends TextOptions {
  readonly dim: Readonly<Record<string, number>>;
}

/** Options of every command that runs a model. */
export interface RunOptions extends OutputOptions {
  readonly provider: string;
  readonly threads: number;
  readonly inputs?: string;
  readonly seed: number;
  readonly fill?: 'random' | 'zeros';
  readonly timeLimit: number;
}

/** What a command works with beside its options. */
export interface Session {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  /** Says something at once, beside the result: on stderr, unless a program reads or silence was asked for. */
  note(lines: readonly string[]): void;
  /** The runtime process, started at its first use and ended with the command. */
  runtime(): Promise<RuntimeManager>;
}

/** What a command found: the report for programs, its text for people, and how to end. */
export interface Outcome {
  readonly report: object;
  readonly text: () => string;
  readonly code?: ExitCode;
}

export function withOutputOptions(command: Command): Command {
  return withTextOptions(command).option(
    '--dim <name=n>',
    'size of a symbolic dimension; repeat for more',
    collectDim,
    {},
  );
}

export function withTextOptions(command: Command): Command {
  return command
    .option('--json', 'print one JSON object and nothing else')
    .option('--quiet', 'print no progress')
    .option('--verbose', 'say more when something fails');
}

export function withRunOptions(command: Command): Command {
  return withOutputOptions(command)
    .option('--provider <name>', 'execution provider: cpu, webgpu, cuda, tensorrt, dml, coreml', 'cpu')
    .option('--threads <n>', 'threads that share one operator; 0 lets ONNX Runtime choose', count, 0)
    .option('--inputs <path>', 'input data: .npz, .npy, or a folder of .pb; random inputs without it')
    .option('--seed <n>', 'seed of random inputs', count, 1)
    .option('--fill <kind>', 'what inputs are made of for timing: random or zeros', oneOf('random', 'zeros'))
    .option('--time-limit <s>', 'seconds that a measurement may take', positive, 60);
}

/** Runs a command to its end: output, progress, cancelling, exit code. */
export async function execute(options: TextOptions, work: (session: Session) => Promise<Outcome>): Promise<void> {
  const abort = new AbortController();
  const interrupt = () => abort.abort(Object.assign(new Error('Interrupted.'), { name: 'InterruptedError' }));
  process.once('SIGINT', interrupt);
  const progress = progressLine(options);
  let manager: RuntimeManager | undefined;
  try {
    const outcome = await work({
      signal: abort.signal,
      onProgress: progress.show,
      note: (lines) => {
        progress.clear();
        if (!options.quiet && !options.json) for (const line of lines) process.stderr.write(`${line}\n`);
      },
      runtime: async () => {
        const { createRuntimeManager } = await import('../worker/runtime-client.ts');
        manager ??= createRuntimeManager();
        return manager;
      },
    });
    progress.clear();
    process.stdout.write(options.json ? `${toJson(outcome.report)}\n` : `${outcome.text().trimEnd()}\n`);
    // Of a measurement that was interrupted this is what there is.
    process.exitCode = abort.signal.aborted ? 130 : (outcome.code ?? 0);
  } finally {
    progress.clear();
    manager?.dispose();
    process.removeListener('SIGINT', interrupt);
  }
}

/** One line on stderr that rewrites itself, for a person at a terminal only. */
function progressLine({ quiet, json }: TextOptions) {
  const shown = process.stderr.isTTY && !quiet && !json;
  let length = 0;
  const clear = () => {
    if (length > 0) process.stderr.write(`\r${' '.repeat(length)}\r`);
    length = 0;
  };
  const show = ({ message, fraction }: Progress) => {
    if (!shown) return;
    const share = fraction === undefined ? '' : ` ${Math.round(fraction * 100)} %`;
    const text = `${message}${share}`.slice(0, (process.stderr.columns ?? 80) - 1);
    clear();
    process.stderr.write(text);
    length = text.length;
  };
  return { show, clear };
}

/** JSON knows no infinity and no NaN; both become null. Typed arrays become lists. */
export function toJson(report: object): string {
  return JSON.stringify(
    report,
    (_key, value: unknown) => {
      if (typeof value === 'number' && !Number.isFinite(value)) return null;
      if (typeof value === 'bigint') return value.toString();
      return ArrayBuffer.isView(value) && !(value instanceof DataView) ? Array.from(value as Float64Array) : value;
    },
    2,
  );
}

/** The first line of every text: which model, how large. */
export function heading({ path, bytes: size, opsets, producer }: ModelIdentity): string {
  const sets = Object.entries(opsets).map(([domain, version]) => `${domain || 'ai.onnx'} ${version}`);
  return [strong(path), bytes(size), sets.join(', '), producer].filter(Boolean).join(' · ');
}

/** Where the result goes; a command that writes must be told. */
export function requiredOutput(output: string | undefined): string {
  if (output) return output;
  throw new UsageError('Name the file to write with -o OUT.');
}

function collectDim(text: string, dims: Record<string, number>): Record<string, number> {
  const at = text.lastIndexOf('=');
  const size = Number(text.slice(at + 1));
  if (at < 1 || !Number.isSafeInteger(size) || size < 0) {
    throw new InvalidArgumentError('Write it as NAME=N with a whole number: --dim batch=1.');
  }
  return { ...dims, [text.slice(0, at)]: size };
}

/** A whole number, 0 or more. */
export function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError('It must be a whole number, 0 or more.');
  return value;
}

/** A number above 0. */
export function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

/** A number, 0 or more. */
export function nonNegative(text: string): number {
  const value = Number(text);
  if (!(text.trim() !== '' && value >= 0 && Number.isFinite(value)))
    throw new InvalidArgumentError('It must be a number, 0 or more.');
  return value;
}

/** A number above 0, with or without its percent sign. */
export const percentage = (text: string): number => positive(text.replace(/\s*%$/, ''));

/** A list collected from a repeated option; commas separate too. */
export const collect = (text: string, list: readonly string[] | undefined): readonly string[] => [
  ...(list ?? []),
  ...text.split(',').filter((each) => each !== ''),
];

/** One of a set of words. */
export const oneOf =
  <T extends string>(...words: readonly T[]) =>
  (text: string): T => {
    const found = words.find((word) => word === text);
    if (!found) throw new InvalidArgumentError(`It must be one of: ${words.join(', ')}.`);
    return found;
  };

/** The nodes with these names, or of the operators that `op:TYPE` names; each may stand for several. */
export async function nodesNamed(model: Model, names: readonly string[]): Promise<readonly Node[]> {
  const { Draft } = await import('../core/graph/draft.ts');
  const nodes = new Draft(model).graphs().flatMap((graph) => graph.nodes());
  return names.flatMap((name) => nodesCalled(nodes, name));
}

/** Those of some nodes that a name, or `op:TYPE`, stands for. Throws `UsageError` when there is none. */
export function nodesCalled(nodes: readonly Node[], called: string): readonly Node[] {
  const type = called.startsWith('op:') ? called.slice('op:'.length) : undefined;
  const found = nodes.filter(({ name, opType }) => (type === undefined ? name === called : opType === type));
  if (found.length > 0) return found;
  throw new UsageError(
    type === undefined
      ? `The model has no node named ${called}. List them with inspect --nodes.`
      : `The model has no ${type}. List its nodes with inspect --nodes.`,
  );
}

/** `2 threads`; `default threads (2)` where ONNX Runtime chose. */
export function threadsText({ threads, defaultThreads }: Pick<Environment, 'threads' | 'defaultThreads'>): string {
  if (threads > 0) return threads === 1 ? '1 thread' : `${threads} threads`;
  return defaultThreads === undefined ? 'default threads' : `default threads (${defaultThreads})`;
}
