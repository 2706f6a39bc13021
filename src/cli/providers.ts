import type { Command } from 'commander';
import { execute, type TextOptions, withTextOptions } from './command.ts';
import { careful, good, table } from './print.ts';

/** `opscope providers` */
export function providersCommand(program: Command): void {
  withTextOptions(program.command('providers'))
    .description('list the execution providers, which of them work here, and what the others lack')
    .action((options: TextOptions) =>
      execute(options, async () => {
        const { listProviders } = await import('../worker/providers.ts');
        const providers = await listProviders();
        const rows = providers.map(({ name, available, note }) => [
          name,
          available ? good('works') : careful('does not'),
          note,
        ]);
        const columns = [{ title: 'provider' }, { title: 'here' }, { title: '' }];
        return { report: { providers }, text: () => table(columns, rows) };
      }),
    );
}
