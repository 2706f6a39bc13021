/** Whole processes measured from outside: wall time, and the largest resident set as Linux counts it. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

export interface Measured {
  readonly seconds: number;
  /** Largest resident set in bytes, sampled every few milliseconds until the end; with children, theirs at the same time. */
  readonly peak: number;
  readonly output: string;
}

/** Runs a program to its end. Rejects when it ends with another code than it may. */
export function measure(
  program: string,
  options: readonly string[],
  {
    withChildren = false,
    mayEndWith = [0],
  }: { readonly withChildren?: boolean; readonly mayEndWith?: readonly number[] } = {},
): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(program, options, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    let peak = 0;
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (errors += text));
    const sample = () => {
      try {
        peak = Math.max(peak, withChildren ? residentOfTree(child.pid!) : statusOf(child.pid!)('VmHWM'));
      } catch {
        // The process is gone; what was seen last counts.
      }
    };
    // Looking takes time of a processor that all share.
    const timer = setInterval(sample, withChildren ? 10 : 4);
    child.on('error', reject);
    child.on('close', (code) => {
      clearInterval(timer);
      const seconds = (performance.now() - start) / 1000;
      if (mayEndWith.includes(code ?? -1)) resolve({ seconds, peak, output });
      else reject(new Error(`${program} ${options.join(' ')} ended with ${code}: ${errors.slice(-500)}`));
    });
  });
}

/** Figures of the kernel's on a process, in bytes; 0 where it gives none. */
function statusOf(pid: number): (figure: 'VmHWM' | 'RssAnon' | 'RssFile' | 'RssShmem') => number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (figure) => Number(new RegExp(`${figure}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024;
}

/**
 * What a process and all that it started hold at this moment, in bytes. Pages of files, such as the program's own, are
 * counted as the process with most of them has them: processes of one program share these.
 */
function residentOfTree(pid: number): number {
  const all = treeOf(pid).map(statusOf);
  const own = all.reduce((sum, figure) => sum + figure('RssAnon') + figure('RssShmem'), 0);
  return own + Math.max(...all.map((figure) => figure('RssFile')));
}

function treeOf(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(treeOf)];
}

/** Medians of several runs, one not counted before them; `before` is called ahead of each. */
export async function measureOften(
  program: string,
  options: readonly string[],
  runs = 5,
  before = () => {},
): Promise<Measured> {
  const all: Measured[] = [];
  for (let run = -1; run < runs; run++) {
    before();
    const measured = await measure(program, options);
    if (run >= 0) all.push(measured);
  }
  const middle = (figure: (each: Measured) => number) => all.map(figure).sort((a, b) => a - b)[runs >> 1]!;
  return { seconds: middle(({ seconds }) => seconds), peak: middle(({ peak }) => peak), output: all[0]!.output };
}

export function machine(): string {
  return `${cpus()[0]!.model}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`;
}
