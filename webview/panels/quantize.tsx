import type { NodeId } from '../../src/core/graph/model.ts';
import type { CalibrationMethod, Scheme } from '../../src/core/quantize/quantize-model.ts';
import { bytes, count, decibels, percent } from '../../src/core/report/format.ts';
import type { QuantizeReport } from '../../src/core/report/report.ts';
import { quantizeHeadline } from '../../src/core/report/sentences.ts';
import type { VersionInfo } from '../../src/protocol/worker.ts';
import { engineText } from '../engine-texts.ts';
import { plural, t } from '../l10n.ts';
import { nodeName } from '../shell/operator-table.tsx';
import type { State } from '../state.ts';
import { Notes } from '../widgets/badge.tsx';
import { Button, IconButton, Link } from '../widgets/button.tsx';
import { Checkbox } from '../widgets/checkbox.tsx';
import { Field } from '../widgets/field.tsx';
import { PathField } from '../widgets/path-field.tsx';
import { Facts, Fold, Section } from '../widgets/section.tsx';
import { Select } from '../widgets/select.tsx';
import { Candidates } from './candidates.tsx';
import { parentOf, ResultActions } from './optimize.tsx';
import { capital, Headline, LatencyPair, Outputs, Sizes } from './outcome.tsx';
import { RunButton } from './run-button.tsx';
import { RunSettingsForm } from './run-settings.tsx';

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

type OfferedScheme = Scheme | 'auto';

const schemeTexts: Readonly<Record<OfferedScheme, { readonly label: string; readonly description: string }>> = {
  'dynamic-int8': {
    label: t('Dynamic int8'),
    description: t('MatMul, Gemm, LSTM; ranges are found while running. Needs no data.'),
  },
  'static-int8': {
    label: t('Static int8'),
    description: t('Convolutions too; ranges are found beforehand, from calibration data.'),
  },
  'int8-weights': {
    label: t('int8 weights'),
    description: t('Weights of MatMul and Gemm in 8 bits, arithmetic in float.'),
  },
  'int4-weights': {
    label: t('int4 weights'),
    description: t('Weights of MatMul and Gemm in 4 bits, arithmetic in float.'),
  },
  fp16: { label: t('fp16'), description: t('Half precision: half the size; faster on GPUs, seldom on CPUs.') },
  auto: {
    label: t('Find the best'),
    description: t(
      'Tries schemes, ranges and exceptions, measures the best of them, and says so when float stays best.',
    ),
  },
};

const schemes = Object.entries(schemeTexts).map(([value, text]) => ({ value, ...text }));

const methodTexts: Readonly<Record<CalibrationMethod, { readonly label: string; readonly description: string }>> = {
  minmax: { label: t('Least and greatest'), description: t('The whole range that was seen') },
  'moving-average': { label: t('Moving average'), description: t('Least and greatest of each sample, smoothed') },
  percentile: { label: t('Percentile'), description: t('Leaves out the rarest values') },
  entropy: { label: t('Entropy'), description: t('The range that keeps the distribution best') },
  mse: { label: t('Least squared error'), description: t('The range with the least rounding and clipping error') },
};

const methods = Object.entries(methodTexts).map(([value, text]) => ({ value, ...text }));

/** Schemes that fit ranges to data. */
const calibrated: readonly string[] = ['static-int8', 'auto'] satisfies OfferedScheme[];

const dataChoices = [
  { value: 'files', label: t('Files') },
  { value: 'random', label: t('Random values'), description: t('Ranges of random values: the result says so') },
] as const;

