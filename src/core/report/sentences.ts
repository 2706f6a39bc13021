/** Results as sentences: what a report says, in the order in which people ask. */
import { assertUnreachable } from '../assert.ts';
import { english } from '../english.ts';
import { bytes, count, decibels, percent, significant } from './format.ts';
import type {
  CompareReport,
  LatencyComparison,
  MetricPair,
  ModelSize,
  OptimizeReport,
  PruneReport,
  QuantizeReport,
  Verdict,
} from './report.ts';

/** `1.31 × faster (1.28–1.34, 60 runs)`, `1.12 × slower (…)`, `no latency difference above 1.4 %`. */
export function latencySentence({ ratio, interval95, verdict, resolutionPercent, a }: LatencyComparison): string {
  const [low, high] = interval95;
  const runs = a.runs === 1 ? english`1\u00a0run` : english`${count(a.runs)}\u00a0runs`;
  switch (verdict) {
    case 'faster':
      return english`${factor(1 / ratio)} × faster (${factor(1 / high)}–${factor(1 / low)}, ${runs})`;
    case 'slower':
      return english`${factor(ratio)} × slower (${factor(low)}–${factor(high)}, ${runs})`;
    case 'no-difference':
      if (!Number.isFinite(resolutionPercent)) return english`no latency difference can be told (${runs})`;
      return english`no latency difference above ${significant(resolutionPercent, 2)} % (${runs})`;
    default:
      return assertUnreachable(verdict);
  }
}

/** `outputs equal`, `outputs equal within rounding (by up to 3.1e−6)`, `outputs differ (…)`, `outputs not compared`. */
export function outputsSentence(verdict: Verdict): string {
  const largest = Math.max(0, ...verdict.outputs.map((output) => output.maxAbs));
  switch (verdict.status) {
    case 'equal':
      return english`outputs equal`;
    case 'close':
      return english`outputs equal within rounding (by up to ${significant(largest, 2)})`;
    case 'different':
      return english`outputs differ (by up to ${significant(largest, 2)})`;
    case 'not-run':
      return english`outputs not compared`;
    default:
      return assertUnreachable(verdict.status);
  }
}

/** `accuracy 97.2 % → 96.8 %`. */
export const metricSentence = ({ name, before, after }: MetricPair): string =>
  `${name} ${percent(before)} → ${percent(after)}`;

/** As `outputsSentence`, after a step that changes numbers on purpose: then close is not equal. */
export function changedOutputsSentence(verdict: Verdict): string {
  const largest = Math.max(0, ...verdict.outputs.map((output) => output.maxAbs));
  switch (verdict.status) {
    case 'close':
      return english`outputs close (by up to ${significant(largest, 2)} apart)`;
    case 'equal':
    case 'different':
    case 'not-run':
      return outputsSentence(verdict);
    default:
      return assertUnreachable(verdict.status);
  }
}

/** `1,262 → 402 nodes`, or `402 nodes, as before`. */
export function nodesSentence(before: ModelSize, after: ModelSize): string {
  const now = count(after.nodes);
  if (before.nodes !== after.nodes) {
    const then = count(before.nodes);
    return after.nodes === 1 ? english`${then} → 1\u00a0node` : english`${then} → ${now}\u00a0nodes`;
  }
  return after.nodes === 1 ? english`1\u00a0node, as before` : english`${now}\u00a0nodes, as before`;
}

/** Turns a text of the engine into the reader's language. */
type Say = (text: string) => string;

const asItIs: Say = (text) => text;

/** `1,262 → 402 nodes, outputs equal, 1.31 × faster (1.28–1.34, 60 runs)`. */
export function optimizeHeadline({ before, after, verdict, latency }: OptimizeReport, say: Say = asItIs): string {
  return join([nodesSentence(before, after), outputsSentence(verdict), latency && latencySentence(latency)], say);
}

/** `52 of 54 nodes quantized, 34.1 → 9.2 MB, accuracy 91.2 → 90.9 %, 1.8 × faster (…)`. */
export function quantizeHeadline(report: QuantizeReport, say: Say = asItIs): string {
  const { quantized, before, after, metric, sqnrDb, latency, keepFloat } = report;
  const quality = metric
    ? metricSentence(metric)
    : sqnrDb !== null && english`output signal to noise ${decibels(sqnrDb)}`;
  if (keepFloat) return say(english`Keep fp32: nothing that was tried is better on this machine within the budget.`);
  return join(
    [
      quantized.of === 1
        ? english`${count(quantized.nodes)} of 1\u00a0node quantized`
        : english`${count(quantized.nodes)} of ${count(quantized.of)}\u00a0nodes quantized`,
      `${bytes(before.bytes)} → ${bytes(after.bytes)}`,
      quality,
      latency && latencySentence(latency),
    ],
    say,
  );
}

/** As `optimizeHeadline`, for a pruned model. */
export function pruneHeadline(report: PruneReport, say: Say = asItIs): string {
  const { channels, weights, before, after, metric, sqnrDb, latency } = report;
  return join(
    [
      channels && english`${count(channels.removed)} of ${count(channels.of)}\u00a0channels went`,
      weights && english`${count(weights.zeros)} of ${count(weights.of)}\u00a0weights are 0`,
      `${bytes(before.bytes)} → ${bytes(after.bytes)}`,
      metric ? metricSentence(metric) : sqnrDb !== null && english`output signal to noise ${decibels(sqnrDb)}`,
      latency && latencySentence(latency),
    ],
    say,
  );
}

/** As `optimizeHeadline`, for any two models. */
export function compareHeadline({ before, after, verdict, latency }: CompareReport, say: Say = asItIs): string {
  return join([nodesSentence(before, after), outputsSentence(verdict), latency && latencySentence(latency)], say);
}

/** Two decimals below ten, so that 1.28 and 1.31 stay apart. */
function factor(value: number): string {
  return value < 10 ? value.toFixed(2) : significant(value);
}

function join(parts: readonly (string | false | undefined)[], say: Say): string {
  return parts.flatMap((part) => (part ? [say(part)] : [])).join(say(english`, `));
}
