import { bytes, change, count, decibels, significant } from '../core/report/format.ts';
import type { QuantizeReport } from '../core/report/report.ts';
import { changedOutputsSentence } from '../core/report/sentences.ts';
import { worstNodes } from '../core/report/worst-nodes.ts';
import { candidatesTable } from './budget.ts';
import { heading } from './command.ts';
import { costAndGain } from './cost-and-gain.ts';
import { bad, careful, good, pairs, shortened, strong, table } from './print.ts';

/** Nodes that a reason names; the rest is counted. */
const shownKept = 3;

/** One line a reason, with how many nodes it holds for. */
function keptLines(kept: readonly { readonly node: string; readonly reason: string }[]): readonly string[] {
  const byReason = new Map<string, string[]>();
  for (const { node, reason } of kept) byReason.set(reason, [...(byReason.get(reason) ?? []), node]);
  return [...byReason].map(([reason, nodes]) => {
    const named = nodes.slice(0, shownKept).map((node) => shortened(node, 60));
    const more = nodes.length > shownKept ? ` and ${count(nodes.length - shownKept)} more` : '';
    return `${named.join(', ')}${more}: ${reason}`;
  });
}

const comparedTexts = {
  labelled: 'the labelled data',
  'held-out': 'samples that calibration did not see',
  calibration: 'samples that ranges were found on, too',
  'made-up': 'made-up inputs',
} as const;

/** What was done to the model before it was quantized. */
function preparations({ options: { prune, equalize, smooth } }: QuantizeReport): readonly string[] {
  return [
    ...(prune === undefined ? [] : [prune === '2:4' ? 'pruned 2:4' : `pruned by ${Number(prune) * 100} %`]),
    ...(equalize === true ? ['layers equalized'] : []),
    ...(smooth === undefined ? [] : [`smoothed with a strength of ${smooth}`]),
  ];
}

/** The report for people; `errors`: rows of the table of nodes with the largest errors. */
export function quantizeText(report: QuantizeReport, errors = 0): string {
  const {
    quantized,
    fused,
    islands = [],
    kept,
    after,
    verdict,
    sqnrDb,
    comparedOn,
    calibration,
    advice,
    problems,
  } = report;
  const before = preparations(report);
  const paint = verdict.status === 'different' ? bad : verdict.status === 'not-run' ? careful : good;
  const quality = [
    changedOutputsSentence(verdict),
    ...(sqnrDb === null ? [] : [`signal to noise ${decibels(sqnrDb)}`]),
    ...(comparedOn ? [`${count(verdict.runs)} runs on ${comparedTexts[comparedOn]}`] : []),
    ...(verdict.status === 'not-run' && verdict.reason ? [verdict.reason] : []),
  ];
  const entries: [string, string][] = [
    ['scheme', report.scheme],
    ...(calibration
      ? [
          ['calibration', `${count(calibration.samples)} samples, ${calibration.method}, ${calibration.source}`] as [
            string,
            string,
          ],
        ]
      : []),
    ...(before.length > 0 ? [['before', before.join(', ')] as [string, string]] : []),
    ['quantized', `${count(quantized.nodes)} of ${count(quantized.of)} nodes`],
    ...(fused.of > 0
      ? [['integer', `${count(fused.nodes)} of ${count(fused.of)} run with an integer kernel`] as [string, string]]
      : []),
    ['size', `${bytes(report.before.bytes)} → ${bytes(after.bytes)}  ${change(report.before.bytes, after.bytes)}`],
    ['outputs', paint(quality.join(', '))],
    ...costAndGain(report),
  ];
  const parts = [heading(report.model)];
  if (report.keepFloat)
    parts.push(careful('Nothing is written: the float model is best. Of what was tried, the best is:'));
  parts.push(pairs(entries));
  if (report.candidates) parts.push(candidatesTable(report.candidates));
  if (kept.length > 0) parts.push([strong('kept in float'), ...keptLines(kept)].join('\n'));
  if (islands.length > 0) parts.push([strong('run as floats between conversions'), ...keptLines(islands)].join('\n'));
  if (errors > 0 && report.nodes) parts.push(errorTable(report, errors));
  if (advice.length > 0) parts.push([strong('advice'), ...advice].join('\n'));
  if (problems.length > 0) parts.push([strong('notes'), ...problems.map((problem) => careful(problem))].join('\n'));
  return parts.join('\n\n');
}

function errorTable(report: QuantizeReport, rows: number): string {
  const { nodes = [], sensitivity } = report;
  const shown = worstNodes(report).slice(0, rows);
  const titles = ['signal to noise', 'cosine', 'largest error', 'weights', 'largest error'];
  const columns = [...titles, ...(sensitivity ? ['gain when float'] : [])].map((title) => ({
    title,
    align: 'right' as const,
  }));
  const body = shown.map((node) => [
    shortened(node.node, 48),
    ...(node.output
      ? [decibels(node.output.sqnrDb), node.output.cosine.toFixed(6), significant(node.output.maxAbs)]
      : ['', '', '']),
    ...(node.weight ? [decibels(node.weight.sqnrDb), significant(node.weight.maxAbs)] : ['', '']),
    ...(sensitivity ? [gainText(node.gainDb)] : []),
  ]);
  const title = `${count(shown.length)} of ${count(nodes.length)} nodes with the largest errors`;
  const probed = sensitivity
    ? `; ${count(sensitivity.probed)} of ${count(sensitivity.of)} quantized nodes were left float one at a time`
    : '';
  return `${strong(title)}${probed}\n${table([{ title: 'node' }, ...columns], body)}`;
}

const gainText = (gain: number | undefined): string =>
  gain === undefined
    ? ''
    : Number.isFinite(gain)
      ? `${gain >= 0 ? '+' : '−'}${Math.abs(gain).toFixed(1)} dB`
      : 'all of it';
