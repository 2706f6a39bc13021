/** The webview: connects to the extension host, asks for the document and shows it. */
import { render } from 'preact';
import { connect, serve } from '../src/protocol/rpc.ts';
import type { ViewContract, ViewHostContract, ViewProbe, ViewState } from '../src/protocol/webview.ts';
import { type VsCodeApi, webviewPort } from './port.ts';
import { App } from './shell/app.tsx';
import { listenToKeys } from './shell/keyboard.ts';
import { searchBoxId } from './shell/search-box.tsx';
import { createState, type State } from './state.ts';
import './style/app.css';
import './style/widgets.css';
import './style/panels.css';
import './style/charts.css';

declare function acquireVsCodeApi(): VsCodeApi;

/** Milliseconds between a change of the view and its being kept. */
const keepDelay = 100;

const api = acquireVsCodeApi();
const port = webviewPort(api, window);
const state = createState(connect<ViewHostContract>(port), {
  read: () => (api.getState() as Partial<ViewState> | undefined) ?? null,
  write: (kept) => api.setState(kept),
});
serve<ViewContract>(port, {
  update: async (next) => state.update(next),
  reveal: ({ node }) => state.reveal(node),
  showPanel: async ({ panel }) => {
    state.panel.value = panel;
  },
  focusSearch: async () => document.getElementById(searchBoxId)?.focus(),
  showDifference: async () => {
    state.panel.value = 'compare';
    state.tableShown.value = false;
  },
  probe: async () => probe(state),
});
listenToKeys(state, document);
const { flush } = state.keepViewState(keepDelay);
document.addEventListener('visibilitychange', flush);
addEventListener('pagehide', flush);
render(<App state={state} />, document.body);
void state.start();

function probe({ pane, selected, overlayId, panel, version }: State): ViewProbe {
  const drawn = pane.handle.value?.probe();
  return {
    boxes: drawn?.boxes ?? 0,
    drawn: drawn?.drawn ?? 0,
    frames: drawn?.frames ?? [],
    selected: selected.value,
    overlay: overlayId.value,
    panel: panel.value,
    version: version.value ?? 0,
  };
}
