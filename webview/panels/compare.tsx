import { useMemo } from 'preact/hooks';
import type { NodeId } from '../../src/core/graph/model.ts';
import { count } from '../../src/core/report/format.ts';
import type { CompareReport } from '../../src/core/report/report.ts';
import { compareHeadline } from '../../src/core/report/sentences.ts';
import { engineText } from '../engine-texts.ts';
import { plural, t } from '../l10n.ts';
import { marksOf } from '../node-link.ts';
import { nodeName } from '../shell/operator-table.tsx';
import type { State } from '../state.ts';
import { Notes } from '../widgets/badge.tsx';
import { Button, Link } from '../widgets/button.tsx';
import { Checkbox } from '../widgets/checkbox.tsx';
import { Empty } from '../widgets/empty.tsx';
import { Field } from '../widgets/field.tsx';
import { Fold, Section } from '../widgets/section.tsx';
import { Select } from '../widgets/select.tsx';
import { MeasuredElsewhere } from './measured-elsewhere.tsx';
import { Headline, LatencyPair, Outputs, Sizes } from './outcome.tsx';
import { RunButton } from './run-button.tsx';
import { RunSettingsForm } from './run-settings.tsx';
import { TimeDeltas } from './time-deltas.tsx';

/** Two versions side by side: one sentence, then what differs. */
export function ComparePanel({ state }: { readonly state: State }) {
  const { versions } = state.document.value!;
  const comparison = state.comparison.value;
  if (versions.length < 2 && !comparison) {
    return (
      <Empty
        icon="git-compare"
        title={t('Nothing to compare yet')}
        action={
          <div class="actions">
            <Button onClick={() => (state.panel.value = 'optimize')}>{t('Optimize…')}</Button>
            <Button kind="secondary" onClick={() => void state.host.command({ command: 'opscope.compare' })}>
              {t('Compare with File…')}
            </Button>
          </div>
        }
      >
        {t('Make a second version by optimizing or quantizing, or compare with another file.')}
      </Empty>
    );
  }
  return (
    <>
      {comparison && <CompareResult state={state} report={comparison.report} />}
      {comparison ? (
        <Fold title={t('Compare others')}>
          <CompareForm state={state} again />
        </Fold>
      ) : (
        <CompareForm state={state} />
      )}
    </>
  );
}

function CompareForm({ state, again }: { readonly state: State; readonly again?: boolean }) {
  const { versions, current } = state.document.value!;
  const form = state.forms.compare;
  const { a, b, measure } = form.value;
  const choices = versions.map(({ id, label, nodes }) => ({
    value: String(id),
    label,
    description: plural(nodes, '{0} node', '{0} nodes'),
  }));
  const same = (a ?? 0) === (b ?? current);
  return (
    <>
      <div class="form">
        <Field label={t('Before')}>
          <Select
            label={t('Before')}
            value={String(a ?? 0)}
            choices={choices}
            onChange={(value) => {
              form.value = { ...form.value, a: Number(value) };
            }}
          />
        </Field>
        <Field label={t('After')}>
          <Select
            label={t('After')}
            value={String(b ?? current)}
            choices={choices}
            onChange={(value) => {
              form.value = { ...form.value, b: Number(value) };
            }}
          />
        </Field>
        <Field label={t('Afterwards')}>
          <Checkbox
            label={t('Measure latency')}
            checked={measure}
            onChange={(value) => {
              form.value = { ...form.value, measure: value };
            }}
          />
        </Field>
      </div>
      <RunButton
        state={state}
        job="compare"
        label={t('Compare')}
        again={again}
        refusal={same && versions.length > 1 ? t('Choose two different versions.') : null}
      />
      <Fold title={t('Input and run settings')}>
        <div class="form">
          <RunSettingsForm state={state} />
        </div>
      </Fold>
    </>
  );
}

function CompareResult({ state, report }: { readonly state: State; readonly report: CompareReport }) {
  const labels = sideLabels(state);
  const shown = state.comparison.value!;
  const versions = typeof shown.a === 'number' && typeof shown.b === 'number';
  return (
    <>
      <Headline>{compareHeadline(report, engineText)}</Headline>
      <p class="quiet">
        {labels[0]} → {labels[1]}
      </p>
      {versions && state.side.value !== null && (
        <Checkbox
          label={t('Both graphs side by side')}
          checked={state.sideBySide.value}
          onChange={(value) => {
            state.sideBySide.value = value;
          }}
        />
      )}
      {versions && state.side.value === null && (
        <Button kind="secondary" onClick={() => void state.host.showVersion({ version: shown.b as number })}>
          {t('Show {0}', labels[1])}
        </Button>
      )}
      <MeasuredElsewhere state={state} result="comparison" />
      <Notes notes={report.problems} />
      <GraphChanges state={state} report={report} />
      {/* Without an environment nothing was run. */}
      {report.environment && <Outputs verdict={report.verdict} />}
      {report.latency && <LatencyPair latency={report.latency} labels={labels} />}
      <Sizes before={report.before} after={report.after} labels={labels} />
      <TimeDeltas state={state} />
    </>
  );
}

/** Names of the two sides: a version's label, or a file's name. */
function sideLabels(state: State): readonly [string, string] {
  const { versions, name } = state.document.value!;
  const { a, b } = state.comparison.value!;
  // Beside a file, a version is known by its file, too.
  const ownLabel = (version: number) =>
    versions.length === 1 ? name : (versions.find(({ id }) => id === version)?.label ?? t('Version {0}', version));
  const label = (side: number | string) => (typeof side === 'number' ? ownLabel(side) : side.replace(/^.*[\\/]/, ''));
  return [label(a), label(b)];
}

const shownNodes = 50;
const markTitles = { added: t('Added'), removed: t('Removed'), changed: t('Changed'), fused: t('Fused') } as const;

/** What became of the nodes, in figures; open, one by one. */
function GraphChanges({ state, report }: { readonly state: State; readonly report: CompareReport }) {
  const { graph } = report;
  const side = state.side.value;
  const mapping = state.comparison.value!.mapping;
  const marks = useMemo(() => (side ? [...marksOf(mapping, side)] : []), [mapping, side]);
  const groups = Map.groupBy(marks, ([, mark]) => mark);
  return (
    <Section title={t('Graph')}>
      <p>
        {t(
          '{0} nodes the same, {1} changed, {2} removed, {3} added',
          count(graph.same),
          count(graph.changed),
          count(graph.removed),
          count(graph.added),
        )}
      </p>
      {[...groups].map(([mark, nodes]) => (
        <details key={mark} class="pass">
          <summary>
            <span class="codicon codicon-chevron-right" aria-hidden="true" />
            <span class={`mark ${mark}`}>{markTitles[mark]}</span>
            <span class="figure">{t('{0} here', count(nodes.length))}</span>
          </summary>
          <ul class="plain-list">
            {nodes.slice(0, shownNodes).map(([id]) => (
              <li key={id}>
                <NodeLink state={state} node={id} />
              </li>
            ))}
            {nodes.length > shownNodes && (
              <li class="quiet">{t('{0} more, marked in the graph', count(nodes.length - shownNodes))}</li>
            )}
          </ul>
        </details>
      ))}
    </Section>
  );
}

function NodeLink({ state, node }: { readonly state: State; readonly node: NodeId }) {
  const table = state.table.value.value;
  const row = table?.id.indexOf(node) ?? -1;
  return (
    <Link onClick={() => void state.reveal(node)}>
      {row < 0 ? `#${node}` : `${table!.opType[row]} ${nodeName(table!, row)}`}
    </Link>
  );
}
