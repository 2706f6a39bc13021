import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { pairedSamplesCsv } from '../core/profile/samples-csv.ts';
import { bytes, change, count, decibels, significant } from '../core/report/format.ts';
import type { Gate } from '../core/report/junit.ts';
import type { CompareReport } from '../core/report/report.ts';
import { smallerComparison } from '../core/report/runs.ts';
import { latencySentence, metricSentence, outputsSentence } from '../core/report/sentences.ts';
import {
  execute,
  heading,
  nonNegative,
  type Outcome,
  percentage,
  positive,
  type RunOptions,
  type Session,
  withRunOptions,
} from './command.ts';
import { UsageError } from './exit.ts';
import { bad, careful, good, pairs, shortened, strong, table } from './print.ts';

interface CompareOptions extends RunOptions {
  readonly maxSlowdown?: number;
  readonly minSqnr?: number;
  readonly maxMetricDrop?: number;
  readonly labelled?: string;
  readonly latency: boolean;
  readonly samples?: string;
  readonly junit?: string;
  readonly markdown?: string;
  readonly html?: string;
}

/** `opscope compare A B` */
export function compareCommand(program: Command): void {
  withRunOptions(program.command('compare'))
    .description('compare two models: graph, outputs, latency; or two saved reports of `profile --json`')
    .argument('<a>', 'the model to compare with, or a report')
    .argument('<b>', 'the other model, or a report')
    .option('--max-slowdown <percent>', 'fail when b is surely slower than this', percentage)
    .option(
      '--min-sqnr <db>',
      'fail when an output has less signal to noise than this; without it, when outputs differ',
      positive,
    )
    .option(
      '--max-metric-drop <points>',
      'fail when accuracy falls by more percentage points; needs --labelled',
      nonNegative,
    )
    .option('--labelled <path>', 'labelled data to measure the accuracy of both on')
    .option('--no-latency', 'do not measure')
    .option('--samples <file>', 'write the time of every run of both as a CSV table')
    .option('--junit <file>', 'write the gates as a JUnit report')
    .option('--markdown <file>', 'write the report as Markdown')
    .option('--html <file>', 'write the report as one HTML file')
    .action((a: string, b: string, options: CompareOptions) =>
      execute(options, (session) => compare(a, b, options, session)),
    );
}

async function compare(pathA: string, pathB: string, options: CompareOptions, session: Session): Promise<Outcome> {
  const { isReport, compareReports } = await import('./compare-reports.ts');
  const reports = [await isReport(pathA), await isReport(pathB)];
  if (reports.includes(true)) {
    requireTwoReports(reports, options);
    return compareReports(pathA, pathB);
  }
  const { openModel } = await import('../worker/open-model.ts');
  const { compareModels } = await import('../worker/compare.ts');
  const { measuredModel, measurementContext, settingsOf } = await import('./measuring.ts');
  requireLabelled(options);
  const start = performance.now();
  const a = await openModel(pathA);
  try {
    const b = await openModel(pathB);
    try {
      const { samples } = options;
      const compared = await compareModels(
        await measuredModel(a),
        await measuredModel(b),
        {
          settings: settingsOf(options),
          level: 'all',
          measure: options.latency,
          labelled: options.labelled,
          keepSamples: samples !== undefined,
        },
        await measurementContext(session),
      );
      const { latency } = compared;
      if (samples && latency)
        await writeFile(samples, pairedSamplesCsv(latency.a.samples ?? [], latency.b.samples ?? []));
      const report = latency ? { ...compared, latency: smallerComparison(latency) } : compared;
      const gates = gatesOf(report, options);
      await writeReports(report, gates, (performance.now() - start) / 1000, options);
      return { report, text: () => compareText(report, gates), code: gates.every(({ passed }) => passed) ? 0 : 1 };
    } finally {
      await b.close();
    }
  } finally {
    await a.close();
  }
}

