import { engineText } from '../engine-texts.ts';
import { GraphCanvas } from '../graph/graph-canvas.tsx';
import { Legend } from '../graph/legend.tsx';
import type { GraphPane } from '../graph-pane.ts';
import { t } from '../l10n.ts';
import type { State } from '../state.ts';
import { Button } from '../widgets/button.tsx';
import { Empty } from '../widgets/empty.tsx';
import { Breadcrumbs } from './breadcrumbs.tsx';
import { GraphTools } from './graph-tools.tsx';
import { HelpSheet } from './help-sheet.tsx';
import { JobBar } from './job-bar.tsx';
import { OperatorTable } from './operator-table.tsx';
import { SidePanel } from './side-panel.tsx';
import { TopBar } from './top-bar.tsx';

/** The whole editor: bars above, the graph in the middle, panels beside it, the operator table below. */
export function App({ state }: { readonly state: State }) {
  if (state.openProblem.value !== null) return <OpenFailed state={state} message={state.openProblem.value} />;
  if (state.document.value === null) return <div class="app" aria-busy="true" />;
  return (
    <div class="app">
      <TopBar state={state} />
      <JobBar state={state} />
      <div class="middle">
        <Graphs state={state} />
        <SidePanel state={state} />
      </div>
      <OperatorTable state={state} />
      {state.helpShown.value && <HelpSheet onClose={() => (state.helpShown.value = false)} />}
    </div>
  );
}

function OpenFailed({ state, message }: { readonly state: State; readonly message: string }) {
  return (
    <div class="app">
      <Empty icon="error" title={t('The model could not be opened')} action={<RetryOpen state={state} />}>
        {message}
      </Empty>
    </div>
  );
}

function RetryOpen({ state }: { readonly state: State }) {
  return (
    <div class="actions">
      <Button onClick={() => void state.start()}>{t('Try Again')}</Button>
      <Button kind="secondary" onClick={() => void state.host.command({ command: 'opscope.showLog' })}>
        {t('Show Log')}
      </Button>
    </div>
  );
}

/** The graph; beside it the other version of the comparison, when both are wanted. */
function Graphs({ state }: { readonly state: State }) {
  const { otherVersion, side, document } = state;
  const name = document.value!.name;
  const labelOf = (version: number | null) => document.value!.versions.find(({ id }) => id === version)?.label ?? '';
  const other = otherVersion.value !== null && (
    <figure key="other" class="graph-pane" aria-label={labelOf(otherVersion.value)}>
      <figcaption>{labelOf(otherVersion.value)}</figcaption>
      <GraphCanvas
        scene={state.otherPane.scene.value}
        selected={state.otherSelected}
        hits={state.noHits}
        overlay={state.noOverlay}
        camera={state.otherPane.camera}
        focused={state.otherPane.focused}
        followed={state.otherPane.followed}
        overviewShown={state.overviewShown}
        marks={state.otherMarks}
        label={t('Graph of {0}, {1}', name, labelOf(otherVersion.value))}
        onSelect={state.selectOther}
        onToggleGroup={state.otherPane.toggleGroup}
        onHandle={(handle) => {
          state.otherPane.handle.value = handle;
        }}
      />
      <PaneNotice pane={state.otherPane} />
    </figure>
  );
  return (
    <main class="graphs">
      {side.value === 'b' && other}
      <figure key="main" class="graph-pane" aria-label={t('Graph')}>
        {other && <figcaption>{labelOf(state.version.value)}</figcaption>}
        <GraphCanvas
          scene={state.pane.scene.value}
          selected={state.selected}
          hits={state.finder.hits}
          overlay={state.overlay}
          camera={state.pane.camera}
          focused={state.pane.focused}
          followed={state.pane.followed}
          overviewShown={state.overviewShown}
          marks={state.marks}
          label={t('Graph of {0}', name)}
          onSelect={state.select}
          onToggleGroup={state.openGroup}
          onHandle={(handle) => {
            state.pane.handle.value = handle;
          }}
        />
        <Legend overlay={state.overlay} scene={state.pane.scene.value} onToggleScale={state.toggleScale} />
        <Breadcrumbs pane={state.pane} />
        <GraphTools state={state} />
        <PaneNotice pane={state.pane} />
      </figure>
      {side.value === 'a' && other}
    </main>
  );
}

/** Says when a graph is being laid out for longer than a blink, and when that failed. */
function PaneNotice({ pane }: { readonly pane: GraphPane }) {
  const { problem, pending, reload } = pane.scene;
  if (problem.value !== null) {
    return (
      <div class="pane-notice">
        <Empty
          icon="error"
          title={t('The graph could not be drawn')}
          action={<Button onClick={reload}>{t('Try Again')}</Button>}
        >
          {engineText(problem.value)}
        </Empty>
      </div>
    );
  }
  return pending.value ? <div class="pane-progress" role="progressbar" aria-label={t('Laying out the graph')} /> : null;
}
