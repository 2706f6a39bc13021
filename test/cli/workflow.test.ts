import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { runCli } from './run-cli.ts';

test('the sample workflow asks only for what the commands take', { timeout: 30_000 }, async () => {
  const path = resolve(import.meta.dirname, '../../samples/github-actions/model-gate.yml');
  const steps = readFileSync(path, 'utf8').matchAll(/^ +opscope (\w+) [\s\S]*?(?=\n\n)/gm);
  const commands = Array.from(steps, ([text, command]) => ({
    command: command!,
    options: text.match(/--[a-z-]+/g) ?? [],
  }));
  expect(commands.map(({ command }) => command)).toEqual(['compare', 'check']);
  for (const { command, options } of commands) {
    const { stdout } = await runCli(command, '--help');
    expect(options.length).toBeGreaterThan(0);
    expect(options.filter((option) => !stdout.includes(`${option} <`))).toEqual([]);
  }
});
