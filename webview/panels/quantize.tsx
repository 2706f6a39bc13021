import { bytes, count, decibels, percent } from '../../src/core/report/format.ts';
import type { QuantizeReport } from '../../src/core/report/report.ts';
import { quantizeHeadline } from '../../src/core/report/sentences.ts';
import { engineText } from '../engine-texts.ts';
import { plural, t } from '../l10n.ts';
import type { State } from '../state.ts';
import { Notes } from '../widgets/badge.tsx';
import { Facts, Fold } from '../widgets/section.tsx';
import { Candidates } from './candidates.tsx';
import { ResultActions } from './optimize.tsx';
import { capital, Headline, LatencyPair, Outputs, Sizes } from './outcome.tsx';
import { QuantizeForm } from './quantize-form.tsx';
import { Islands, Kept, NodeErrors } from './quantized-nodes.tsx';

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
          fused.of > 0 && [
            t('Integer kernels'),
            t('{0} of {1} run as integers in ONNX Runtime', count(fused.nodes), count(fused.of)),
          ],
          metric && [
            capital(metric.name),
            `${percent(metric.before)} → ${percent(metric.after)}, ${plural(metric.samples, '{0} sample', '{0} samples')}`,
          ],
          report.options.format === 'qoperator' && [t('Form'), t('Operators on integers (QOperator)')],
          [t('Signal to noise'), decibels(report.sqnrDb)],
          report.comparedOn && [
            t('Compared on'),
            comparedText(report.comparedOn, plural(report.verdict.runs, '{0} run', '{0} runs')),
          ],
          [t('Size'), `${bytes(report.before.bytes)} → ${bytes(report.after.bytes)}`],
        ]}
      />
      {report.candidates && <Candidates state={state} candidates={report.candidates} />}
      {report.latency && <LatencyPair latency={report.latency} labels={[t('Before'), t('After')]} />}
      <Outputs verdict={report.verdict} lossy />
      <Kept state={state} report={report} />
      <Islands state={state} report={report} />
      <NodeErrors state={state} report={report} />
      <Sizes before={report.before} after={report.after} labels={[t('Before'), t('After')]} />
    </>
  );
}

function comparedText(on: NonNullable<QuantizeReport['comparedOn']>, runs: string): string {
  switch (on) {
    case 'labelled':
      return t('{0} on the labelled data', runs);
    case 'held-out':
      return t('{0} on samples that calibration did not see', runs);
    case 'calibration':
      return t('{0} on samples that ranges were found on, too', runs);
    case 'made-up':
      return t('{0} on made-up inputs', runs);
  }
}

function fileName(path: string): string {
  return path.replace(/^.*[\\/]/, '');
}
