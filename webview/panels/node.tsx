import type { NodeId } from '../../src/core/graph/model.ts';
import { bytes, large, percent, time } from '../../src/core/report/format.ts';
import type { ProfileReport } from '../../src/core/report/profile-report.ts';
import type { QuantizeReport } from '../../src/core/report/report.ts';
import type { AttributeText, NodeDetails } from '../../src/protocol/worker.ts';
import { engineText } from '../engine-texts.ts';
import { plural, t } from '../l10n.ts';
import { formOf } from '../quantize-fields.ts';
import type { State } from '../state.ts';
import { Button, IconButton, Link } from '../widgets/button.tsx';
import { Empty } from '../widgets/empty.tsx';
import { type Fact, Facts, Section } from '../widgets/section.tsx';
import { NodeLinks, Slots } from './node-slots.tsx';
import { quantizedFrom } from './quantize-form.tsx';
import { SelectedBox } from './selected-box.tsx';

/** The selected node: what it is, what it costs, what it became of. */
export function NodePanel({ state }: { readonly state: State }) {
  const { value, problem, reload } = state.details;
  if (state.selected.value === null) return <SelectedBox state={state} />;
  if (problem.value !== null) {
    return (
      <Empty
        icon="error"
        title={t('The node could not be read')}
        action={<Button onClick={reload}>{t('Try Again')}</Button>}
      >
        {engineText(problem.value)}
      </Empty>
    );
  }
  const node = value.value;
  if (!node) return <p class="quiet">{t('Reading…')}</p>;
  return (
    <>
      <header class="node-head">
        <h2>
          {node.opType} {node.domain !== '' && <span class="quiet">{node.domain}</span>}
        </h2>
        <NodeActions state={state} node={node} />
      </header>
      <p class="node-name">{node.name || t('#{0}, no name in the file', node.id)}</p>
      <OperatorText node={node} />
      <Elsewhere state={state} />
      <Timing state={state} node={node} />
      <Facts facts={costs(node)} />
      <Attributes attributes={node.attributes} />
      <Slots state={state} title={t('Inputs')} node={node} values={node.inputs} />
      <Slots state={state} title={t('Outputs')} node={node} values={node.outputs} />
      <Origin state={state} node={node} />
      {node.docString !== '' && (
        <Section title={t('Note in the file')}>
          <p class="prose">{node.docString}</p>
        </Section>
      )}
    </>
  );
}

/** What the operator does, and since when it does it so. */
function OperatorText({ node: { opType, summary, versions } }: { readonly node: NodeDetails }) {
  if (summary === '' && !versions) return null;
  const [first, ...changes] = versions?.all ?? [];
  const history = t('There since operator set {0}; changed in {1}.', first ?? 0, changes.join(', '));
  return (
    <p class="prose">
      {engineText(summary)}{' '}
      {versions && (
        <span class="quiet" title={changes.length > 0 ? history : undefined}>
          {t('{0}, operator set {1}.', opType, versions.since)}
        </span>
      )}
    </p>
  );
}

/** Says when the node is not in the version on view, and goes to the one that has it. */
function Elsewhere({ state }: { readonly state: State }) {
  const { versions } = state.document.value!;
  const at = state.detailsVersion.value;
  const label = (id: number | null) => versions.find((version) => version.id === id)?.label ?? '';
  if (at === null || at === state.version.value) return null;
  return (
    <p class="quiet">
      {t('In {0}; nothing is left of it under its own name in {1}.', label(at), label(state.version.value))}{' '}
      <Link onClick={() => void state.host.showVersion({ version: at })}>{t('Show {0}', label(at))}</Link>
    </p>
  );
}

/** What can be done with this node. */
function NodeActions({ state, node }: { readonly state: State; readonly node: NodeDetails }) {
  const kept = state.forms.quantize.value.exclude.includes(node.id);
  const path = state.pathStart.value;
  const quantized = state.reports.value?.quantize;
  const again = quantized && !quantized.keepFloat ? () => void keepFloat(state, node.id, quantized) : undefined;
  return (
    <div role="toolbar" aria-label={t('Node')}>
      <IconButton icon="location" label={t('Show in the graph (G)')} onClick={() => void state.reveal(node.id)} />
      <IconButton
        icon="arrow-up"
        label={t('Mark what feeds this node (U)')}
        onClick={() => state.markReach(node.id, 'upstream')}
      />
      <IconButton
        icon="arrow-down"
        label={t('Mark what this node feeds (D)')}
        onClick={() => state.markReach(node.id, 'downstream')}
      />
      <IconButton
        icon="type-hierarchy"
        label={pathLabel(path, node.id)}
        pressed={path === node.id}
        onClick={() => state.markPath(node.id)}
      />
      <IconButton
        icon={kept ? 'lock' : 'unlock'}
        label={kept ? t('Kept float when quantizing (K)') : t('Keep float when quantizing (K)')}
        pressed={kept}
        onClick={() => state.toggleKeptFloat(node.id)}
      />
      {again && (
        <IconButton
          icon="debug-rerun"
          label={t('Keep float and quantize again')}
          disabled={!state.document.value!.trusted || state.job.value !== null}
          onClick={again}
        />
      )}
    </div>
  );
}

