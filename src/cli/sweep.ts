import { InvalidArgumentError } from 'commander';
import type { OptimizationLevel } from '../core/evaluator.ts';
import type { SweepAxes } from '../core/profile/sweep.ts';
import { count, counted, interval, time } from '../core/report/format.ts';
import type { SweepPoint, SweepReport } from '../core/report/profile-report.ts';
import { heading } from './command.ts';
import { careful, faint, strong, table } from './print.ts';

const levels: readonly OptimizationLevel[] = ['disabled', 'basic', 'extended', 'layout', 'all'];

/** `threads=1,2`, `provider=…`, `level=…`, or a symbolic dimension with sizes; for commander, added to what came before. */
export function collectAxis(text: string, axes: SweepAxes | undefined): SweepAxes {
  const at = text.lastIndexOf('=');
  const name = text.slice(0, at);
  const values = text.slice(at + 1).split(',');
  if (at < 1 || values.includes(''))
    throw new InvalidArgumentError('Write it as NAME=VALUE,VALUE: --sweep threads=1,2.');
  switch (name) {
    case 'provider':
      return { ...axes, provider: values };
    case 'threads':
      return { ...axes, threads: values.map(wholeNumber) };
    case 'level': {
      const known = levels.filter((level) => values.includes(level));
      if (known.length !== values.length) throw new InvalidArgumentError(`Levels are ${levels.join(', ')}.`);
      return { ...axes, level: known };
    }
    default:
      return { ...axes, dims: { ...axes?.dims, [name]: values.map(wholeNumber) } };
  }
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError(`${text} is not a whole number.`);
  return Number(text);
}

/** A table of the combinations, fastest marked, and what to paste. */
export function sweepText({ model, points, fastest, problems }: SweepReport): string {
  const marks = new Map(fastest.map(({ point, clear }) => [point, clear ? 'fastest' : 'fastest, not clearly']));
  const rows = points.map((point, index) => [
    settingsText(point),
    point.latency ? time(point.latency.median) : careful(point.failure ?? ''),
    point.latency ? interval(point.latency.interval95, 'ms') : '',
    point.latency ? count(point.latency.runs) : '',
    marks.get(index) ?? '',
  ]);
  const right = 'right' as const;
  const head = [
    { title: 'settings' },
    { title: 'median', align: right },
    { title: '95 %', align: right },
    { title: 'runs', align: right },
    { title: '' },
  ];
  return [
    heading(model),
    table(head, rows),
    ...fastest.map((each) => recommendation(each, points)),
    ...problems.map((problem) => careful(problem)),
  ].join('\n\n');
}

function recommendation(
  { point, clear, snippets }: SweepReport['fastest'][number],
  points: readonly SweepPoint[],
): string {
  const settings = settingsText(points[point]!);
  if (!clear || !snippets) return faint(`${settings}: no setting is measurably faster than all others.`);
  return [
    strong(`${settings} is measurably faster than the others.`),
    `${faint('Python')}\n${snippets.python}`,
    `${faint('C++')}\n${snippets.cpp}`,
    `${faint('C#')}\n${snippets.csharp}`,
    `${faint('JavaScript')}\n${snippets.javascript}`,
  ].join('\n\n');
}

function settingsText({ provider, threads, level, dims }: SweepPoint): string {
  const sizes = Object.entries(dims).map(([name, size]) => `${name} ${size}`);
  return [...sizes, provider, `level ${level}`, threads === 0 ? 'default threads' : counted(threads, 'thread')].join(
    ', ',
  );
}
