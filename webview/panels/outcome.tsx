/** Parts that every before/after result is made of. */

import type { ComponentChildren } from 'preact';
import { bytes, change, count, decibels, interval, significant, time } from '../../src/core/report/format.ts';
import type { LatencyComparison, ModelSize, OutputDifference, Verdict } from '../../src/core/report/report.ts';
import { changedOutputsSentence, latencySentence, outputsSentence } from '../../src/core/report/sentences.ts';
import { Intervals } from '../charts/intervals.tsx';
import { engineText } from '../engine-texts.ts';
import { plural, t } from '../l10n.ts';
import { Badge, Notes, type Tone } from '../widgets/badge.tsx';
import { Section } from '../widgets/section.tsx';

/** The one sentence that a result leads with. A factor stays with its sign, a figure with its arrow. */
export function Headline({ children }: { readonly children: string }) {
  return <p class="headline sentence">{children.replace(/ (?=[×→%])/g, '\u00a0')}</p>;
}

const verdictTones: Readonly<Record<Verdict['status'], Tone>> = {
  equal: 'good',
  close: 'good',
  different: 'bad',
  'not-run': 'warn',
};

/** Do the outputs agree: the verdict, and every output with its difference. */
export function Outputs({ verdict, lossy }: { readonly verdict: Verdict; readonly lossy?: boolean }) {
  // A lossy step is meant to move the outputs: that is a figure to read, not an alarm.
  const tone = lossy && verdict.status === 'different' ? 'plain' : verdictTones[verdict.status];
  return (
    <Section
      title={t('Outputs')}
      aside={
        verdict.runs > 0 && (
          <span class="quiet">{plural(verdict.runs, '{0} input compared', '{0} inputs compared')}</span>
        )
      }
    >
      <p>
        <Badge tone={tone}>
          {capital(engineText(lossy ? changedOutputsSentence(verdict) : outputsSentence(verdict)))}
        </Badge>
      </p>
      {verdict.reason && <p class="prose">{engineText(verdict.reason)}</p>}
      {verdict.status !== 'equal' && verdict.outputs.length > 0 && <OutputTable outputs={verdict.outputs} />}
    </Section>
  );
}

function OutputTable({ outputs }: { readonly outputs: readonly OutputDifference[] }) {
  return (
    <table class="figures">
      <thead>
        <tr>
          <th scope="col">{t('Output')}</th>
          <th scope="col">{t('Largest difference')}</th>
          <th scope="col" class="optional">
            {t('Relative')}
          </th>
          <th scope="col">{t('Signal to noise')}</th>
        </tr>
      </thead>
      <tbody>
        {outputs.map(({ name, maxAbs, maxRel, sqnrDb }) => (
          <tr key={name}>
            <th scope="row" title={name}>
              {name}
            </th>
            <td>{significant(maxAbs)}</td>
            <td class="optional">{significant(maxRel)}</td>
            <td>{decibels(sqnrDb)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Latency of both, on one scale, and what the measurement could have told apart. */
export function LatencyPair({
  latency,
  labels,
}: {
  readonly latency: LatencyComparison;
  readonly labels: readonly [string, string];
}) {
  const { a, b, rounds, control95, resolutionPercent, verdict } = latency;
  const tone: Tone = verdict === 'faster' ? 'good' : verdict === 'slower' ? 'bad' : 'even';
  return (
    <Section
      title={t('Latency')}
      aside={<span class="quiet">{plural(rounds, '{0} round, both in turn', '{0} rounds, both in turn')}</span>}
    >
      <p>
        <Badge tone={tone}>{capital(engineText(latencySentence(latency)))}</Badge>
      </p>
      <Notes notes={latency.problems ?? []} />
      <Intervals
        label={t('Latency before and after')}
        estimates={[
          { label: labels[0], value: a.median, interval95: a.interval95, text: time(a.median), tone: 'before' },
          { label: labels[1], value: b.median, interval95: b.interval95, text: time(b.median), tone: 'after' },
        ]}
      />
      <p class="quiet">
        {t('Medians with 95 % intervals: {0} and {1}.', interval(a.interval95, 'ms'), interval(b.interval95, 'ms'))}{' '}
        {t('Differences below {0} % would not show.', significant(resolutionPercent, 2))}{' '}
        {control95 && t('The first against itself came to {0}.', control95.map((ratio) => ratio.toFixed(3)).join('–'))}
      </p>
    </Section>
  );
}

interface SizesProps {
  readonly before: ModelSize;
  readonly after: ModelSize;
  readonly labels: readonly [string, string];
}

/** Nodes, bytes and operator counts, before and after. Operators that did not change are left out. */
export function Sizes({ before, after, labels }: SizesProps) {
  const operators = [...new Set([...Object.keys(before.operators ?? {}), ...Object.keys(after.operators ?? {})])]
    .map((name) => ({ name, from: before.operators?.[name] ?? 0, to: after.operators?.[name] ?? 0 }))
    .filter(({ from, to }) => from !== to)
    .sort((one, other) => Math.abs(other.to - other.from) - Math.abs(one.to - one.from));
  return (
    <Section title={t('Before and after')}>
      <table class="figures">
        <thead>
          <tr>
            <td />
            <th scope="col">{labels[0]}</th>
            <th scope="col">{labels[1]}</th>
            <th scope="col">{t('Change')}</th>
          </tr>
        </thead>
        <tbody>
          <Row name={t('Nodes')} cells={[count(before.nodes), count(after.nodes), change(before.nodes, after.nodes)]} />
          <Row name={t('Bytes')} cells={[bytes(before.bytes), bytes(after.bytes), change(before.bytes, after.bytes)]} />
          {before.activationBytes !== undefined && after.activationBytes !== undefined && (
            <Row
              name={t('Activations at most')}
              cells={[
                bytes(before.activationBytes),
                bytes(after.activationBytes),
                change(before.activationBytes, after.activationBytes),
              ]}
            />
          )}
          {operators.map(({ name, from, to }) => (
            <Row key={name} name={name} indent cells={[count(from), count(to), signed(to - from)]} />
          ))}
        </tbody>
      </table>
    </Section>
  );
}

interface RowProps {
  readonly name: string;
  readonly cells: readonly ComponentChildren[];
  readonly indent?: boolean;
}

function Row({ name, cells, indent }: RowProps) {
  return (
    <tr class={indent ? 'indent' : undefined}>
      <th scope="row">{name}</th>
      {cells.map((cell, index) => (
        <td key={index}>{cell}</td>
      ))}
    </tr>
  );
}

/** With a capital: a sentence that stands alone. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A change in a count, with its sign: `−28`, `+3`. */
export function signed(value: number): string {
  return value > 0 ? `+${count(value)}` : `−${count(-value)}`;
}
