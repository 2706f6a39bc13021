import { t } from '../l10n.ts';
import { panelNames, type State } from '../state.ts';
import { pictureMenuId } from './graph-tools.tsx';
import { copyTable } from './operator-table.tsx';
import { searchBoxId } from './search-box.tsx';

/** A line of the help sheet; with `run` its keys work everywhere in the view, without it they belong to one part of it. */
interface Key {
  readonly names: readonly string[];
  readonly what: string;
  run?(state: State, name: string, page: Document): void;
}

/** All keys: what the help sheet shows and what is listened to. Letters alone, since VS Code's own keys have modifiers. */
export const keyGroups: readonly { readonly title: string; readonly keys: readonly Key[] }[] = [
  {
    title: t('Graph'),
    keys: [
      { names: ['←', '→', '↑', '↓'], what: t('Walk along the edges') },
      { names: ['Shift ←', 'Shift →'], what: t('Choose an edge of the box and follow its value') },
      { names: ['Enter'], what: t('Open the group; jump to the other end of the edge') },
      { names: ['Esc'], what: t('Leave the group, clear the selection') },
      { names: ['F'], what: t('Fit the graph into the window'), run: ({ pane }) => pane.handle.value?.fit() },
      { names: ['+', '−'], what: t('Zoom in, zoom out') },
      { names: ['E'], what: t('Open or close all groups'), run: ({ pane }) => pane.toggleAll() },
      {
        names: ['O'],
        what: t('Show or hide the overview in the corner'),
        run: ({ overviewShown }) => (overviewShown.value = !overviewShown.value),
      },
      {
        names: ['S'],
        what: t('Save as picture'),
        run: (_state, _name, page) => {
          const menu = page.getElementById(pictureMenuId);
          menu?.showPopover();
          menu?.querySelector('button')?.focus();
        },
      },
    ],
  },
  {
    title: t('Node'),
    keys: [
      { names: ['G'], what: t('Show in the graph'), run: ofSelected((state, node) => void state.reveal(node)) },
      {
        names: ['U'],
        what: t('Mark what feeds this node'),
        run: ofSelected((state, node) => state.markReach(node, 'upstream')),
      },
      {
        names: ['D'],
        what: t('Mark what this node feeds'),
        run: ofSelected((state, node) => state.markReach(node, 'downstream')),
      },
      {
        names: ['P'],
        what: t('Begin a path here; at a second node, mark the path to it'),
        run: ofSelected((state, node) => state.markPath(node)),
      },
      {
        names: ['K'],
        what: t('Keep float when quantizing'),
        run: ofSelected((state, node) => state.toggleKeptFloat(node)),
      },
    ],
  },
  {
    title: t('Search'),
    keys: [
      { names: ['/'], what: t('Find nodes'), run: (_state, _name, page) => page.getElementById(searchBoxId)?.focus() },
      {
        names: [']', '['],
        what: t('Next hit, previous hit'),
        run: (state, name) => void state.step(name === ']' ? 1 : -1),
      },
      { names: ['Enter', 'Shift Enter'], what: t('The same, in the search box') },
      { names: ['Esc'], what: t('Clear the search box') },
    ],
  },
  {
    title: t('View'),
    keys: [
      {
        names: ['1', '2', '3', '4', '5', '6'],
        what: t('Summary, Node, Profile, Optimize, Quantize, Compare'),
        run: (state, name) => (state.panel.value = panelNames[Number(name) - 1]!),
      },
      {
        names: ['C', 'Shift C'],
        what: t('Colour by the next, by the one before'),
        run: (state, name) => state.stepOverlay(name === 'C' ? 1 : -1),
      },
      { names: ['L'], what: t('Colour linearly or by the logarithm'), run: (state) => state.toggleScale() },
      { names: ['M'], what: t('The model’s own graph, or the one that ran'), run: (state) => state.toggleAsRun() },
      {
        names: ['V', 'Shift V'],
        what: t('Next version, version before'),
        run: (state, name) => void state.stepVersion(name === 'V' ? 1 : -1),
      },
      { names: ['B'], what: t('Both graphs of a comparison side by side'), run: (state) => state.toggleSideBySide() },
      {
        names: ['T'],
        what: t('Show or hide the operator table'),
        run: ({ tableShown }) => (tableShown.value = !tableShown.value),
      },
      { names: ['↑', '↓', 'Enter'], what: t('In the table: select a row, show its node') },
      {
        names: ['H'],
        what: t('Only what the search found'),
        run: ({ onlyHits }) => (onlyHits.value = !onlyHits.value),
      },
      { names: ['Y'], what: t('Copy as CSV'), run: (state) => void copyTable(state) },
      { names: ['?'], what: t('This sheet'), run: ({ helpShown }) => (helpShown.value = !helpShown.value) },
    ],
  },
];

function ofSelected(act: (state: State, node: NonNullable<State['selected']['value']>) => void) {
  return (state: State) => {
    if (state.selected.value !== null) act(state, state.selected.value);
  };
}

/** Listens to the keys that work everywhere in the view; returns what stops it. Those of the graph are the graph's own. */
export function listenToKeys(state: State, target: Document): () => void {
  const press = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    const name = nameOf(event);
    const key = keyGroups.flatMap(({ keys }) => keys).find(({ names, run }) => run && names.includes(name));
    if (!key || state.document.value === null) return;
    event.preventDefault();
    key.run!(state, name, target);
  };
  target.addEventListener('keydown', press);
  return () => target.removeEventListener('keydown', press);
}

/** A key as the help sheet writes it. What Shift makes of a sign is a sign of its own. */
function nameOf({ key, shiftKey }: KeyboardEvent): string {
  if (!/^[a-z]$/i.test(key)) return key;
  return `${shiftKey ? 'Shift ' : ''}${key.toUpperCase()}`;
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
