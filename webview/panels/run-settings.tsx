import { count } from '../../src/core/report/format.ts';
import { engineText } from '../engine-texts.ts';
import { t } from '../l10n.ts';
import type { State } from '../state.ts';
import { Link } from '../widgets/button.tsx';
import { Checkbox } from '../widgets/checkbox.tsx';
import { Field } from '../widgets/field.tsx';
import { PathField } from '../widgets/path-field.tsx';
import { Select } from '../widgets/select.tsx';
import { NumberField } from '../widgets/text-field.tsx';

const providerTitles: Readonly<Record<string, string>> = {
  cpu: 'CPU',
  webgpu: 'WebGPU',
  cuda: 'CUDA',
  tensorrt: 'TensorRT',
  dml: 'DirectML',
  coreml: 'CoreML',
};

const largestDim = 1_000_000;

/** What every run shares: where it runs, on what input, for how long. Kept for the model. */
export function RunSettingsForm({ state }: { readonly state: State }) {
  const settings = state.settings.value!;
  const change = state.changeSettings;
  return (
    <>
      {state.document.value!.remembered && (
        <p class="hint">
          {t('As chosen for this model before.')}{' '}
          <Link onClick={() => void state.host.command({ command: 'opscope.forgetSettings' })}>{t('Forget')}</Link>
        </p>
      )}
      <Dims state={state} />
      <Field
        label={t('Input data')}
        hint={settings.inputs ? undefined : t('Without a file: random values, seed {0}.', settings.seed)}
      >
        <PathField
          host={state.host}
          label={t('Input data')}
          value={settings.inputs ?? ''}
          placeholder={t('Random')}
          onChange={(inputs) => change({ inputs: inputs === '' ? undefined : inputs })}
        />
      </Field>
      {!settings.inputs && (
        <Field label={t('Values')}>
          <Checkbox
            label={t('Zeros for timing')}
            checked={settings.fill === 'zeros'}
            onChange={(zeros) => change({ fill: zeros ? 'zeros' : undefined })}
          />
        </Field>
      )}
      <Field label={t('Run on')}>
        <Providers state={state} />
      </Field>
      <Field label={t('Threads')} hint={t('0: ONNX Runtime chooses.')}>
        <NumberField
          label={t('Threads')}
          value={settings.threads}
          min={0}
          max={1024}
          onChange={(threads) => change({ threads })}
        />
      </Field>
      <Field label={t('Time limit')} hint={t('Seconds.')}>
        <NumberField
          label={t('Time limit in seconds')}
          value={settings.timeLimit}
          min={1}
          max={86_400}
          onChange={(timeLimit) => change({ timeLimit })}
        />
      </Field>
    </>
  );
}

/** Where a run can go: what this machine's runtime offers. The others are shown with what they lack. */
function Providers({ state }: { readonly state: State }) {
  const { provider } = state.settings.value!;
  const offered = state.providers.value.value ?? [{ name: provider, available: true, note: '' }];
  return (
    <Select
      label={t('Execution provider')}
      value={provider}
      choices={offered.map(({ name, available, note }) => ({
        value: name,
        label: providerTitles[name] ?? name,
        description: engineText(note),
        disabled: !available,
      }))}
      onChange={(name) => state.changeSettings({ provider: name })}
    />
  );
}

/** A field for every symbolic dimension, with the size to use for it. */
function Dims({ state }: { readonly state: State }) {
  const settings = state.settings.value!;
  return (
    <>
      {state.document.value!.symbolicDims.map(({ name, where, suggestion }) => (
        <Field key={name} label={name} hint={whereText(where)}>
          <NumberField
            label={t('Size of dimension {0}', name)}
            value={settings.dims[name] ?? suggestion}
            min={1}
            max={largestDim}
            onChange={(size) => state.changeSettings({ dims: { ...settings.dims, [name]: size } })}
          />
        </Field>
      ))}
    </>
  );
}

const shownPlaces = 2;

function whereText(where: readonly string[]): string {
  const rest = where.length - shownPlaces;
  const shown = where.slice(0, shownPlaces).join(', ');
  return rest > 0 ? t('{0} and {1} more', shown, count(rest)) : shown;
}
