import { bytes, decibels, percent } from '../../src/core/report/format.ts';
import type { QuantizeCandidate } from '../../src/core/report/report.ts';
import { Scatter } from '../charts/scatter.tsx';
import { engineText } from '../engine-texts.ts';
import { plural, t } from '../l10n.ts';
import type { State } from '../state.ts';
import { IconButton } from '../widgets/button.tsx';
import { Section } from '../widgets/section.tsx';

/**
 * What was tried: speed against accuracy where both were measured, and every candidate in a table. Each point and row
 * opens its candidate as a version.
 */
export function Candidates({
  state,
  candidates,
}: {
  readonly state: State;
  readonly candidates: readonly QuantizeCandidate[];
}) {
  const { trusted, current } = state.document.value!;
  const canOpen = trusted && state.job.value === null;
  const open = ({ label }: QuantizeCandidate) => void state.host.openCandidate({ version: current, label });
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
            front: candidate.front,
            onOpen: canOpen ? () => open(candidate) : undefined,
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
            <td class="opening" />
          </tr>
        </thead>
        <tbody>
          {candidates.map((candidate) => (
            <tr key={candidate.label} class={candidate.chosen ? 'chosen' : undefined}>
              <th scope="row" title={engineText(candidate.label)}>
                {candidate.chosen ? t('{0}, chosen', engineText(candidate.label)) : engineText(candidate.label)}
                {candidate.front && <span class="quiet"> · {t('Pareto front')}</span>}
                {!candidate.within && <span class="quiet"> · {t('beyond the budget')}</span>}
              </th>
              <td>{labelled ? percent(candidate.metric) : decibels(candidate.sqnrDb)}</td>
              <td>{candidate.ratio === undefined ? '–' : `${candidate.ratio.toFixed(2)}\u00a0×`}</td>
              <td class="optional">{bytes(candidate.bytes)}</td>
              <td class="opening">
                <IconButton
                  icon="go-to-file"
                  label={t('Open {0} as a version', engineText(candidate.label))}
                  disabled={!canOpen}
                  onClick={() => open(candidate)}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}
