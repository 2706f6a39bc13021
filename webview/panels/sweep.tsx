import { signal } from '@preact/signals';
import { interval, time } from '../../src/core/report/format.ts';
import type { SweepPoint, SweepReport } from '../../src/core/report/profile-report.ts';
import type { SessionSnippets } from '../../src/core/report/session-snippets.ts';
import { type Estimate, Intervals } from '../charts/intervals.tsx';
import { engineText } from '../engine-texts.ts';
import { sweepAxes } from '../forms.ts';
import { plural, t } from '../l10n.ts';
import type { State } from '../state.ts';
import { Notes } from '../widgets/badge.tsx';
import { Button } from '../widgets/button.tsx';
import { Checkbox } from '../widgets/checkbox.tsx';
import { Field } from '../widgets/field.tsx';
import { Fold } from '../widgets/section.tsx';
import { Segments } from '../widgets/segments.tsx';
import { TextField } from '../widgets/text-field.tsx';
import { MeasuredElsewhere } from './measured-elsewhere.tsx';
import { RunButton } from './run-button.tsx';

/** Which settings the model runs fastest with: every combination measured, the best named where it is one. */
export function SweepSection({ state }: { readonly state: State }) {
  const report = state.reports.value?.sweep;
  const { wrong } = sweepAxes(state.forms.sweep.value, state.document.value!.symbolicDims);
  const refusal = wrong.length > 0 ? t('{0}: type whole numbers with commas between.', wrong.join(', ')) : null;
  return (
    <Fold title={t('Sweep settings')} open={report !== undefined || state.job.value?.kind === 'sweep'}>
      {report && <SweepResult state={state} report={report} />}
      <SweepForm state={state} />
      <RunButton
        state={state}
        job="sweep"
        label={report ? t('Sweep Again') : t('Sweep')}
        again={true}
        {...(refusal ? { refusal } : {})}
      />
    </Fold>
  );
}

function SweepForm({ state }: { readonly state: State }) {
  const form = state.forms.sweep;
  const { threads, dims, everyLevel } = form.value;
  const settings = state.settings.value!;
  return (
    <div class="form">
      <Field label={t('Threads')} hint={t('Values to try, with commas between.')}>
        <TextField
          label={t('Threads to try')}
          value={threads}
          onChange={(value) => {
            form.value = { ...form.value, threads: value };
          }}
        />
      </Field>
      {state.document.value!.symbolicDims.map(({ name, suggestion }) => (
        <Field key={name} label={name}>
          <TextField
            label={t('Sizes of {0} to try', name)}
            value={dims[name] ?? ''}
            placeholder={String(settings.dims[name] ?? suggestion)}
            onChange={(value) => {
              form.value = { ...form.value, dims: { ...dims, [name]: value } };
            }}
          />
        </Field>
      ))}
      <Field label={t('Optimization')}>
        <Checkbox
          label={t('Every level of ONNX Runtime’s')}
          checked={everyLevel}
          onChange={(value) => {
            form.value = { ...form.value, everyLevel: value };
          }}
        />
      </Field>
    </div>
  );
}

function SweepResult({ state, report }: { readonly state: State; readonly report: SweepReport }) {
  const failed = report.points.filter(({ failure }) => failure !== undefined);
  return (
    <>
      <MeasuredElsewhere state={state} result="sweep" />
      {report.fastest.map((fastest) => (
        <Sizes key={fastest.point} state={state} report={report} fastest={fastest} />
      ))}
      <Notes
        notes={[
          ...report.problems,
          ...failed.map((point) => `${settingsText(point, report)}: ${engineText(point.failure ?? '')}`),
        ]}
      />
    </>
  );
}

interface SizesProps {
  readonly state: State;
  readonly report: SweepReport;
  readonly fastest: SweepReport['fastest'][number];
}

/** All settings for one set of sizes, on one scale. */
function Sizes({ state, report, fastest: { point, clear, snippets } }: SizesProps) {
  const best = report.points[point]!;
  const sizes = sizesText(best);
  const estimates = report.points.flatMap((each): Estimate[] => {
    if (!each.latency || sizesText(each) !== sizes) return [];
    const { median, interval95 } = each.latency;
    return [
      {
        label: settingsText(each, report),
        value: median,
        interval95,
        text: `${time(median)}  ${interval(interval95, 'ms')}`,
        tone: each === best && clear ? 'after' : 'before',
      },
    ];
  });
  return (
    <>
      {sizes && <h3>{sizes}</h3>}
      <Intervals
        label={sizes ? t('Latency by settings, {0}', sizes) : t('Latency by settings')}
        estimates={estimates}
      />
      <p class="quiet">
        {clear
          ? t(
              '{0} is measurably faster than the others, in each of {1} rounds.',
              settingsText(best, report),
              best.rounds.length,
            )
          : estimates.length > 1
            ? t('No setting is measurably faster than all others. {0} came out first.', settingsText(best, report))
            : t('With a single setting there is nothing to choose from.')}
      </p>
      {snippets && <Snippet state={state} snippets={snippets} />}
    </>
  );
}

const languages: readonly { readonly value: keyof SessionSnippets; readonly label: string }[] = [
  { value: 'python', label: 'Python' },
  { value: 'javascript', label: 'JavaScript' },
  { value: 'csharp', label: 'C#' },
  { value: 'cpp', label: 'C++' },
];
const language = signal<keyof SessionSnippets>('python');

/** What to paste to have these settings. */
function Snippet({ state, snippets }: { readonly state: State; readonly snippets: SessionSnippets }) {
  const text = snippets[language.value];
  return (
    <div class="snippet">
      <Segments
        label={t('Language')}
        value={language.value}
        choices={languages}
        onChange={(value) => {
          language.value = value;
        }}
      />
      <pre>{text}</pre>
      <div class="actions">
        <Button icon="copy" kind="secondary" onClick={() => void state.host.copy({ text })}>
          {t('Copy')}
        </Button>
      </div>
    </div>
  );
}

const sizesText = ({ dims }: SweepPoint): string =>
  Object.entries(dims)
    .map(([name, size]) => `${name} ${size}`)
    .join(', ');

const defaultThreadsText = ({ defaultThreads }: SweepReport['environment']): string =>
  defaultThreads === undefined ? t('ONNX Runtime’s threads') : t('default threads ({0})', defaultThreads);

/** What tells a combination from the others: threads, and what else was swept. */
function settingsText({ threads, level, provider }: SweepPoint, { points, environment }: SweepReport): string {
  const parts = [threads === 0 ? defaultThreadsText(environment) : plural(threads, '{0} thread', '{0} threads')];
  if (points.some((each) => each.level !== level)) parts.push(level === 'disabled' ? t('none') : level);
  if (points.some((each) => each.provider !== provider)) parts.push(provider);
  return parts.join(', ');
}
