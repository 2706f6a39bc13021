import type { Command } from 'commander';
import { count, time } from '../core/report/format.ts';
import { type DiffedNode, type DiffReport, reportSchema } from '../core/report/report.ts';
import { execute, heading, type TextOptions, withTextOptions } from './command.ts';
import { bad, careful, faint, good } from './print.ts';

interface DiffOptions extends TextOptions {
  readonly weights?: boolean;
}

/** `opscope diff A B` */
export function diffCommand(program: Command): void {
  withTextOptions(program.command('diff'))
    .description('tell the graphs of two models apart: nodes added, removed and changed')
    .argument('<a>', 'an .onnx file')
    .argument('<b>', 'another')
    .option('--weights', 'compare the elements of all constants, which reads both files whole')
    .action((a: string, b: string, { weights = false, ...options }: DiffOptions) =>
      execute(options, async () => {
        const report = await diff(a, b, weights);
        return { report, text: () => diffText(report) };
      }),
    );
}

async function diff(pathA: string, pathB: string, weights: boolean): Promise<DiffReport> {
  const { openModel } = await import('../worker/open-model.ts');
  const { modelIdentity } = await import('../worker/inspect.ts');
  const { diffModels } = await import('../core/diff/diff-models.ts');
  const { describeDiff } = await import('../core/report/describe-diff.ts');
  const a = await openModel(pathA);
  try {
    const b = await openModel(pathB);
    try {
      const start = performance.now();
      const found = await diffModels(a.model, b.model, { weights });
      const milliseconds = performance.now() - start;
      const described = describeDiff(a.model, b.model, found);
      return {
        schema: reportSchema,
        a: await modelIdentity(a),
        b: await modelIdentity(b),
        ...described,
        milliseconds,
      };
    } finally {
      await b.close();
    }
  } finally {
    await a.close();
  }
}

function diffText({ a, b, same, changed, added, removed, milliseconds }: DiffReport): string {
  const lines = [
    ...removed.map((node) => `${bad('-')} ${label(node)}`),
    ...added.map((node) => `${good('+')} ${label(node)}`),
    ...changed.map(
      (pair) => `${careful('~')} ${label(pair.b)}${renamed(pair.a, pair.b)}  ${faint(pair.differences.join('; '))}`,
    ),
  ];
  const sums = `${count(same)} same, ${count(changed.length)} changed, ${count(added.length)} added, ${count(removed.length)} removed; ${time(milliseconds)}`;
  return [`${heading(a)}\n${heading(b)}`, ...(lines.length > 0 ? [lines.join('\n')] : []), sums].join('\n\n');
}

const label = ({ opType, name }: DiffedNode): string => [opType, name].filter(Boolean).join(' ');
const renamed = (a: DiffedNode, b: DiffedNode): string => (a.name === b.name ? '' : faint(` (was ${a.name})`));