/** Reports are compared with reports, and what needs the models is not for them. Throws `UsageError`. */
function requireTwoReports(reports: readonly boolean[], options: CompareOptions): void {
  if (reports.includes(false))
    throw new UsageError('A report is compared with a report: give two models or two reports.');
  const needsModels = (
    ['maxSlowdown', 'minSqnr', 'maxMetricDrop', 'labelled', 'samples', 'junit', 'markdown', 'html'] as const
  ).find((name) => options[name] !== undefined);
  if (needsModels === undefined) return;
  const flag = `--${needsModels.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new UsageError(`${flag} needs the models: reports were not measured in turns. Give the models instead.`);
}

/** What must hold for the command to succeed. */
export function gatesOf(
  report: CompareReport,
  { minSqnr, maxMetricDrop, maxSlowdown }: Pick<CompareOptions, 'minSqnr' | 'maxMetricDrop' | 'maxSlowdown'>,
): readonly Gate[] {
  return [
    outputsGate(report, minSqnr),
    ...(maxMetricDrop === undefined ? [] : [metricGate(report, maxMetricDrop)]),
    ...(maxSlowdown === undefined ? [] : [latencyGate(report, maxSlowdown)]),
  ];
}

/** A limit on the metric needs data to measure it on. Throws `UsageError`. */
export function requireLabelled({ maxMetricDrop, labelled }: Pick<CompareOptions, 'maxMetricDrop' | 'labelled'>): void {
  if (maxMetricDrop !== undefined && !labelled)
    throw new UsageError('--max-metric-drop needs data with labels: give --labelled PATH.');
}

/** The metric on labelled data falls by at most so many percentage points. */
export function metricGate({ metric }: Pick<CompareReport, 'metric'>, maxDrop: number): Gate {
  const drop = metric ? (metric.before - metric.after) * 100 : Number.POSITIVE_INFINITY;
  return {
    name: 'metric',
    // Shares of a few hundred samples are fractions that no binary number holds.
    passed: drop <= maxDrop + 1e-9,
    message: metric
      ? `${metricSentence(metric)}, at most ${maxDrop} points less asked for`
      : 'the metric was not measured',
  };
}

/** The outputs are the same within noise, or have at least this signal to noise, in dB. */
export function outputsGate({ verdict, outputs }: CompareReport, minSqnr: number | undefined): Gate {
  const sentence = outputsSentence(verdict);
  if (minSqnr === undefined) {
    const message =
      outputs.length === 0 ? (verdict.reason ?? sentence) : [sentence, verdict.reason].filter(Boolean).join(': ');
    return { name: 'outputs', passed: verdict.status === 'equal' || verdict.status === 'close', message };
  }
  const ratios = outputs.map(({ sqnrDb }) => sqnrDb ?? Number.POSITIVE_INFINITY);
  const compared = verdict.status !== 'not-run' && ratios.length > 0;
  return {
    name: 'signal to noise',
    passed: compared && Math.min(...ratios) >= minSqnr,
    message: compared
      ? `${decibels(Math.min(...ratios))}, at least ${decibels(minSqnr)} asked for`
      : (verdict.reason ?? sentence),
  };
}

/** The second model is at most this much slower, in percent; it is only when the whole interval lies beyond the limit. */
export function latencyGate({ latency }: Pick<CompareReport, 'latency'>, maxSlowdown: number): Gate {
  const low = latency?.interval95[0];
  return {
    name: 'latency',
    passed: low !== undefined && (low - 1) * 100 <= maxSlowdown,
    message: latency
      ? `${latencySentence(latency)}, at most ${maxSlowdown} % slower asked for`
      : 'latency was not measured',
  };
}

async function writeReports(
  report: CompareReport,
  gates: readonly Gate[],
  seconds: number,
  { junit, markdown, html }: CompareOptions,
): Promise<void> {
  if (junit) {
    const { toJunit } = await import('../core/report/junit.ts');
    await writeFile(junit, toJunit('opscope compare', gates, seconds));
  }
  if (!markdown && !html) return;
  const { compareDocument } = await import('../core/report/sections.ts');
  const document = compareDocument(report);
  if (markdown) await writeFile(markdown, (await import('../core/report/markdown.ts')).toMarkdown(document));
  if (html) await writeFile(html, (await import('../core/report/html.ts')).toHtml(document));
}

/** One line a gate: whether it holds, and the figures. */
export const gateLines = (gates: readonly Gate[]): string =>
  gates.map(({ name, passed, message }) => `${passed ? good('ok') : bad('failed')}  ${name}: ${message}`).join('\n');

export function compareText(report: CompareReport, gates: readonly Gate[]): string {
  const { a, b, graph, before, after, outputs, metric, latency, problems } = report;
  const parts = [
    `${heading(a)}\n${heading(b)}`,
    pairs([
      ['nodes', `${count(before.nodes)} → ${count(after.nodes)}  ${change(before.nodes, after.nodes)}`],
      [
        'graph',
        `${count(graph.same)} same, ${count(graph.changed)} changed, ${count(graph.added)} added, ${count(graph.removed)} removed`,
      ],
      ['size', `${bytes(before.bytes)} → ${bytes(after.bytes)}  ${change(before.bytes, after.bytes)}`],
      ...(metric ? [[metric.name, metricSentence(metric)] as const] : []),
      ...(latency ? [['latency', latencySentence(latency)] as const] : []),
    ]),
  ];
  if (outputs.length > 0) {
    const right = 'right' as const;
    parts.push(
      table(
        [
          { title: 'output' },
          { title: 'largest difference', align: right },
          { title: 'relative', align: right },
          { title: 'signal to noise', align: right },
          { title: 'cosine', align: right },
        ],
        outputs.map(({ name, maxAbs, maxRel, sqnrDb, cosine }) => [
          shortened(name, 48),
          significant(maxAbs),
          significant(maxRel),
          decibels(sqnrDb),
          cosine.toFixed(6),
        ]),
      ),
    );
  }
  parts.push(gateLines(gates));
  const notes = [...problems, ...(latency?.problems ?? [])];
  if (notes.length > 0) parts.push([strong('notes'), ...notes.map((note) => careful(note))].join('\n'));
  return parts.join('\n\n');
}
