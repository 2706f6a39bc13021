import { signal } from '@preact/signals';
import { assertUnreachable } from '../../src/core/assert.ts';
import { count, percent, time } from '../../src/core/report/format.ts';
import type { ProfileReport } from '../../src/core/report/profile-report.ts';
import { type Bar, Bars } from '../charts/bars.tsx';
import { plural, t } from '../l10n.ts';
import type { State } from '../state.ts';
import { Section } from '../widgets/section.tsx';
import { Segments } from '../widgets/segments.tsx';

type Grouping = 'nodes' | 'operators' | 'kernels';
const grouping = signal<Grouping>('nodes');
const groupings: readonly { readonly value: Grouping; readonly label: string }[] = [
  { value: 'nodes', label: t('Nodes') },
  { value: 'operators', label: t('Operators') },
  { value: 'kernels', label: t('Kernels') },
];
const shownBars = 12;

/** The nodes, operators or kernels that take longest; a click shows them in the graph. */
export function TopList({ state, report }: { readonly state: State; readonly report: ProfileReport }) {
  const bars = barsOf(report, grouping.value);
  const select = ({ key, node }: Bar) => {
    if (grouping.value === 'operators') state.finder.query.value = `op:${key}`;
    else if (node !== undefined) void state.reveal(node);
  };
  const rest = bars.slice(shownBars).reduce((sum, { value }) => sum + value, 0);
  return (
    <Section
      title={t('Where the time goes')}
      aside={
        <Segments
          label={t('Grouped by')}
          value={grouping.value}
          choices={groupings}
          onChange={(value) => {
            grouping.value = value;
          }}
        />
      }
    >
      <Bars
        label={t('Where the time goes')}
        bars={bars.slice(0, shownBars)}
        selected={state.selected.value}
        onSelect={select}
      />
      {bars.length > shownBars && (
        <p class="quiet">{t('{0} more, together {1}', count(bars.length - shownBars), time(rest))}</p>
      )}
    </Section>
  );
}

/** The bars of a grouping, longest first. */
function barsOf({ nodes, kernels, kernelMs }: ProfileReport, by: Grouping): Bar[] {
  const finish = (bars: Omit<Bar, 'text' | 'note'>[]): Bar[] =>
    bars
      .sort((a, b) => b.value - a.value)
      .map((bar) => ({
        ...bar,
        text: time(bar.value),
        note: `${bar.label}\n${t('{0} of the kernel time', percent(bar.value / kernelMs))}`,
      }));
  switch (by) {
    case 'nodes':
      return finish(
        nodes.map(({ id, name, opType, milliseconds, spread }) => ({
          key: String(id),
          label: name || `#${id}`,
          detail: opType,
          value: milliseconds,
          spread,
          node: id,
        })),
      );
    case 'operators': {
      const sums = new Map<string, { value: number; nodes: number }>();
      for (const { opType, milliseconds } of nodes) {
        const sum = sums.get(opType) ?? { value: 0, nodes: 0 };
        sums.set(opType, { value: sum.value + milliseconds, nodes: sum.nodes + 1 });
      }
      return finish(
        [...sums].map(([key, sum]) => ({
          key,
          label: key,
          detail: plural(sum.nodes, '{0} node', '{0} nodes'),
          value: sum.value,
        })),
      );
    }
    case 'kernels':
      return finish(
        kernels.map(({ name, opType, milliseconds, nodes: [node] }, index) => ({
          key: String(index),
          label: name,
          detail: opType,
          value: milliseconds,
          ...(node === undefined ? {} : { node }),
        })),
      );
    default:
      return assertUnreachable(by);
  }
}
