import module from 'node:module';
import { Command, CommanderError } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { applyCommand } from './apply.ts';
import { checkCommand } from './check.ts';
import { compareCommand } from './compare.ts';
import { diffCommand } from './diff.ts';
import { explainError } from './exit.ts';
import { exportCommand } from './export.ts';
import { inputsCommand } from './inputs.ts';
import { inspectCommand } from './inspect.ts';
import { layoutCommand } from './layout.ts';
import { mcpCommand } from './mcp.ts';
import { optimizeCommand } from './optimize.ts';
import { profileCommand } from './profile.ts';
import { providersCommand } from './providers.ts';
import { pruneCommand } from './prune.ts';
import { quantizeCommand } from './quantize.ts';
import { statsCommand } from './stats.ts';
import { tensorCommand } from './tensor.ts';
import { textCommand } from './text.ts';
import { tuneCommand } from './tune.ts';

/** The command line with all its commands; what they do is loaded when they run. */
function createProgram(): Command {
  const program = new Command('opscope')
    .description(manifest.description)
    .version(manifest.version)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text) })
    .showHelpAfterError('Run it with --help to see what it takes.');
  for (const define of [
    inspectCommand,
    profileCommand,
    providersCommand,
    optimizeCommand,
    quantizeCommand,
    pruneCommand,
    compareCommand,
    diffCommand,
    textCommand,
    layoutCommand,
    applyCommand,
    checkCommand,
    tuneCommand,
    mcpCommand,
    exportCommand,
    statsCommand,
    tensorCommand,
    inputsCommand,
  ])
    define(program);
  for (const command of program.commands) command.copyInheritedSettings(program);
  return program;
}

// What a command loads is compiled once, not at every start. Node keeps it in the temporary folder; Node 20 cannot.
module.enableCompileCache?.();

/** A reader that stops early, such as `head`, is no failure. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
});

try {
  await createProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed what was wrong, or the help or version that was asked for.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    const { code, message } = explainError(error);
    process.stderr.write(`opscope: ${message}\n`);
    if (process.argv.includes('--verbose') && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exitCode = code;
  }
}
