import type { OptimizationLevel } from '../../src/core/evaluator.ts';
import { samplesCsv } from '../../src/core/profile/samples-csv.ts';
import { bytes, dateTime, interval, percent, shape, significant, time } from '../../src/core/report/format.ts';
import type { Environment, ProfileReport } from '../../src/core/report/profile-report.ts';
import { type Part, Stack } from '../charts/bars.tsx';
import { Samples } from '../charts/samples.tsx';
import { engineText } from '../engine-texts.ts';
import { plural, t } from '../l10n.ts';
import type { State } from '../state.ts';
import { Badge, Notes } from '../widgets/badge.tsx';
import { Button } from '../widgets/button.tsx';
import { Field } from '../widgets/field.tsx';
import { Facts, Fold, Section } from '../widgets/section.tsx';
import { Select } from '../widgets/select.tsx';
import { NumberField } from '../widgets/text-field.tsx';
import { MeasuredElsewhere } from './measured-elsewhere.tsx';
import { RooflineSection } from './roofline.tsx';
import { RunButton } from './run-button.tsx';
import { RunSettingsForm } from './run-settings.tsx';
import { SweepSection } from './sweep.tsx';
import { TimelineSection } from './timeline.tsx';
import { TopList } from './top-list.tsx';

/** How long the model takes, and which nodes take it. */
export function ProfilePanel({ state }: { readonly state: State }) {
  const report = state.reports.value?.profile;
  return (
    <>
      {report ? (
        <ProfileResult state={state} report={report} />
      ) : (
        <p class="intro">
          {t(
            'Runs the model on this machine: plain runs for its latency, then profiled runs for the time of every node.',
          )}
        </p>
      )}
      <RunButton
        state={state}
        job="profile"
        label={report ? t('Profile Again') : t('Profile')}
        again={Boolean(report)}
      />
      {report ? (
        <Fold title={t('Settings')}>
          <ProfileSettings state={state} />
        </Fold>
      ) : (
        <Section title={t('Settings')}>
          <ProfileSettings state={state} />
        </Section>
      )}
      <SweepSection state={state} />
    </>
  );
}

const levels: readonly { readonly value: OptimizationLevel; readonly label: string; readonly description: string }[] = [
  { value: 'all', label: t('All'), description: t('ONNX Runtime’s default') },
  { value: 'layout', label: t('Layout'), description: t('All but what is newest') },
  { value: 'extended', label: t('Extended'), description: t('With fusions for one provider') },
  { value: 'basic', label: t('Basic'), description: t('What holds on every provider') },
  { value: 'disabled', label: t('None'), description: t('The model as it is') },
];

function ProfileSettings({ state }: { readonly state: State }) {
  const form = state.forms.profile;
  const change = (patch: Partial<typeof form.value>) => {
    form.value = { ...form.value, ...patch };
  };
  return (
    <div class="form">
      <RunSettingsForm state={state} />
      <Field label={t('Runs')} hint={t('0: as many as a stable median needs.')}>
        <NumberField
          label={t('Timed runs')}
          value={form.value.runs}
          min={0}
          max={100_000}
          onChange={(runs) => change({ runs })}
        />
      </Field>
      <Field label={t('Warm-up')} hint={t('Runs before. −1: until times settle.')}>
        <NumberField
          label={t('Warm-up runs')}
          value={form.value.warmup}
          min={-1}
          max={10_000}
          onChange={(warmup) => change({ warmup })}
        />
      </Field>
      <Field label={t('Optimization')}>
        <Select
          label={t('ONNX Runtime’s own optimization')}
          value={form.value.level}
          choices={levels}
          onChange={(level) => change({ level })}
        />
      </Field>
    </div>
  );
}

function ProfileResult({ state, report }: { readonly state: State; readonly report: ProfileReport }) {
  return (
    <>
      <LatencyHeadline report={report} />
      <MeasuredElsewhere state={state} result="profile" />
      <Notes notes={[...report.latency.problems, ...report.problems]} />
      <TopList state={state} report={report} />
      <Reconciliation report={report} />
      {report.roofline && <RooflineSection state={state} report={report} roofline={report.roofline} />}
      <TimelineSection state={state} report={report} />
      {recordedHere(report.environment) && <SamplesExport state={state} />}
      <Fold title={t('Environment')}>
        <EnvironmentFacts environment={report.environment} report={report} />
      </Fold>
    </>
  );
}

