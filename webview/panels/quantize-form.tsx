import { useEffect, useState } from 'preact/hooks';
import type { VersionInfo } from '../../src/protocol/worker.ts';
import { t } from '../l10n.ts';
import { needsData, type QuantizeFields, usedBy, wrongFields } from '../quantize-fields.ts';
import type { State } from '../state.ts';
import { Notes } from '../widgets/badge.tsx';
import { Checkbox } from '../widgets/checkbox.tsx';
import { Field } from '../widgets/field.tsx';
import { PathField } from '../widgets/path-field.tsx';
import { Fold } from '../widgets/section.tsx';
import { Select } from '../widgets/select.tsx';
import { TextField } from '../widgets/text-field.tsx';
import { parentOf } from './optimize.tsx';
import {
  activationTypes,
  blockMethods,
  blockSizes,
  dataChoices,
  formats,
  methods,
  schemes,
} from './quantize-choices.ts';
import { Excluded, TypedNodes } from './quantize-nodes.tsx';
import { RunButton } from './run-button.tsx';
import { RunSettingsForm } from './run-settings.tsx';

/** What is asked for: the fields that matter to the scheme, and when it can start. */
export function QuantizeForm({ state, again }: { readonly state: State; readonly again?: boolean }) {
  const from = quantizedFrom(state);
  const form = state.forms.quantize;
  const { scheme, method, perChannel, labelled, verify, measure } = form.value;
  const change = (patch: Partial<QuantizeFields>) => {
    form.value = { ...form.value, ...patch };
  };
  const used = usedBy(scheme);
  return (
    <>
      <div class="form">
        <Field label={t('Scheme')} hint={schemes.find(({ value }) => value === scheme)?.description}>
          <Select
            label={t('Scheme')}
            value={scheme}
            choices={schemes}
            onChange={(value) => change({ scheme: value })}
          />
        </Field>
        <DataFields state={state} />
        {used.fixed && (
          <Field label={t('Ranges')}>
            <Select
              label={t('Range method')}
              value={method}
              choices={methods}
              onChange={(value) => change({ method: value })}
            />
          </Field>
        )}
        {used.perChannel && (
          <Field label={t('Weights')}>
            <Checkbox
              label={t('One scale a channel')}
              checked={perChannel}
              onChange={(value) => change({ perChannel: value })}
            />
          </Field>
        )}
        {used.budget && <BudgetFields state={state} />}
        <Field label={t('Labelled data')} hint={t('For accuracy before and after.')}>
          <PathField
            host={state.host}
            label={t('Labelled data')}
            value={labelled}
            placeholder={t('None')}
            onChange={(value) => change({ labelled: value })}
          />
        </Field>
        <Field label={t('Keep float')}>
          <Excluded state={state} />
        </Field>
        <Field label={t('Afterwards')}>
          <Checkbox label={t('Compare outputs')} checked={verify} onChange={(value) => change({ verify: value })} />
          <Checkbox
            label={t('Leave nodes float one at a time')}
            checked={verify && form.value.sensitivity}
            disabled={!verify}
            onChange={(value) => change({ sensitivity: value })}
          />
          <Checkbox label={t('Measure latency')} checked={measure} onChange={(value) => change({ measure: value })} />
        </Field>
      </div>
      <Advice state={state} version={(again ? from?.id : undefined) ?? state.document.value!.current} scheme={scheme} />
      <RunButton
        state={state}
        job="quantize"
        label={again ? t('Quantize {0} Again', from?.label ?? '') : t('Quantize')}
        again={again}
        from={again ? from?.id : undefined}
        refusal={refusal(form.value)}
      />
      {(used.fixed || used.blocks || used.smooth) && (
        <Fold title={t('Details of the scheme')}>
          <div class="form">
            <SchemeFields state={state} />
          </div>
        </Fold>
      )}
      <Fold title={t('Input and run settings')}>
        <div class="form">
          <RunSettingsForm state={state} />
        </div>
      </Fold>
    </>
  );
}

/** What speaks against the scheme on this machine, before anything is run. */
function Advice({
  state,
  version,
  scheme,
}: {
  readonly state: State;
  readonly version: number;
  readonly scheme: string;
}) {
  const { trusted } = state.document.value!;
  const { provider } = state.settings.value!;
  const [advice, setAdvice] = useState<readonly string[]>([]);
  useEffect(() => {
    let isAsked = true;
    setAdvice([]);
    // The processor is asked by running something on it.
    if (trusted)
      state.host.quantizeAdvice({ version, scheme, provider }).then(
        (said) => isAsked && setAdvice(said),
        () => {},
      );
    return () => {
      isAsked = false;
    };
  }, [state, version, scheme, provider, trusted]);
  return <Notes notes={advice} tone="plain" />;
}

const fieldNames: Readonly<Record<ReturnType<typeof wrongFields>[number], string>> = {
  smooth: t('SmoothQuant'),
  minSqnr: t('Least signal to noise, dB'),
  maxMetricDrop: t('Accuracy that may be lost, points'),
  maxSize: t('Largest size, % of the model'),
};

