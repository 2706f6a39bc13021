import { count, percent, time } from '../core/report/format.ts';
import type { QuantizeReport } from '../core/report/report.ts';
import { latencySentence } from '../core/report/sentences.ts';
import { faint } from './print.ts';

/** Lines of a text on what a change of numbers cost and gained, how long it took, and where the result is. */
export function costAndGain({
  metric,
  latency,
  milliseconds,
  output,
}: Pick<QuantizeReport, 'metric' | 'latency' | 'milliseconds' | 'output'>): [string, string][] {
  const lines: [string, string][] = [];
  if (metric) {
    const samples = faint(`(${count(metric.samples)} samples)`);
    lines.push([metric.name, `${percent(metric.before)} → ${percent(metric.after)} ${samples}`]);
  }
  if (latency) lines.push(['latency', latencySentence(latency)]);
  lines.push(['time', time(milliseconds)]);
  if (output) lines.push(['written', output]);
  return lines;
}
