import { useMemo } from 'preact/hooks';
import type { NodeId } from '../../src/core/graph/model.ts';
import { joinedNodes } from '../../src/core/profile/joined-nodes.ts';
import { time } from '../../src/core/report/format.ts';
import type { ProfiledNode } from '../../src/core/report/profile-report.ts';
import type { VersionMapping } from '../../src/protocol/worker.ts';
import { t } from '../l10n.ts';
import type { State } from '../state.ts';
import { Link } from '../widgets/button.tsx';
import { CutText } from '../widgets/cut-text.tsx';
import { Section } from '../widgets/section.tsx';

export interface TimeDelta {
  /** In b, or in a when nothing is left of it there. */
  readonly node: NodeId;
  readonly label: string;
  readonly before: number;
  readonly after: number;
  /** What the change is known to, to either side: single runs of both profiles lie as far apart. */
  readonly within: number;
}

const shownDeltas = 15;

/** Time by node in both versions, where both were profiled; the largest changes first. */
export function TimeDeltas({ state }: { readonly state: State }) {
  const { a, b, mapping } = state.comparison.value!;
  const { reports } = state.document.value!;
  const before = typeof a === 'number' ? reports[a]?.profile?.nodes : undefined;
  const after = typeof b === 'number' ? reports[b]?.profile?.nodes : undefined;
  const deltas = useMemo(() => (before && after ? timeDeltas(mapping, before, after) : []), [mapping, before, after]);
  if (!before || !after) {
    return (
      <Section title={t('Time by node')}>
        <p class="quiet">{t('Profile both versions to see which nodes changed their time.')}</p>
      </Section>
    );
  }
  return (
    <Section title={t('Time by node')}>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">{t('Node')}</th>
            <th scope="col" class="optional">
              {t('Before')}
            </th>
            <th scope="col">{t('After')}</th>
            <th scope="col">{t('Change')}</th>
          </tr>
        </thead>
        <tbody>
          {deltas.slice(0, shownDeltas).map((delta) => (
            <tr key={delta.node}>
              <th scope="row">
                <Link onClick={() => void state.reveal(delta.node)}>
                  <CutText text={delta.label} />
                </Link>
              </th>
              <td class="optional">{delta.before === 0 ? '–' : time(delta.before)}</td>
              <td>{delta.after === 0 ? '–' : time(delta.after)}</td>
              <td>{changeText(delta)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

/**
 * Time before and after for groups of nodes that belong together: nodes of a that were fused into one of b are one row,
 * and so are nodes of b that one of a was split into. Largest change first.
 */
export function timeDeltas(
  { pairs }: VersionMapping,
  before: readonly ProfiledNode[],
  after: readonly ProfiledNode[],
): TimeDelta[] {
  const { ofThis, ofOther } = joinedNodes(pairs);
  const groups = new Map<number, { node: NodeId; label: string; before: number; after: number; within: number }>();
  const add = ({ id, name, opType, milliseconds, spread }: ProfiledNode, key: number, side: 'before' | 'after') => {
    const group = groups.get(key) ?? { node: id, label: '', before: 0, after: 0, within: 0 };
    if (side === 'after' || group.label === '') {
      group.node = id;
      group.label = `${opType} ${name || `#${id}`}`;
    }
    group[side] += milliseconds;
    group.within = Math.hypot(group.within, spread);
    groups.set(key, group);
  };
  for (const node of before) add(node, ofOther(node.id), 'before');
  for (const node of after) add(node, ofThis(node.id), 'after');
  return [...groups.values()].sort((x, y) => Math.abs(y.after - y.before) - Math.abs(x.after - x.before));
}

function changeText({ before, after, within }: TimeDelta): string {
  const change = after - before;
  if (Math.abs(change) <= within) return t('none within ±{0}', time(within));
  return `${change < 0 ? '−' : '+'}${time(Math.abs(change))} ±${time(within)}`;
}