/** Why the form cannot start a job. */
function refusal(form: QuantizeFields): string | null {
  if (needsData(form) && form.data === 'files' && form.calibration === '')
    return t('Choose calibration data: a file or folder with typical inputs.');
  const [wrong] = wrongFields(form);
  if (wrong === 'smooth') return t('SmoothQuant takes a number from 0 to 1, or search.');
  if (wrong) return t('{0}: type a number above 0, or nothing.', fieldNames[wrong]);
  return form.scheme === 'auto' && form.maxMetricDrop !== '' && form.labelled === ''
    ? t('What accuracy may be lost needs labelled data.')
    : null;
}

/** Data that ranges, blocks and smoothing are fitted to; needed or not, as the scheme has it. */
function DataFields({ state }: { readonly state: State }) {
  const form = state.forms.quantize;
  const { scheme, data, calibration, image } = form.value;
  const change = (patch: Partial<QuantizeFields>) => {
    form.value = { ...form.value, ...patch };
  };
  const hint =
    data === 'random'
      ? t('Ranges of random values seldom fit real ones.')
      : scheme === 'auto' && calibration === ''
        ? t('Without data static int8 is not tried.')
        : undefined;
  return (
    <>
      <Field label={t('Calibration')} hint={hint}>
        <Select
          label={t('Calibration data')}
          value={data}
          choices={dataChoices}
          onChange={(value) => change({ data: value })}
        />
        {data === 'files' && (
          <PathField
            host={state.host}
            label={t('Calibration data')}
            value={calibration}
            placeholder={needsData(form.value) ? t('.npz, .npy, folder') : t('None')}
            onChange={(value) => change({ calibration: value })}
          />
        )}
      </Field>
      {data === 'files' && calibration !== '' && (
        <Field label={t('Images')} hint={t('When the data are images: imagenet, unit, symmetric, or settings.')}>
          <TextField
            label={t('How images become numbers')}
            value={image}
            placeholder={t('The data are no images')}
            onChange={(value) => change({ image: value.trim() })}
          />
        </Field>
      )}
    </>
  );
}

/** What a search may cost. */
function BudgetFields({ state }: { readonly state: State }) {
  const form = state.forms.quantize;
  const limit = (name: 'minSqnr' | 'maxMetricDrop' | 'maxSize', placeholder: string) => (
    <Field label={fieldNames[name]}>
      <TextField
        label={fieldNames[name]}
        value={form.value[name]}
        placeholder={placeholder}
        onChange={(value) => {
          form.value = { ...form.value, [name]: value.trim() };
        }}
      />
    </Field>
  );
  const { labelled } = form.value;
  return (
    <>
      {limit('minSqnr', labelled === '' ? '20' : t('Any'))}
      {labelled !== '' && limit('maxMetricDrop', '0.5')}
      {limit('maxSize', t('Any'))}
    </>
  );
}

/** What single schemes can be told, with defaults that suit most models. */
function SchemeFields({ state }: { readonly state: State }) {
  const form = state.forms.quantize;
  const { scheme, activations, blockSize, blockMethod, equalize, format, smooth } = form.value;
  const used = usedBy(scheme);
  const change = (patch: Partial<QuantizeFields>) => {
    form.value = { ...form.value, ...patch };
  };
  return (
    <>
      {used.fixed && (
        <Field label={t('Activations')} hint={t('CPUs have no kernels for 16 bits.')}>
          <Select
            label={t('Type of activations')}
            value={activations}
            choices={activationTypes}
            onChange={(value) => change({ activations: value })}
          />
        </Field>
      )}
      {used.blocks && (
        <Field label={t('Blocks')}>
          <Select
            label={t('Elements that share a scale')}
            value={blockSize}
            choices={blockSizes}
            onChange={(value) => change({ blockSize: value })}
          />
          <Select
            label={t('How scales are found')}
            value={blockMethod}
            choices={blockMethods}
            onChange={(value) => change({ blockMethod: value })}
          />
        </Field>
      )}
      {used.smooth && (
        <Field label={t('SmoothQuant')} hint={t('0 to 1, or search: large channels go over to the weights.')}>
          <TextField
            label={t('SmoothQuant')}
            value={smooth}
            placeholder={t('Off')}
            onChange={(value) => change({ smooth: value.trim() })}
          />
        </Field>
      )}
      {used.fixed && (
        <>
          <Field label={t('Before')}>
            <Checkbox
              label={t('Equalize layers')}
              checked={equalize}
              onChange={(value) => change({ equalize: value })}
            />
          </Field>
          <Field label={t('Form')}>
            <Select
              label={t('Form of integer operators')}
              value={format}
              choices={formats}
              onChange={(value) => change({ format: value })}
            />
          </Field>
          <Field label={t('Types of single nodes')}>
            <TypedNodes state={state} />
          </Field>
        </>
      )}
    </>
  );
}

/** The version that was quantized: the one on view, where a search found that it is best as it is. */
export function quantizedFrom(state: State): VersionInfo | undefined {
  const { versions, current } = state.document.value!;
  return state.reports.value?.quantize?.keepFloat ? versions.find(({ id }) => id === current) : parentOf(state);
}
