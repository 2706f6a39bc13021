import { useState } from 'preact/hooks';
import { catalog } from '../../src/core/passes/catalog.ts';
import { count, time } from '../../src/core/report/format.ts';
import type { ExplainedRewrite, OptimizeReport, PassRecord } from '../../src/core/report/report.ts';
import { optimizeHeadline } from '../../src/core/report/sentences.ts';
import type { VersionInfo } from '../../src/protocol/worker.ts';
import { engineText } from '../engine-texts.ts';
import { plural, t } from '../l10n.ts';
import type { State } from '../state.ts';
import { Notes } from '../widgets/badge.tsx';
import { Button, Link } from '../widgets/button.tsx';
import { Checkbox } from '../widgets/checkbox.tsx';
import { Field } from '../widgets/field.tsx';
import { Fold, Section } from '../widgets/section.tsx';
import { Select } from '../widgets/select.tsx';
import { Headline, LatencyPair, Outputs, Sizes, signed } from './outcome.tsx';
import { PassList } from './pass-list.tsx';
import { RunButton } from './run-button.tsx';
import { RunSettingsForm } from './run-settings.tsx';

/** Simplifies the version on view; or what simplifying made of the one before, when that is on view. */
export function OptimizePanel({ state }: { readonly state: State }) {
  const report = state.reports.value?.optimize;
  return report ? (
    <>
      <OptimizeResult state={state} report={report} />
      <Fold title={t('Optimize again')}>
        <OptimizeForm state={state} again />
      </Fold>
    </>
  ) : (
    <>
      <p class="intro">
        {t(
          'Rewrites the graph into a smaller one that computes the same, checks it by running both, and keeps it as a new version.',
        )}
      </p>
      <OptimizeForm state={state} />
    </>
  );
}

const presets = [
  { value: 'exact', label: t('Exact'), description: t('Outputs stay bit for bit the same.') },
  { value: 'default', label: t('Default'), description: t('Outputs may move by floating-point rounding.') },
  { value: 'aggressive', label: t('Aggressive'), description: t('Also what pays only on some machines.') },
] as const;

function OptimizeForm({ state, again }: { readonly state: State; readonly again?: boolean }) {
  const form = state.forms.optimize;
  const parent = parentOf(state);
  const { preset, verify, measure } = form.value;
  const change = (patch: Partial<typeof form.value>) => {
    form.value = { ...form.value, ...patch };
  };
  return (
    <>
      <div class="form">
        <Field label={t('Preset')} hint={presets.find(({ value }) => value === preset)!.description}>
          <Select
            label={t('Preset')}
            value={preset}
            choices={presets}
            onChange={(value) => change({ preset: value })}
          />
        </Field>
        <Field label={t('Afterwards')}>
          <Checkbox label={t('Compare outputs')} checked={verify} onChange={(value) => change({ verify: value })} />
          <Checkbox label={t('Measure latency')} checked={measure} onChange={(value) => change({ measure: value })} />
        </Field>
      </div>
      <RunButton
        state={state}
        job="optimize"
        label={again ? t('Optimize {0} Again', parent?.label ?? '') : t('Optimize')}
        again={again}
        from={again ? parent?.id : undefined}
      />
      <PassList state={state} />
      <Fold title={t('Input and run settings')}>
        <div class="form">
          <RunSettingsForm state={state} />
        </div>
      </Fold>
    </>
  );
}

function OptimizeResult({ state, report }: { readonly state: State; readonly report: OptimizeReport }) {
  return (
    <>
      <Headline>{optimizeHeadline(report, engineText)}</Headline>
      <ResultActions state={state} />
      <Notes notes={report.problems} />
      <RolledBack report={report} />
      <Outputs verdict={report.verdict} />
      {report.latency && <LatencyPair latency={report.latency} labels={[t('Before'), t('After')]} />}
      <Sizes before={report.before} after={report.after} labels={[t('Before'), t('After')]} />
      <Passes state={state} report={report} />
    </>
  );
}

/** The version that the one on view was made from. */
export function parentOf(state: State): VersionInfo | undefined {
  const { versions, current } = state.document.value!;
  const parent = versions.find(({ id }) => id === current)?.parent;
  return versions.find(({ id }) => id === parent);
}

