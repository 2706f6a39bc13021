import { useEffect, useState } from 'preact/hooks';
import type { JobState } from '../../src/protocol/webview.ts';
import { engineText } from '../engine-texts.ts';
import { t } from '../l10n.ts';
import type { State } from '../state.ts';
import { Button, IconButton } from '../widgets/button.tsx';
import { Icon } from '../widgets/icon.tsx';

const failed: Readonly<Record<JobState['kind'], string>> = {
  open: t('The model could not be opened.'),
  profile: t('The profile could not be made.'),
  sweep: t('The settings could not be swept.'),
  optimize: t('The model could not be optimized.'),
  quantize: t('The model could not be quantized.'),
  prune: t('The model could not be pruned.'),
  compare: t('The models could not be compared.'),
  tune: t('The model could not be tuned.'),
  export: t('The model could not be exported.'),
};

/** The running job with what it does and how far it is, or why the last one failed. */
export function JobBar({ state }: { readonly state: State }) {
  if (state.job.value) return <Running state={state} job={state.job.value} />;
  const failure = state.failure.value;
  return failure ? <Failed key={failure.message} state={state} failure={failure} /> : null;
}

function Running({ state, job }: { readonly state: State; readonly job: JobState }) {
  const { message, fraction } = job.progress;
  const said = engineText(message);
  const percent = fraction === undefined ? undefined : Math.round(fraction * 100);
  return (
    <div class="job-bar">
      <div
        class={`progress${percent === undefined ? ' unknown' : ''}`}
        role="progressbar"
        aria-label={said}
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
      >
        <div class="progress-fill" style={percent === undefined ? undefined : { width: `${percent}%` }} />
      </div>
      <span class="job-message" role="status">
        {said}
      </span>
      {percent !== undefined && <span class="figure">{percent} %</span>}
      <Button kind="secondary" onClick={() => void state.host.cancel(undefined)}>
        {t('Cancel')}
      </Button>
    </div>
  );
}

interface FailedProps {
  readonly state: State;
  readonly failure: { readonly job: JobState['kind']; readonly message: string };
}

function Failed({ state, failure: { job, message } }: FailedProps) {
  const [shown, setShown] = useState(true);
  useEffect(() => setShown(true), [message]);
  if (!shown) return null;
  const retry = () => {
    if (job === 'open') return state.start();
    // What was asked for in the palette is asked there again.
    if (job === 'export' || job === 'prune' || job === 'tune') return state.host.command({ command: `opscope.${job}` });
    return state.run(job);
  };
  return (
    <div class="failure-bar" role="alert">
      <Icon name="error" />
      <p>
        <strong>{failed[job]}</strong> {engineText(message)}
      </p>
      <Button onClick={() => void retry()}>{t('Retry')}</Button>
      <Button kind="secondary" onClick={() => void state.host.command({ command: 'opscope.showLog' })}>
        {t('Show Log')}
      </Button>
      <IconButton icon="close" label={t('Close')} onClick={() => setShown(false)} />
    </div>
  );
}
