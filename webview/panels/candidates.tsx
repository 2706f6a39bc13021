import { bytes, decibels, percent } from '../../src/core/report/format.ts';
import type { QuantizeCandidate } from '../../src/core/report/report.ts';
import { Scatter } from '../charts/scatter.tsx';
import { engineText } from '../engine-texts.ts';
import { plural, t } from '../l10n.ts';
import { Section } from '../widgets/section.tsx';

/** What was tried: speed against accuracy where both were measured, and every candidate in a table. */
export function Candidates({ candidates }: { readonly candidates: readonly QuantizeCandidate[] }) {
  const labelled = candidates.some(({ metric }) => metric !== undefined);
  const quality = (candidate: QuantizeCandidate) => (labelled ? (candidate.metric ?? null) : candidate.sqnrDb);
  const points = candidates.flatMap((candidate) => {
    const y = quality(candidate);
    return candidate.ratio === undefined || y === null
      ? []
      : [
          {
            label: engineText(candidate.label),
            x: candidate.ratio,
            interval95: candidate.interval95,
            y: labelled ? y * 100 : y,
            chosen: candidate.chosen,
          },
        ];
  });
  return (
    <Section
      title={t('What was tried')}
      aside={<span class="quiet">{plural(candidates.length, '{0} candidate', '{0} candidates')}</span>}
    >
      {points.length > 1 && (
        <Scatter
          label={t('Time against accuracy')}
          xTitle={t('Time, as a share of float')}
          yTitle={labelled ? t('Accuracy, %') : t('Signal to noise, dB')}
          points={points}
        />
      )}
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">{t('Candidate')}</th>
            <th scope="col">{labelled ? t('Accuracy') : t('Signal to noise')}</th>
            <th scope="col">{t('Time')}</th>
            <th scope="col" class="optional">
              {t('Bytes')}
            </th>
          </tr>
        </thead>
        <tbody>
          {candidates.map((candidate) => (
            <tr key={candidate.label} class={candidate.chosen ? 'chosen' : undefined}>
              <th scope="row" title={engineText(candidate.label)}>
                {candidate.chosen ? t('{0}, chosen', engineText(candidate.label)) : engineText(candidate.label)}
              </th>
              <td>{labelled ? percent(candidate.metric) : decibels(candidate.sqnrDb)}</td>
              <td>{candidate.ratio === undefined ? '–' : `${candidate.ratio.toFixed(2)}\u00a0×`}</td>
              <td class="optional">{bytes(candidate.bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}
