import { InvalidArgumentError } from 'commander';
import { bytes, decibels, percent } from '../core/report/format.ts';
import type { QuantizeCandidate } from '../core/report/report.ts';
import type { Budget } from '../worker/quantize-budget.ts';
import { faint, good, strong, table } from './print.ts';

/** What `--budget` is given: `sqnr=30,drop=0.5,size=0.3`, in dB, percentage points, and a share of the size or `20MB`. */
export function budget(text: string): Budget {
  const limits: { minSqnr?: number; maxMetricDrop?: number; maxSize?: number } = {};
  for (const part of text.split(',')) {
    const [name, value = ''] = part.split('=', 2).map((each) => each.trim());
    const [, figure, megabytes] = /^(\d+(?:\.\d+)?)(MB)?$/i.exec(value) ?? [];
    const number = Number(figure);
    if (!(number > 0)) throw new InvalidArgumentError(`${part} sets no limit. ${example}`);
    if (name === 'sqnr' && !megabytes) limits.minSqnr = number;
    else if (name === 'drop' && !megabytes) limits.maxMetricDrop = number;
    else if (name === 'size' && megabytes) limits.maxSize = number * 1e6;
    else if (name === 'size' && number <= 1) limits.maxSize = number;
    else throw new InvalidArgumentError(`${part} sets no limit. ${example}`);
  }
  return limits;
}

const example =
  'It takes limits such as sqnr=30 (dB), drop=0.5 (percentage points of the metric) and size=0.3 (of the model) or size=20MB, with commas between.';

/** What a search tried, a line each: what it costs, and how long it takes beside the float model. */
export function candidatesTable(candidates: readonly QuantizeCandidate[]): string {
  const labelled = candidates.some(({ metric }) => metric !== undefined);
  const right = 'right' as const;
  const time = ({ ratio, interval95 }: QuantizeCandidate) =>
    ratio === undefined ? '–' : `${ratio.toFixed(2)} × (${interval95!.map((bound) => bound.toFixed(2)).join('–')})`;
  const said = ({ chosen, within, front }: QuantizeCandidate) =>
    chosen ? good('chosen') : !within ? faint('beyond the budget') : front ? 'none is faster and as exact' : '';
  const rows = candidates.map((each) => [
    each.label,
    decibels(each.sqnrDb),
    ...(labelled ? [percent(each.metric)] : []),
    bytes(each.bytes),
    time(each),
    said(each),
  ]);
  const head = [
    { title: strong('tried') },
    { title: 'signal to noise', align: right },
    ...(labelled ? [{ title: 'accuracy', align: right }] : []),
    { title: 'size', align: right },
    { title: 'time, of float', align: right },
    { title: '' },
  ];
  return table(head, rows);
}
