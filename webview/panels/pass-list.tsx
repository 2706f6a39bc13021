import type { Exactness } from '../../src/core/passes/pass.ts';
import { presetPasses } from '../../src/core/passes/presets.ts';
import { count } from '../../src/core/report/format.ts';
import { engineText } from '../engine-texts.ts';
import { t } from '../l10n.ts';
import type { State } from '../state.ts';
import { Checkbox } from '../widgets/checkbox.tsx';
import { Fold } from '../widgets/section.tsx';

const exactnessNotes: Readonly<Record<Exactness, string>> = {
  exact: '',
  rounding: t('Outputs may move by rounding.'),
  lossy: t('Changes outputs on purpose.'),
};

/** The passes of the chosen preset; each can be left out. */
export function PassList({ state }: { readonly state: State }) {
  const form = state.forms.optimize;
  const { preset, skip } = form.value;
  const passes = presetPasses(preset);
  const chosen = passes.filter(({ name }) => !skip.includes(name)).length;
  const set = (name: string, wanted: boolean) => {
    form.value = { ...form.value, skip: wanted ? skip.filter((each) => each !== name) : [...skip, name] };
  };
  return (
    <Fold title={t('Passes')} aside={<span class="quiet">{t('{0} of {1}', count(chosen), count(passes.length))}</span>}>
      <ul class="pass-list">
        {passes.map(({ name, title, summary, exactness }) => (
          <li key={name}>
            <Checkbox
              label={engineText(title)}
              checked={!skip.includes(name)}
              onChange={(wanted) => set(name, wanted)}
            />
            <p class="hint">
              {engineText(summary)} {exactnessNotes[exactness]}
            </p>
          </li>
        ))}
      </ul>
    </Fold>
  );
}
