import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import type { Baseline, StatsReport } from '../core/drift/report.ts';
import { count, significant, time } from '../core/report/format.ts';
import { reportSchema } from '../core/report/report.ts';
import { execute, type OutputOptions, type Session, withOutputOptions } from './command.ts';
import { UsageError } from './exit.ts';
import { bad, careful, good, shortened, strong, table } from './print.ts';

interface StatsOptions extends OutputOptions {
  readonly data?: string;
  readonly save?: string;
  readonly against?: string;
}

/** `opscope stats MODEL --data PATH` */
export function statsCommand(program: Command): void {
  withOutputOptions(program.command('stats'))
    .description('distributions of inputs and outputs over data, and whether they drifted from a baseline')
    .argument('<model>', 'an .onnx file')
    .option('--data <path>', 'samples: .npz, .npy, .pb, .jsonl, or a folder of them')
    .option('--save <file>', 'write the distributions as a baseline')
    .option('--against <file>', 'compare with a baseline; fails when a value drifted')
    .action((model: string, options: StatsOptions) => execute(options, (session) => stats(model, options, session)));
}

async function stats(path: string, { data, save, against, dim }: StatsOptions, session: Session) {
  if (!data) throw new UsageError('Name the samples with --data PATH.');
  const { openModel } = await import('../worker/open-model.ts');
  const { hashFile } = await import('../worker/hash-file.ts');
  const { dataStatistics } = await import('../worker/data-statistics.ts');
  const { baselineSchema, compareWithBaseline, parseBaseline } = await import('../core/drift/report.ts');
  const { measurementContext } = await import('./measuring.ts');
  const start = performance.now();
  const earlier = against === undefined ? undefined : parseBaseline(await readFile(against, 'utf8'));
  const opened = await openModel(path);
  try {
    const found = await dataStatistics(opened, data, dim, await measurementContext(session));
    const now: Baseline = {
      schema: baselineSchema,
      opscope: manifest.version,
      modelSha256: await hashFile(opened.path),
      samples: found.samples,
      values: found.values,
    };
    const compared = earlier && compareWithBaseline(now, earlier);
    if (save) await writeFile(save, `${JSON.stringify(now)}\n`);
    const report: StatsReport = {
      schema: reportSchema,
      model: opened.path,
      data,
      samples: found.samples,
      values: found.values.map(({ sketch: _, ...value }) => {
        const drift = compared?.drifts.get(`${value.kind} ${value.name}`);
        return { ...value, ...(drift ? { drift } : {}) };
      }),
      ...(compared ? { verdict: compared.verdict } : {}),
      ...(save ? { saved: save } : {}),
      notes: [...found.notes, ...(compared?.notes ?? [])],
      milliseconds: performance.now() - start,
    };
    return { report, text: () => statsText(report), code: report.verdict === 'drifted' ? (1 as const) : (0 as const) };
  } finally {
    await opened.close();
  }
}

const paint = { stable: good, shifted: careful, drifted: bad } as const;

function statsText({ model, data, samples, values, verdict, saved, notes, milliseconds }: StatsReport): string {
  const right = 'right' as const;
  const figures = table(
    [
      { title: '' },
      { title: 'name' },
      ...['elements', 'mean', 'deviation', 'min', 'max'].map((title) => ({ title, align: right })),
      ...(verdict ? [{ title: 'PSI', align: right }, { title: 'KS', align: right }, { title: '' }] : []),
    ],
    values.map(({ kind, name, elements, mean, deviation, min, max, drift }) => [
      kind,
      shortened(name, 40),
      count(elements),
      ...[mean, deviation, min, max].map((value) => significant(value)),
      ...(drift ? [significant(drift.psi), significant(drift.ks), paint[drift.verdict](drift.verdict)] : []),
    ]),
  );
  const notFinite = values.filter(({ nonFinite }) => nonFinite > 0);
  const lines = [
    ...notFinite.map(({ name, nonFinite }) => `${name}: ${count(nonFinite)} elements are infinite or not a number.`),
    ...notes,
  ];
  return [
    `${strong(model)} · ${data} · ${count(samples)} samples`,
    figures,
    ...(lines.length > 0 ? [[strong('notes'), ...lines.map((line) => careful(line))].join('\n')] : []),
    [...(saved ? [`saved ${saved}`] : []), time(milliseconds)].join(' · '),
  ].join('\n\n');
}
