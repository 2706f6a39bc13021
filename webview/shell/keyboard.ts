import { t } from '../l10n.ts';
import { panelNames, type State } from '../state.ts';
import { searchBoxId } from './search-box.tsx';

/** All keys, for the help sheet. */
export const keyGroups: readonly {
  readonly title: string;
  readonly keys: readonly (readonly [names: readonly string[], what: string])[];
}[] = [
  {
    title: t('Graph'),
    keys: [
      [['←', '→', '↑', '↓'], t('Walk along the edges')],
      [['Enter'], t('Open the group')],
      [['Esc'], t('Leave the group, clear the selection')],
      [['F'], t('Fit the graph into the window')],
      [['+', '−'], t('Zoom in, zoom out')],
    ],
  },
  {
    title: t('Search'),
    keys: [
      [['/'], t('Find nodes')],
      [[']', '['], t('Next hit, previous hit')],
      [['Enter', 'Shift Enter'], t('The same, in the search box')],
      [['Esc'], t('Clear the search box')],
    ],
  },
  {
    title: t('View'),
    keys: [
      [['1', '…', '6'], t('Summary, Node, Profile, Optimize, Quantize, Compare')],
      [['T'], t('Show or hide the operator table')],
      [['↑', '↓', 'Enter'], t('In the table: select a row, show its node')],
      [['?'], t('This sheet')],
    ],
  },
];

/** Listens to the keys that work everywhere in the view; returns what stops it. Those of the graph are the graph's own. */
export function listenToKeys(state: State, target: Document): () => void {
  const press = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    const act = actionOf(event.key, state, target);
    if (!act) return;
    event.preventDefault();
    act();
  };
  target.addEventListener('keydown', press);
  return () => target.removeEventListener('keydown', press);
}

function actionOf(key: string, state: State, target: Document): (() => void) | undefined {
  const panel = panelNames[Number(key) - 1];
  if (panel) return () => (state.panel.value = panel);
  switch (key) {
    case '/':
      return () => target.getElementById(searchBoxId)?.focus();
    case 'f':
    case 'F':
      return () => state.pane.handle.value?.fit();
    case ']':
      return () => void state.step(1);
    case '[':
      return () => void state.step(-1);
    case 't':
    case 'T':
      return () => (state.tableShown.value = !state.tableShown.value);
    case '?':
      return () => (state.helpShown.value = !state.helpShown.value);
    default:
      return undefined;
  }
}

/** True while keys write text. Fields of custom elements lie behind a shadow root; the path of the event shows them. */
function isTyping(event: KeyboardEvent): boolean {
  const [target] = event.composedPath();
  return (
    target instanceof HTMLElement &&
    (target.matches('input:not([type=checkbox]), textarea, select, [contenteditable]') ||
      target.closest('dialog[open]') !== null)
  );
}
