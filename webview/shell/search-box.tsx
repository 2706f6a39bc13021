import { count } from '../../src/core/report/format.ts';
import { engineText } from '../engine-texts.ts';
import { t } from '../l10n.ts';
import type { State } from '../state.ts';
import { IconButton } from '../widgets/button.tsx';
import { Icon } from '../widgets/icon.tsx';

export const searchBoxId = 'search';

const help = `${t('Search nodes:')}
op:Conv  name:~attn  dtype:int8
shape:[*,64,*,*]  ms>1  attr:group=32
${t('Words together must all hold.')}`;

/** One box with structure; every hit is marked on the graph, Enter and the arrows step through them. */
export function SearchBox({ state }: { readonly state: State }) {
  const { query, marked, list, at } = state.finder;
  const hits = list.value;
  const problem = state.finder.problem.value;
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Enter') void state.step(event.shiftKey ? -1 : 1);
    else if (event.key === 'Escape' && query.value !== '') query.value = '';
    else if (event.key === 'Escape' && marked.value) marked.value = null;
    else if (event.key === 'Escape') state.pane.handle.value?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const none = !hits || hits.length === 0;
  return (
    <search class={`search-box${problem ? ' invalid' : ''}`}>
      <Icon name="search" />
      {marked.value && (
        <span class="chip">
          {marked.value.title}
          <IconButton
            icon="close"
            label={t('Clear')}
            onClick={() => {
              marked.value = null;
            }}
          />
        </span>
      )}
      <input
        id={searchBoxId}
        type="text"
        value={query.value}
        placeholder={marked.value ? '' : t('Search  op:Conv ms>1')}
        aria-label={t('Search nodes')}
        aria-invalid={problem !== null}
        aria-describedby="search-count"
        title={help}
        spellcheck={false}
        onInput={(event) => {
          query.value = event.currentTarget.value;
        }}
        onKeyDown={press}
      />
      <output id="search-count" class="search-count" aria-live="polite">
        {!problem && hits && `${at.value < 0 ? '' : `${count(at.value + 1)}/`}${count(hits.length)}`}
      </output>
      <IconButton icon="arrow-up" label={t('Previous hit ([)')} disabled={none} onClick={() => void state.step(-1)} />
      <IconButton icon="arrow-down" label={t('Next hit (])')} disabled={none} onClick={() => void state.step(1)} />
      {problem && <p class="search-problem">{engineText(problem)}</p>}
    </search>
  );
}
