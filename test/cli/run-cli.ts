import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

const entry = resolve(import.meta.dirname, '../../src/cli/main.ts');

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line as a process of its own, from its sources. */
export function runCli(...parameters: readonly string[]): Promise<CliResult> {
  return startCli(...parameters).result;
}

/** What was written to stderr, less what is said of this machine before quantizing: lines of text. */
export function complaints(stderr: string): string[] {
  return stderr.split('\n').filter((line) => line !== '' && !/^This processor has no /.test(line));
}

/** The same, with the process at hand while it runs. */
export function startCli(...parameters: readonly string[]) {
  const child = spawn(process.execPath, [entry, ...parameters], { stdio: ['ignore', 'pipe', 'pipe'] });
  const result = new Promise<CliResult>((done, fail) => {
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', fail);
    child.once('close', (code) => done({ code, stdout, stderr }));
  });
  return { child, result };
}
