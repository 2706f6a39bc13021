import { open, readFile } from 'node:fs/promises';
import { change, count, interval, time } from '../core/report/format.ts';
import {
  compareProfiles,
  type NodeChange,
  type ProfileComparison,
  readProfileReport,
} from '../core/report/profile-comparison.ts';
import type { ProfileReport } from '../core/report/profile-report.ts';
import { heading, type Outcome, threadsText } from './command.ts';
import { UsageError } from './exit.ts';
import { careful, faint, pairs, shortened, strong, table } from './print.ts';

/** Whether a file holds JSON, as reports do; a model begins with another byte. */
export async function isReport(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    return buffer.toString('utf8', 0, bytesRead).trimStart().startsWith('{');
  } finally {
    await file.close();
  }
}

/** `opscope compare A.json B.json`: two reports of `profile --json`. Nothing runs. */
export async function compareReports(pathA: string, pathB: string): Promise<Outcome> {
  const report = compareProfiles(await readReport(pathA), await readReport(pathB));
  return { report, text: () => comparisonText(report) };
}

async function readReport(path: string): Promise<ProfileReport> {
  const read = readProfileReport(await readFile(path, 'utf8'));
  if (typeof read === 'string') throw new UsageError(`${path} ${read}`);
  return read;
}

const shownNodes = 25;

function comparisonText({ a, b, latency, nodes, problems }: ProfileComparison): string {
  const machine = ({ environment }: ProfileComparison['a']) =>
    faint(
      `${environment.date.slice(0, 16).replace('T', ' ')} UTC, ${environment.cpu}, ${environment.provider}, ${threadsText(environment)}`,
    );
  const [low, high] = latency.interval95;
  return [
    `${heading(a.model)}\n${machine(a)}\n${heading(b.model)}\n${machine(b)}`,
    pairs([
      [
        'latency',
        `${strong(`${time(a.latency.median)} → ${time(b.latency.median)}`)}  ${change(a.latency.median, b.latency.median)}`,
      ],
      [
        '',
        `${interval(a.latency.interval95, 'ms')} → ${interval(b.latency.interval95, 'ms')}, ${count(a.latency.runs)} and ${count(b.latency.runs)} runs`,
      ],
      [
        'ratio',
        `${latency.ratio.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)}), not measured in turns: no verdict`,
      ],
    ]),
    ...(nodes.length > 0 ? [nodesTable(nodes)] : []),
    [strong('notes'), ...problems.map((problem) => careful(problem))].join('\n'),
  ].join('\n\n');
}

function nodesTable(nodes: readonly NodeChange[]): string {
  const right = 'right' as const;
  const rows = nodes
    .slice(0, shownNodes)
    .map(({ name, opType, before, after, within }) => [
      before === 0 ? '–' : time(before),
      after === 0 ? '–' : time(after),
      Math.abs(after - before) <= within
        ? `none within ±${time(within)}`
        : `${after < before ? '−' : '+'}${time(Math.abs(after - before))} ±${time(within)}`,
      opType,
      shortened(name, 60),
    ]);
  const columns = [
    { title: 'before', align: right },
    { title: 'after', align: right },
    { title: 'change', align: right },
    { title: 'operator' },
    { title: 'node' },
  ];
  const more =
    nodes.length > shownNodes ? [faint(`the ${shownNodes} largest changes of ${count(nodes.length)} nodes`)] : [];
  return [table(columns, rows), ...more].join('\n');
}
