import type { ReportDocument } from './document.ts';
import { decibels, time } from './format.ts';
import type { TuneReport } from './report.ts';
import { environmentSections, latencyTable, table } from './sections.ts';
import { metricSentence } from './sentences.ts';

/** Whether a target was met, in a word. */
export const tuneVerdict = (met: boolean | null): string => (met === null ? 'cannot be told' : met ? 'met' : 'missed');

/** The report of a search for a latency: what was tried and kept, and the rounds that decided. */
export function tuneDocument(report: TuneReport): ReportDocument {
  const { model, target, met, before, after, p90, steps, order, settings, metric, sqnrDb, advice, environment } =
    report;
  const limits = [
    ...(target.maxMetricDrop === undefined ? [] : [`at most ${target.maxMetricDrop} points of the metric lost`]),
    ...(target.minSqnr === undefined ? [] : [`at least ${decibels(target.minSqnr)} signal to noise`]),
  ];
  const row = (name: string, { median, interval: [low, high], rounds }: TuneReport['p90']['after']) => [
    name,
    time(median),
    `${time(low)} – ${time(high)}`,
    String(rounds),
  ];
  const quality = metric ? metricSentence(metric) : sqnrDb ? `${decibels(sqnrDb)} signal to noise` : undefined;
  return {
    title: `Tuned: ${model.path.replace(/^.*[\\/]/, '')}`,
    lead: `90 % of the runs within ${time(target.p90)}: ${tuneVerdict(met)}.`,
    sections: [
      {
        heading: 'Target',
        blocks: [
          table(
            ['90th percentile', '#Median of the rounds', '#Between', '#Rounds'],
            [row('Before', p90.before), row('After', p90.after)],
          ),
          latencyTable([
            ['Before', before],
            ['After', after],
          ]),
          ...(limits.length > 0 ? [{ kind: 'list' as const, items: limits }] : []),
          ...(quality === undefined ? [] : [{ kind: 'text' as const, text: `Outputs: ${quality}.` }]),
          {
            kind: 'text',
            text: `Threads: ${settings.threads === 0 ? "ONNX Runtime's choice" : settings.threads}; provider ${settings.provider}.`,
          },
        ],
      },
      {
        heading: 'What was tried',
        blocks: [
          { kind: 'text', text: order },
          table(
            ['Step', '', 'What', '#p90', 'Why'],
            steps.map(({ step, kept, what, p90: reached, why }) => [
              step,
              kept ? 'kept' : 'left',
              what,
              reached === undefined ? '' : time(reached),
              why,
            ]),
          ),
        ],
      },
      ...(advice.length > 0 ? [{ heading: 'Advice', blocks: [{ kind: 'list' as const, items: advice }] }] : []),
      ...environmentSections(environment),
    ],
  };
}
