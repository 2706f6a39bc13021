import type { Problem } from '../../src/core/problem.ts';
import { bytes, count, large, shape } from '../../src/core/report/format.ts';
import type { InspectReport, ReportedValue } from '../../src/core/report/report.ts';
import type { SymbolicDim } from '../../src/protocol/worker.ts';
import { type Bar, Bars } from '../charts/bars.tsx';
import { engineText } from '../engine-texts.ts';
import { plural, t } from '../l10n.ts';
import type { State } from '../state.ts';
import { Button, Link } from '../widgets/button.tsx';
import { Empty } from '../widgets/empty.tsx';
import { Icon } from '../widgets/icon.tsx';
import { type Fact, Facts, Fold, Section } from '../widgets/section.tsx';

const shownOperators = 12;

/** The model at a glance, and what can be done with it. */
export function SummaryPanel({ state }: { readonly state: State }) {
  const { value, problem, reload } = state.summary;
  if (problem.value !== null) {
    return (
      <Empty
        icon="error"
        title={t('The summary could not be made')}
        action={<Button onClick={reload}>{t('Try Again')}</Button>}
      >
        {engineText(problem.value)}
      </Empty>
    );
  }
  const report = value.value;
  if (!report) return <p class="quiet">{t('Reading…')}</p>;
  return (
    <>
      <h2>{state.document.value!.name}</h2>
      <NextSteps state={state} />
      <Facts facts={modelFacts(report, state.document.value!.symbolicDims)} />
      <Problems state={state} problems={report.problems} />
      <Values title={t('Inputs')} values={report.inputs} />
      <Values title={t('Outputs')} values={report.outputs} />
      <Operators state={state} report={report} />
      <Metadata report={report} />
    </>
  );
}

/** The two things most people come for. */
function NextSteps({ state }: { readonly state: State }) {
  const busy = state.job.value !== null;
  const profiled = state.reports.value?.profile !== undefined;
  return (
    <div class="actions">
      {!profiled && (
        <Button
          icon="play"
          disabled={busy || !state.document.value!.trusted}
          onClick={() => {
            state.panel.value = 'profile';
            void state.run('profile');
          }}
        >
          {t('Profile')}
        </Button>
      )}
      <Button kind="secondary" onClick={() => (state.panel.value = 'optimize')}>
        {t('Optimize…')}
      </Button>
      <Button kind="secondary" onClick={() => (state.panel.value = 'quantize')}>
        {t('Quantize…')}
      </Button>
      <Button kind="secondary" disabled={busy} onClick={() => void state.host.command({ command: 'opscope.export' })}>
        {t('Export…')}
      </Button>
    </div>
  );
}

function modelFacts(
  { model, nodes, parameters, macs, macsUnknown }: InspectReport,
  dims: readonly SymbolicDim[],
): readonly (Fact | false)[] {
  const basis = [
    dims.length > 0 && t('with {0}', dims.map(({ name, suggestion }) => `${name} ${suggestion}`).join(', ')),
    macsUnknown > 0 && plural(macsUnknown, 'without {0} node of unknown shape', 'without {0} nodes of unknown shape'),
  ];
  return [
    [t('Nodes'), count(nodes)],
    [t('Parameters'), large(parameters)],
    [
      'MACs',
      macs === null ? (
        t('not known: shapes are missing')
      ) : (
        <>
          {large(macs)} <span class="quiet">{basis.filter(Boolean).join(', ')}</span>
        </>
      ),
    ],
    [t('File'), bytes(model.bytes)],
    [t('Operator sets'), opsets(model.opsets)],
    [t('IR version'), String(model.irVersion)],
    model.producer !== '' && [t('Producer'), model.producer],
  ];
}

function opsets(versions: Readonly<Record<string, number>>): string {
  return Object.entries(versions)
    .map(([domain, version]) => `${domain === '' ? 'ai.onnx' : domain} ${version}`)
    .join(', ');
}

const problemIcons: Readonly<Record<Problem['severity'], string>> = {
  error: 'error',
  warning: 'warning',
  info: 'info',
};

function Problems({ state, problems }: { readonly state: State; readonly problems: readonly Problem[] }) {
  if (problems.length === 0) return null;
  return (
    <Section title={t('Problems')} aside={<span class="quiet">{count(problems.length)}</span>}>
      <ul class="problems">
        {problems.map(({ severity, code, message, node, fix }, index) => (
          <li key={index} class={severity} title={code}>
            <Icon name={problemIcons[severity]} />
            <span>
              {engineText(message)}{' '}
              {node !== undefined && <Link onClick={() => void state.reveal(node)}>{t('Show node')}</Link>}{' '}
              {fix !== undefined && state.document.value!.trusted && (
                <Link onClick={() => void state.mend(fix)}>{t('Fix')}</Link>
              )}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Values({ title, values }: { readonly title: string; readonly values: readonly ReportedValue[] }) {
  return (
    <Section title={title}>
      <ul class="values">
        {values.map((value) => (
          <li key={value.name}>
            <span class="value-name">{value.name}</span>
            <code>
              {value.dtype} {shape(value.shape)}
            </code>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Operators({ state, report }: { readonly state: State; readonly report: InspectReport }) {
  const operators = Object.entries(report.operators).sort(([, a], [, b]) => b - a);
  const bars = operators.map(([name, value]) => ({ key: name, label: name, value, text: count(value) }));
  const search = ({ key }: Bar) => {
    state.finder.query.value = `op:${key}`;
  };
  return (
    <Section
      title={t('Operators')}
      aside={<span class="quiet">{plural(operators.length, '{0} kind', '{0} kinds')}</span>}
    >
      <Bars label={t('Nodes by operator')} bars={bars.slice(0, shownOperators)} onSelect={search} />
      {bars.length > shownOperators && (
        <Fold title={t('{0} more', count(bars.length - shownOperators))}>
          <Bars label={t('More operators')} bars={bars.slice(shownOperators)} onSelect={search} />
        </Fold>
      )}
    </Section>
  );
}

function Metadata({ report: { metadata, model } }: { readonly report: InspectReport }) {
  const entries = Object.entries(metadata);
  return (
    <Fold title={t('Metadata')}>
      <Facts
        facts={[
          [t('Path'), <span class="path">{model.path}</span>],
          model.sha256 !== undefined && ['SHA-256', <code class="path">{model.sha256}</code>],
          ...entries.map(([name, value]): Fact => [name, value]),
        ]}
      />
    </Fold>
  );
}
