import { engineText } from '../engine-texts.ts';
import { t } from '../l10n.ts';
import type { MeasuredResult } from '../measured-elsewhere.ts';
import type { State } from '../state.ts';
import { Notes } from '../widgets/badge.tsx';

/** Says so when times are of another machine: reports stay with a model, and models travel. */
export function MeasuredElsewhere({ state, result }: { readonly state: State; readonly result: MeasuredResult }) {
  const differences = state.elsewhere[result].value.value ?? [];
  if (differences.length === 0) return null;
  return <Notes notes={[t('Measured on another machine: {0}.', differences.map(engineText).join('; '))]} />;
}