/** `4.21 ms a run`, its interval, the runs behind it, and whether to trust it. */
function LatencyHeadline({ report }: { readonly report: ProfileReport }) {
  const { latency, memory, peakActivationBytes } = report;
  return (
    <>
      <p class="headline">
        <strong>{time(latency.median)}</strong> {t('a run')}{' '}
        <Badge tone={latency.stable ? 'good' : 'warn'}>{latency.stable ? t('stable') : t('not stable')}</Badge>
        <br />
        <span class="quiet">
          {plural(
            latency.runs,
            'median of {0} run, 95 % interval {1}',
            'median of {0} runs, 95 % interval {1}',
            interval(latency.interval95, 'ms'),
          )}
        </span>
      </p>
      {latency.samples && latency.samples.length > 1 && <Samples samples={latency.samples} median={latency.median} />}
      <Facts
        facts={[
          [t('Fastest, slowest'), `${time(latency.min)}, ${time(latency.max)}`],
          latency.p90 !== undefined && [t('9 of 10 within'), time(latency.p90)],
          latency.p99 !== undefined && [t('99 of 100 within'), time(latency.p99)],
          memory && [
            t('Memory'),
            t('{0} allocated at most, {1} before the first kernel', bytes(memory.peakBytes), bytes(memory.beforeBytes)),
          ],
          !memory &&
            peakActivationBytes !== undefined && [
              t('Activations'),
              t('{0} at most, from shapes', bytes(peakActivationBytes)),
            ],
        ]}
      />
    </>
  );
}

/** The profiled run taken apart; every part has a measurement of its own. */
function Reconciliation({ report }: { readonly report: ProfileReport }) {
  const { kernelMs, unattributedMs, insertedMs, transferMs, interruptedMs = 0, gapsMs, frameworkMs, callMs } = report;
  const { wallMs, overheadRatio, profiledRuns } = report;
  const part = (value: number) => `${time(value)}  ${percent(value / wallMs)}`;
  const attributed = kernelMs - unattributedMs - insertedMs - transferMs;
  const found = (label: string, value: number): Part[] =>
    value > 0 ? [{ label, value, text: part(value), tone: 'second' }] : [];
  return (
    <Section title={t('One profiled run')} aside={<span class="quiet">{time(wallMs)}</span>}>
      <Stack
        label={t('One profiled run, in parts')}
        parts={[
          { label: t('Kernels of your nodes'), value: attributed, text: part(attributed), tone: 'main' },
          ...found(t('Conversions that ONNX Runtime put in'), insertedMs),
          ...found(t('Copies between devices'), transferMs),
          ...found(t('Kernels of no known node'), unattributedMs),
          ...found(t('Kernels interrupted by other work'), interruptedMs),
          { label: t('Between kernels'), value: gapsMs, text: part(gapsMs), tone: 'rest' },
          { label: t('Before and after the graph'), value: frameworkMs, text: part(frameworkMs), tone: 'rest' },
          { label: t('The call from outside'), value: callMs, text: part(callMs), tone: 'rest' },
        ]}
      />
      <p class="quiet">
        {plural(
          profiledRuns,
          '{0} profiled run, {1} × as long as plain ones. The latency above is from plain runs.',
          '{0} profiled runs, {1} × as long as plain ones. The latency above is from plain runs.',
          significant(overheadRatio),
        )}
      </p>
    </Section>
  );
}

/** False for a loaded trace: it says neither what machine it was made on nor what plain runs took. */
function recordedHere({ cores }: Environment): boolean {
  return cores > 0;
}

/** Saves the time of every timed run. */
function SamplesExport({ state }: { readonly state: State }) {
  const save = async () => {
    const { name, current } = state.document.value!;
    const samples = await state.host.samples({ version: current });
    if (samples) await state.host.saveFile({ name: `${name}.runs.csv`, content: samplesCsv(samples) });
  };
  return (
    <div class="actions">
      <Button
        icon="save"
        kind="secondary"
        title={t('The time of every timed run, as a CSV table')}
        onClick={() => void save()}
      >
        {t('Export Runs')}
      </Button>
    </div>
  );
}

function EnvironmentFacts({
  environment,
  report,
}: {
  readonly environment: Environment;
  readonly report: ProfileReport;
}) {
  const recorded = recordedHere(environment);
  const threads =
    environment.threads > 0
      ? plural(environment.threads, '{0} thread', '{0} threads')
      : environment.defaultThreads === undefined
        ? t('threads by ONNX Runtime')
        : t('default threads ({0})', environment.defaultThreads);
  return (
    <Facts
      facts={[
        ['CPU', engineText(environment.cpu)],
        [t('Features'), environment.features?.join(', ') ?? t('not known')],
        recorded && [t('Cores'), t('{0}, load {1}', environment.cores, significant(environment.load))],
        environment.governor !== null && [t('Governor'), environment.governor],
        recorded && [t('Memory'), bytes(environment.memory)],
        [t('System'), engineText(environment.os)],
        [t('Run on'), recorded ? `${environment.provider}, ${threads}` : environment.provider],
        [t('Optimization'), environment.level],
        ['ONNX Runtime', engineText(environment.onnxruntime)],
        ['Opscope', environment.opscope],
        [t('Session'), t('{0} to create', time(report.sessionMs))],
        [t('Warm-up'), plural(report.latency.warmup, '{0} run', '{0} runs')],
        [t('Date'), dateTime(environment.date)],
        ...report.inputs.map(
          (input) => [input.name, `${input.dtype} ${shape(input.shape)}, ${engineText(input.source)}`] as const,
        ),
      ]}
    />
  );
}
