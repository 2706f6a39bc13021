import { t } from '../l10n.ts';
import type { StartedJob } from '../started-jobs.ts';
import type { State } from '../state.ts';
import { Notes } from '../widgets/badge.tsx';
import { Button } from '../widgets/button.tsx';

interface RunButtonProps {
  readonly state: State;
  readonly job: StartedJob;
  readonly label: string;
  /** Secondary when there is a result already. */
  readonly again?: boolean;
  /** The version to start from, when it is not the one on view. */
  readonly from?: number;
  /** Why it cannot start. */
  readonly refusal?: string | null;
}

/** Starts a job; says why when it cannot. */
export function RunButton({ state, job, label, again, from, refusal }: RunButtonProps) {
  const { trusted } = state.document.value!;
  const running = state.job.value?.kind === job;
  return (
    <>
      <div class="actions">
        <Button
          icon="play"
          kind={again ? 'secondary' : 'primary'}
          disabled={!trusted || state.job.value !== null || Boolean(refusal)}
          onClick={() => void state.run(job, from)}
        >
          {running ? t('Running…') : label}
        </Button>
      </div>
      {!trusted && (
        <Notes
          notes={[
            t(
              'This workspace is in restricted mode: models can be read, nothing runs. Trust the workspace to run models.',
            ),
          ]}
        />
      )}
      {trusted && refusal && <Notes notes={[refusal]} tone="plain" />}
    </>
  );
}
