import type { NodeId } from '../../src/core/graph/model.ts';
import { count, decibels, significant } from '../../src/core/report/format.ts';
import type { QuantizeReport } from '../../src/core/report/report.ts';
import { type WorstNode, worstNodes } from '../../src/core/report/worst-nodes.ts';
import { engineText } from '../engine-texts.ts';
import { plural, t } from '../l10n.ts';
import type { State } from '../state.ts';
import { Link } from '../widgets/button.tsx';
import { Section } from '../widgets/section.tsx';
import { VirtualList } from '../widgets/virtual-list.tsx';

interface NodesProps {
  readonly state: State;
  readonly report: QuantizeReport;
}

/** Nodes that stayed float, by the reason why. */
export function Kept({ state, report }: NodesProps) {
  return <ByReason state={state} title={t('Kept float')} nodes={report.kept} />;
}

/** Nodes that are quantized, and that ONNX Runtime all the same runs as floats between conversions. */
export function Islands({ state, report }: NodesProps) {
  return <ByReason state={state} title={t('Run as floats between conversions')} nodes={report.islands ?? []} />;
}

interface Reasoned {
  readonly id?: NodeId;
  readonly node: string;
  readonly reason: string;
}

function ByReason({
  state,
  title,
  nodes,
}: {
  readonly state: State;
  readonly title: string;
  readonly nodes: readonly Reasoned[];
}) {
  if (nodes.length === 0) return null;
  return (
    <Section title={title} aside={<span class="quiet">{plural(nodes.length, '{0} node', '{0} nodes')}</span>}>
      {[...Map.groupBy(nodes, ({ reason }) => reason)].map(([reason, each]) => (
        <details key={reason} class="pass">
          <summary>
            <span class="codicon codicon-chevron-right" aria-hidden="true" />
            <span>{engineText(reason)}</span>
            <span class="figure">{count(each.length)}</span>
          </summary>
          <ul class="plain-list">
            {each.map(({ id, node }) => (
              <li key={id ?? node}>
                <NodeName state={state} id={id} node={node} />
              </li>
            ))}
          </ul>
        </details>
      ))}
    </Section>
  );
}

/** What quantizing changed at each node, worst first. */
export function NodeErrors({ state, report }: NodesProps) {
  const worst = worstNodes(report);
  const { sensitivity } = report;
  if (worst.length === 0) return null;
  return (
    <Section
      title={t('Errors at nodes, worst first')}
      aside={<span class="quiet">{plural(worst.length, '{0} node', '{0} nodes')}</span>}
    >
      {sensitivity && (
        <p class="prose">
          {t(
            '{0} of {1} quantized nodes were left float one at a time.',
            count(sensitivity.probed),
            count(sensitivity.of),
          )}
        </p>
      )}
      <VirtualList
        label={t('Errors at nodes, worst first')}
        count={worst.length}
        row={(index) => {
          const node = worst[index]!;
          return (
            <>
              <NodeName state={state} id={node.id} node={node.node} /> <span class="quiet">{errorText(node)}</span>
            </>
          );
        }}
      />
    </Section>
  );
}

function errorText({ output, weight, gainDb }: WorstNode): string {
  const parts = [
    output &&
      t(
        '{0}, cosine {1}, up to {2} apart',
        decibels(output.sqnrDb),
        output.cosine.toFixed(4),
        significant(output.maxAbs, 2),
      ),
    weight && t('weights {0}', decibels(weight.sqnrDb)),
    gainDb !== undefined &&
      (Number.isFinite(gainDb)
        ? t('the outputs gain {0} when it stays float', decibels(gainDb))
        : t('the outputs lose nothing when it stays float')),
  ];
  return parts.filter(Boolean).join('; ');
}

function NodeName({
  state,
  id,
  node,
}: {
  readonly state: State;
  readonly id?: NodeId | undefined;
  readonly node: string;
}) {
  return id === undefined ? <span>{node}</span> : <Link onClick={() => void state.reveal(id)}>{node}</Link>;
}
