import { bytes, count, decibels, percent } from '../../src/core/report/format.ts';
import type { QuantizeReport } from '../../src/core/report/report.ts';
import { quantizeHeadline } from '../../src/core/report/sentences.ts';
import { engineText } from '../engine-texts.ts';
import { plural, t } from '../l10n.ts';
import type { State } from '../state.ts';
import { Notes } from '../widgets/badge.tsx';
import { Link } from '../widgets/button.tsx';
import { Facts, Fold, Section } from '../widgets/section.tsx';
import { Candidates } from './candidates.tsx';
import { ResultActions } from './optimize.tsx';
import { capital, Headline, LatencyPair, Outputs, Sizes } from './outcome.tsx';
import { QuantizeForm } from './quantize-form.tsx';

/** Quantizes the version on view; or what that made of the one before, when that is on view. */
export function QuantizePanel({ state }: { readonly state: State }) {
  const report = state.reports.value?.quantize;
  return report ? (
    <>
      <QuantizeResult state={state} report={report} />
      <Fold title={t('Quantize again')}>
        <QuantizeForm state={state} again />
      </Fold>
    </>
  ) : (
    <>
      <p class="intro">
        {t(
          'Turns weights and arithmetic into small integers, runs both models to see what it costs in accuracy and gains in time, and keeps the result as a new version.',
        )}
      </p>
      <QuantizeForm state={state} />
    </>
  );
}

function QuantizeResult({ state, report }: { readonly state: State; readonly report: QuantizeReport }) {
  const { quantized, fused, metric, calibration } = report;
  return (
    <>
      <Headline>{quantizeHeadline(report, engineText)}</Headline>
      {!report.keepFloat && <ResultActions state={state} />}
      <Notes notes={report.problems} />
      <Notes notes={report.advice} tone="plain" />
      <Facts
        facts={[
          [t('Scheme'), report.scheme],
          calibration && [
            t('Calibration'),
            <span title={calibration.source}>
              {plural(calibration.samples, '{0} sample', '{0} samples')}, {engineText(fileName(calibration.source))},{' '}
              {calibration.method}
            </span>,
          ],
          [t('Quantized'), t('{0} of {1} nodes', count(quantized.nodes), count(quantized.of))],
          [t('Integer kernels'), t('{0} of {1} run as integers in ONNX Runtime', count(fused.nodes), count(fused.of))],
          metric && [
            capital(metric.name),
            `${percent(metric.before)} → ${percent(metric.after)}, ${plural(metric.samples, '{0} sample', '{0} samples')}`,
          ],
          [t('Signal to noise'), decibels(report.sqnrDb)],
          [t('Size'), `${bytes(report.before.bytes)} → ${bytes(report.after.bytes)}`],
        ]}
      />
      {report.candidates && <Candidates state={state} candidates={report.candidates} />}
      {report.latency && <LatencyPair latency={report.latency} labels={[t('Before'), t('After')]} />}
      <Outputs verdict={report.verdict} lossy />
      <Kept state={state} report={report} />
      <Sizes before={report.before} after={report.after} labels={[t('Before'), t('After')]} />
    </>
  );
}

/** Nodes that stayed float, by the reason why. */
function Kept({ state, report }: { readonly state: State; readonly report: QuantizeReport }) {
  const byReason = Map.groupBy(report.kept, ({ reason }) => reason);
  if (report.kept.length === 0) return null;
  return (
    <Section
      title={t('Kept float')}
      aside={<span class="quiet">{plural(report.kept.length, '{0} node', '{0} nodes')}</span>}
    >
      {[...byReason].map(([reason, nodes]) => (
        <details key={reason} class="pass">
          <summary>
            <span class="codicon codicon-chevron-right" aria-hidden="true" />
            <span>{engineText(reason)}</span>
            <span class="figure">{count(nodes.length)}</span>
          </summary>
          <ul class="plain-list">
            {nodes.map(({ id, node }) => (
              <li key={id ?? node}>
                {id === undefined ? node : <Link onClick={() => void state.reveal(id)}>{node}</Link>}
              </li>
            ))}
          </ul>
        </details>
      ))}
    </Section>
  );
}

function fileName(path: string): string {
  return path.replace(/^.*[\\/]/, '');
}
