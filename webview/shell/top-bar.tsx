import { bytes } from '../../src/core/report/format.ts';
import { changedOutputsSentence, outputsSentence } from '../../src/core/report/sentences.ts';
import type { VersionInfo } from '../../src/protocol/worker.ts';
import { engineText } from '../engine-texts.ts';
import { plural, t } from '../l10n.ts';
import type { State } from '../state.ts';
import { IconButton } from '../widgets/button.tsx';
import { Icon } from '../widgets/icon.tsx';
import { Segments } from '../widgets/segments.tsx';
import { Select } from '../widgets/select.tsx';
import { SearchBox } from './search-box.tsx';

/** What is on view: which version, mine or as run, coloured by what; and the search box. */
export function TopBar({ state }: { readonly state: State }) {
  return (
    <header class="top-bar">
      <h1 class="unseen">{state.document.value!.name}</h1>
      <Versions state={state} />
      <GraphSwitch state={state} />
      <Colour state={state} />
      <SearchBox state={state} />
      <IconButton icon="question" label={t('Keys (?)')} onClick={() => (state.helpShown.value = true)} />
    </header>
  );
}

function Versions({ state }: { readonly state: State }) {
  const { versions, current } = state.document.value!;
  return (
    <nav class="versions" aria-label={t('Versions')}>
      <ol>
        {versions.map((version) => (
          <li key={version.id}>
            {version.id !== 0 && <Icon name="chevron-right" />}
            <button
              type="button"
              aria-current={version.id === current ? 'true' : undefined}
              title={describeVersion(version, versions)}
              onClick={() => void state.host.showVersion({ version: version.id })}
            >
              {version.label}
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}

function describeVersion(
  { nodes, bytes: size, parent, verdict, kind }: VersionInfo,
  versions: readonly VersionInfo[],
): string {
  const from = versions.find(({ id }) => id === parent);
  return [
    plural(nodes, '{0} node, {1}', '{0} nodes, {1}', bytes(size)),
    from && t('made from {0}', from.label),
    verdict && engineText(kind === 'optimized' ? outputsSentence(verdict) : changedOutputsSentence(verdict)),
  ]
    .filter(Boolean)
    .join('\n');
}

/** The user's nodes, or those that ONNX Runtime made of them. There only once a run has shown them. */
function GraphSwitch({ state }: { readonly state: State }) {
  const profile = state.reports.value?.profile;
  if (!profile) return null;
  const { asRun } = state.pane;
  return (
    <Segments
      label={t('Graph')}
      value={asRun.value ? 'run' : 'mine'}
      choices={[
        { value: 'mine', label: t('Mine'), title: t('The model’s own nodes') },
        {
          value: 'run',
          label: t('As run'),
          title: plural(
            profile.kernels.length,
            'The {0} kernel that ONNX Runtime ran',
            'The {0} kernels that ONNX Runtime ran',
          ),
        },
      ]}
      onChange={(value) => {
        asRun.value = value === 'run';
      }}
    />
  );
}

const noColour = '';

function Colour({ state }: { readonly state: State }) {
  const overlays = state.overlays.value.value ?? [];
  const choices = [
    { value: noColour, label: t('Operator'), description: t('Nodes keep the colour of their kind of operator') },
    ...overlays.map(({ id, title, basis }) => ({ value: id, label: title, description: basis ?? '' })),
  ];
  return (
    <div class="labelled">
      <span class="bar-caption">{t('Colour')}</span>
      <Select
        label={t('Colour nodes by')}
        value={choices.some(({ value }) => value === state.overlayId.value) ? state.overlayId.value! : noColour}
        choices={choices}
        onChange={(id) => {
          state.overlayId.value = id === noColour ? null : id;
        }}
      />
    </div>
  );
}
