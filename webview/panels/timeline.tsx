import { toChromeTrace } from '../../src/core/profile/chrome-trace.ts';
import { timelineBars } from '../../src/core/profile/timeline.ts';
import { time } from '../../src/core/report/format.ts';
import type { ProfileReport } from '../../src/core/report/profile-report.ts';
import { Flame } from '../charts/flame.tsx';
import { t } from '../l10n.ts';
import type { State } from '../state.ts';
import { Button } from '../widgets/button.tsx';
import { Fold } from '../widgets/section.tsx';

/** One run over time, and its export for Perfetto. */
export function TimelineSection({ state, report }: { readonly state: State; readonly report: ProfileReport }) {
  const trace = state.timeline.value.value;
  const [run] = trace?.runs ?? [];
  if (!trace || !run) return null;
  const names = new Map(report.nodes.map(({ id, name }) => [id, name]));
  const nodeOf = (kernel: number) => report.kernels[kernel]?.nodes[0];
  const nameOf = (kernel: number) => names.get(nodeOf(kernel)!) || trace.kernels[kernel]!.name;
  const save = () => {
    const name = `${state.document.value!.name}.trace.json`;
    return state.host.saveFile({ name, content: JSON.stringify(toChromeTrace(trace)) });
  };
  return (
    <Fold title={t('Timeline of one run')}>
      <Flame
        label={t('One run over time')}
        bars={timelineBars(trace, nameOf)}
        duration={run.duration}
        titleOf={({ label, kernel, duration }) =>
          kernel < 0 ? `${label}\n${time(duration)}` : `${label} ${nameOf(kernel)}\n${time(duration)}`
        }
        isSelected={({ kernel }) =>
          kernel >= 0 && (report.kernels[kernel]?.nodes ?? []).includes(state.selected.value!)
        }
        onSelect={({ kernel }) => {
          const node = kernel < 0 ? undefined : nodeOf(kernel);
          if (node !== undefined) void state.reveal(node);
        }}
      />
      <p class="quiet">{t('The run nearest to the median of the profiled ones. Turn the wheel to look closer.')}</p>
      <div class="actions">
        <Button
          icon="save"
          kind="secondary"
          title={t('A trace that Perfetto and chrome://tracing open')}
          onClick={() => void save()}
        >
          {t('Export Trace')}
        </Button>
      </div>
    </Fold>
  );
}
