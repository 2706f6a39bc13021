import type { ComponentChildren } from 'preact';
import type { PanelName } from '../../src/protocol/webview.ts';
import { t } from '../l10n.ts';
import { ComparePanel } from '../panels/compare.tsx';
import { NodePanel } from '../panels/node.tsx';
import { OptimizePanel } from '../panels/optimize.tsx';
import { ProfilePanel } from '../panels/profile.tsx';
import { QuantizePanel } from '../panels/quantize.tsx';
import { SummaryPanel } from '../panels/summary.tsx';
import { panelNames, type State } from '../state.ts';
import { Splitter } from '../widgets/splitter.tsx';

type Panel = (props: { readonly state: State }) => ComponentChildren;

const panels: Readonly<Record<PanelName, { readonly title: string; readonly Content: Panel }>> = {
  summary: { title: t('Summary'), Content: SummaryPanel },
  node: { title: t('Node'), Content: NodePanel },
  profile: { title: t('Profile'), Content: ProfilePanel },
  optimize: { title: t('Optimize'), Content: OptimizePanel },
  quantize: { title: t('Quantize'), Content: QuantizePanel },
  compare: { title: t('Compare'), Content: ComparePanel },
};

/** One panel at a time, behind tabs. */
export function SidePanel({ state }: { readonly state: State }) {
  const current = state.panel.value;
  const { Content } = panels[current];
  const press = (event: KeyboardEvent) => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const next = panelNames[(panelNames.indexOf(current) + by + panelNames.length) % panelNames.length]!;
    state.panel.value = next;
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <aside class="side-panel" style={{ '--panel-width': `${state.panelWidth.value}px` }} aria-label={t('Panels')}>
      <Splitter label={t('Width of the side panel')} size={state.panelWidth} min={260} max={900} side="right" />
      <div class="tabs" role="tablist" aria-label={t('Panels')} onKeyDown={press}>
        {panelNames.map((name) => (
          <button
            key={name}
            id={`tab-${name}`}
            type="button"
            role="tab"
            aria-selected={name === current}
            aria-controls="panel"
            tabIndex={name === current ? 0 : -1}
            onClick={() => {
              state.panel.value = name;
            }}
          >
            {panels[name].title}
          </button>
        ))}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by key */}
      <div id="panel" class="panel" role="tabpanel" tabIndex={0} aria-labelledby={`tab-${current}`} key={current}>
        <Content state={state} />
      </div>
    </aside>
  );
}