function QuantizeForm({ state, again }: { readonly state: State; readonly again?: boolean }) {
  const parent = quantizedFrom(state);
  const form = state.forms.quantize;
  const { scheme, data, calibration, method, perChannel, labelled, verify, measure } = form.value;
  const change = (patch: Partial<typeof form.value>) => {
    form.value = { ...form.value, ...patch };
  };
  const needsData = calibrated.includes(scheme);
  const refusal =
    needsData && data === 'files' && calibration === ''
      ? t('Choose calibration data: a file or folder with typical inputs.')
      : null;
  return (
    <>
      <div class="form">
        <Field label={t('Scheme')} hint={schemes.find(({ value }) => value === scheme)?.description}>
          <Select
            label={t('Scheme')}
            value={scheme}
            choices={schemes}
            onChange={(value) => change({ scheme: value })}
          />
        </Field>
        {needsData && (
          <>
            <Field
              label={t('Calibration')}
              hint={data === 'random' ? t('Ranges of random values seldom fit real ones.') : undefined}
            >
              <Select
                label={t('Calibration data')}
                value={data}
                choices={dataChoices}
                onChange={(value) => change({ data: value })}
              />
              {data === 'files' && (
                <PathField
                  host={state.host}
                  label={t('Calibration data')}
                  value={calibration}
                  placeholder={t('.npz, .npy, folder')}
                  onChange={(value) => change({ calibration: value })}
                />
              )}
            </Field>
            {scheme !== 'auto' && (
              <Field label={t('Ranges')}>
                <Select
                  label={t('Range method')}
                  value={method}
                  choices={methods}
                  onChange={(value) => change({ method: value })}
                />
              </Field>
            )}
          </>
        )}
        <Field label={t('Weights')}>
          <Checkbox
            label={t('One scale a channel')}
            checked={perChannel}
            onChange={(value) => change({ perChannel: value })}
          />
        </Field>
        <Field label={t('Labelled data')} hint={t('For accuracy before and after.')}>
          <PathField
            host={state.host}
            label={t('Labelled data')}
            value={labelled}
            placeholder={t('None')}
            onChange={(value) => change({ labelled: value })}
          />
        </Field>
        <Field label={t('Keep float')}>
          <Excluded state={state} />
        </Field>
        <Field label={t('Afterwards')}>
          <Checkbox label={t('Compare outputs')} checked={verify} onChange={(value) => change({ verify: value })} />
          <Checkbox label={t('Measure latency')} checked={measure} onChange={(value) => change({ measure: value })} />
        </Field>
      </div>
      <RunButton
        state={state}
        job="quantize"
        label={again ? t('Quantize {0} Again', parent?.label ?? '') : t('Quantize')}
        again={again}
        from={again ? parent?.id : undefined}
        refusal={refusal}
      />
      <Fold title={t('Input and run settings')}>
        <div class="form">
          <RunSettingsForm state={state} />
        </div>
      </Fold>
    </>
  );
}

/** The version that was quantized: the one on view, where a search found that it is best as it is. */
function quantizedFrom(state: State): VersionInfo | undefined {
  const { versions, current } = state.document.value!;
  return state.reports.value?.quantize?.keepFloat ? versions.find(({ id }) => id === current) : parentOf(state);
}

/** Nodes that stay as they are; the selected one can be added. */
function Excluded({ state }: { readonly state: State }) {
  const form = state.forms.quantize;
  const { exclude } = form.value;
  const table = state.table.value.value;
  const selected = state.selected.value;
  const set = (nodes: readonly NodeId[]) => {
    form.value = { ...form.value, exclude: nodes };
  };
  const label = (id: NodeId) => {
    const row = table?.id.indexOf(id) ?? -1;
    return row < 0 ? `#${id}` : nodeName(table!, row);
  };
  return (
    <>
      {exclude.length > 0 && (
        <ul class="excluded">
          {exclude.map((id) => (
            <li key={id}>
              <Link onClick={() => void state.reveal(id)}>{label(id)}</Link>
              <IconButton
                icon="close"
                label={t('Quantize {0}', label(id))}
                onClick={() => set(exclude.filter((each) => each !== id))}
              />
            </li>
          ))}
        </ul>
      )}
      {selected !== null && !exclude.includes(selected) ? (
        <Button kind="secondary" title={label(selected)} onClick={() => set([...exclude, selected])}>
          {t('Add Selected Node')}
        </Button>
      ) : (
        exclude.length === 0 && <span class="hint">{t('Select a node to keep it as it is.')}</span>
      )}
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