/** What people do with a new version. */
export function ResultActions({ state }: { readonly state: State }) {
  const { current } = state.document.value!;
  const compare = () => {
    state.forms.compare.value = { ...state.forms.compare.value, a: parentOf(state)?.id ?? 0, b: current };
    state.panel.value = 'compare';
    void state.run('compare');
  };
  return (
    <div class="actions">
      <Button onClick={() => void state.host.command({ command: 'opscope.export' })}>{t('Export…')}</Button>
      <Button kind="secondary" disabled={state.job.value !== null} onClick={compare}>
        {t('Compare Graphs')}
      </Button>
    </div>
  );
}

function RolledBack({ report }: { readonly report: OptimizeReport }) {
  if (report.rolledBack.length === 0) return null;
  return (
    <Section title={t('Taken back')}>
      <ul class="plain-list">
        {report.rolledBack.map(({ pass, reason }) => (
          <li key={pass}>
            <strong title={pass}>{passTitle(pass)}</strong>: {engineText(reason)}
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** What each pass did; open, its rewrites with their reasons. Passes that did nothing are counted only. */
function Passes({ state, report }: { readonly state: State; readonly report: OptimizeReport }) {
  const busy = report.passes.filter(({ rewrites }) => rewrites > 0);
  const idle = report.passes.length - busy.length;
  return (
    <Section title={t('What changed')} aside={<span class="quiet">{time(report.milliseconds)}</span>}>
      {busy.map((pass) => (
        <PassDetails
          key={pass.name}
          state={state}
          pass={pass}
          rewrites={report.rewrites.filter((rewrite) => rewrite.pass === pass.name)}
        />
      ))}
      {idle > 0 && (
        <p class="quiet">
          {busy.length === 0
            ? t('No pass found anything to do.')
            : plural(idle, '{0} pass found nothing to do.', '{0} passes found nothing to do.')}
        </p>
      )}
    </Section>
  );
}

function passTitle(name: string): string {
  return engineText(catalog.find((pass) => pass.name === name)?.title ?? name);
}

/** `−28 nodes`, `+1 node`. */
function moreNodes(growth: number): string {
  return Math.abs(growth) === 1 ? t('{0} node', signed(growth)) : t('{0} nodes', signed(growth));
}

const rewritesAtFirst = 20;

interface PassDetailsProps {
  readonly state: State;
  readonly pass: PassRecord;
  readonly rewrites: readonly ExplainedRewrite[];
}

function PassDetails({ state, pass, rewrites }: PassDetailsProps) {
  const [shown, setShown] = useState(rewritesAtFirst);
  const growth = pass.added - pass.removed;
  return (
    <details class="pass">
      <summary>
        <span class="codicon codicon-chevron-right" aria-hidden="true" />
        <span title={pass.name}>{passTitle(pass.name)}</span>
        <span class="figure">
          {plural(pass.rewrites, '{0} rewrite', '{0} rewrites')}
          {growth !== 0 && <span class="quiet optional"> {moreNodes(growth)}</span>}
        </span>
      </summary>
      <ol class="rewrites">
        {rewrites.slice(0, shown).map((rewrite, index) => (
          <RewriteItem key={index} state={state} rewrite={rewrite} />
        ))}
      </ol>
      {rewrites.length > shown && (
        <Link onClick={() => setShown(shown * 5)}>{t('Show more of {0}', count(rewrites.length))}</Link>
      )}
    </details>
  );
}

function RewriteItem({ state, rewrite }: { readonly state: State; readonly rewrite: ExplainedRewrite }) {
  const links = (nodes: ExplainedRewrite['removed']) =>
    nodes.map(({ id, label }) => (
      <Link key={id} onClick={() => void state.reveal(id)}>
        {label}
      </Link>
    ));
  return (
    <li>
      <p>{engineText(rewrite.why)}</p>
      <p class="rewrite-nodes">
        {rewrite.removed.length > 0 && <span class="removed">{links(rewrite.removed)}</span>}
        {rewrite.added.length > 0 && <span class="added">{links(rewrite.added)}</span>}
      </p>
    </li>
  );
}