function pathLabel(start: NodeId | null, node: NodeId): string {
  if (start === null) return t('Begin a path here (P)');
  return start === node ? t('Begin no path here (P)') : t('Mark the path to here (P)');
}

/** Quantizes again as the result on view was quantized, with one more node left float. */
function keepFloat(state: State, node: NodeId, report: QuantizeReport): Promise<void> {
  const form = state.forms.quantize;
  const exclude = [...new Set([...form.value.exclude, node])];
  const { versions, current } = state.document.value!;
  const made = versions.find(({ id }) => id === current)!;
  form.value = { ...formOf(form.value, report, made), exclude };
  state.panel.value = 'quantize';
  return state.run('quantize', quantizedFrom(state)?.id);
}

function costs({ macs, bytes: moved, parameters, opset }: NodeDetails): readonly Fact[] {
  return [
    ['MACs', macs === null ? t('not known') : large(macs)],
    [t('Reads and writes'), moved === null ? t('not known') : bytes(moved)],
    [t('Parameters'), large(parameters)],
    [t('Operator set'), String(opset)],
  ];
}

/** Time of the node with its spread, and the kernels that ran for it. */
function Timing({ state, node }: { readonly state: State; readonly node: NodeDetails }) {
  const profile = state.reports.value?.profile;
  const timed = profile?.nodes.find(({ id }) => id === node.id);
  if (!profile || state.detailsVersion.value !== state.version.value) return null;
  if (!timed)
    return <p class="quiet">{t('No kernel ran for this node: it was folded away, or its kernel is not known.')}</p>;
  return (
    <>
      <p class="headline">
        <strong>{time(timed.milliseconds)}</strong>{' '}
        <span class="quiet">
          ± {time(timed.spread)}, {plural(profile.profiledRuns, '{0} run', '{0} runs')}
        </span>
        <br />
        {t('{0} of the kernel time', percent(timed.share))}
        {ranAtSuggestedSizes(state, profile) && rates(node, timed.milliseconds)}
      </p>
      <Kernels state={state} profile={profile} indices={timed.kernels} self={node.id} />
    </>
  );
}

/** MACs and bytes are those of the suggested sizes of symbolic dimensions: rates hold only when those were run. */
function ranAtSuggestedSizes(state: State, { inputs }: ProfileReport): boolean {
  return state.document.value!.symbolicDims.every(({ where, suggestion }) =>
    where.every((place) => {
      const [, name, axis] = /^(.*)\[(\d+)\]$/.exec(place) ?? [];
      return inputs.find((input) => input.name === name)?.shape[Number(axis)] === suggestion;
    }),
  );
}

/** `, 61.2 GFLOP/s, 12.3 GB/s`: two operations a multiply-accumulate, and bytes read and written, over the time. */
function rates({ macs, bytes: moved }: NodeDetails, milliseconds: number): string {
  if (milliseconds === 0) return '';
  const perSecond = 1000 / milliseconds;
  return [
    macs === null || macs === 0 ? '' : `, ${large(2 * macs * perSecond)}FLOP/s`,
    moved === null ? '' : `, ${bytes(moved * perSecond)}/s`,
  ].join('');
}

interface KernelsProps {
  readonly state: State;
  readonly profile: ProfileReport;
  readonly indices: readonly number[];
  readonly self: NodeId;
}

function Kernels({ state, profile, indices, self }: KernelsProps) {
  return (
    <Section title={t('Runs as')}>
      <ul class="kernels">
        {indices.map((index) => {
          const kernel = profile.kernels[index]!;
          const others = kernel.nodes.filter((id) => id !== self);
          return (
            <li key={index}>
              <span>
                <strong>{kernel.opType}</strong> <span class="quiet">{kernel.provider}</span>
              </span>
              <span class="figure">{time(kernel.milliseconds)}</span>
              {others.length > 0 && (
                <span class="kernel-with">
                  {t('with')} <NodeLinks state={state} nodes={others} />
                </span>
              )}
            </li>
          );
        })}
      </ul>
    </Section>
  );
}

/** What the node sets, and, quieter, what holds since it leaves it out. */
function Attributes({ attributes }: { readonly attributes: readonly AttributeText[] }) {
  if (attributes.length === 0) return null;
  return (
    <Section title={t('Attributes')}>
      <dl class="facts">
        {attributes.map(({ name, type, value, default: usual, omitted }) => (
          <div key={name} class={omitted ? 'quiet' : undefined}>
            <dt title={usual === null ? type : t('{0}, {1} when left out', type, usual)}>{name}</dt>
            <dd>
              <code>{value}</code>
              {omitted && ` ${t('when left out')}`}
            </dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}

/** For a node of a later version: what it was made of, and why. */
function Origin({ state, node }: { readonly state: State; readonly node: NodeDetails }) {
  if (node.origin.length === 0 && node.why.length === 0) return null;
  return (
    <Section title={t('Made from')}>
      {node.why.map((reason) => (
        <p key={reason} class="prose">
          {engineText(reason)}
        </p>
      ))}
      <ul class="plain-list">
        {node.origin.map(({ id, label }) => (
          <li key={id}>
            <Link onClick={() => state.select(id)}>{label}</Link>
          </li>
        ))}
      </ul>
    </Section>
  );
}
