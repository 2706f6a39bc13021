import { computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import { CancelledError, type Client } from '../src/protocol/rpc.ts';
import type { DocumentState, JobState, ViewHostContract } from '../src/protocol/webview.ts';
import type { RunSettings } from '../src/protocol/worker.ts';
import { type Forms, sweepAxes } from './forms.ts';
import { quantizeRequest } from './quantize-fields.ts';

/** Jobs that the view can start, and start again after they failed. */
export type StartedJob = 'profile' | 'sweep' | 'optimize' | 'quantize' | 'compare';

interface JobParts {
  readonly document: ReadonlySignal<DocumentState | null>;
  readonly settings: ReadonlySignal<RunSettings | null>;
  readonly forms: Forms;
}

/** Starts jobs with what their forms say, and tells which one failed last. */
export function createStartedJobs(host: Client<ViewHostContract>, { document, settings, forms }: JobParts) {
  const rejected = signal<{ readonly job: JobState['kind']; readonly message: string } | null>(null);
  effect(() => {
    if (document.value?.job) rejected.value = null;
  });

  /** Calls what starts a job; a refusal is shown like a job that failed. */
  const startJob = async (kind: StartedJob, call: () => Promise<void>) => {
    rejected.value = null;
    try {
      await call();
    } catch (error) {
      if (!(error instanceof CancelledError)) rejected.value = { job: kind, message: (error as Error).message };
    }
  };

  /** Starts a job on a version, the one on view if none is named, with what its form says. */
  const run = (kind: StartedJob, from?: number): Promise<void> => {
    const shown = document.value;
    const shared = settings.value;
    if (!shown || !shared) return Promise.resolve();
    const about = { version: from ?? shown.current, settings: shared };
    return startJob(kind, () => {
      if (kind === 'profile') return host.profile({ ...about, ...forms.profile.value });
      if (kind === 'sweep') {
        const { axes } = sweepAxes(forms.sweep.value, shown.symbolicDims);
        return host.sweep({ ...about, level: forms.profile.value.level, axes });
      }
      if (kind === 'optimize') return host.optimize({ ...about, ...forms.optimize.value });
      if (kind === 'quantize')
        return host.quantize({ ...about, excludeIn: shown.current, ...quantizeRequest(forms.quantize.value) });
      const { a, b, measure } = forms.compare.value;
      return host.compare({ settings: shared, measure, a: { version: a ?? 0 }, b: { version: b ?? shown.current } });
    });
  };

  /** Mends a problem by the pass that it names as its fix. */
  const mend = (pass: string): Promise<void> => startJob('optimize', () => host.mend({ pass }));

  const failure: ReadonlySignal<DocumentState['failure']> = computed(
    () => rejected.value ?? document.value?.failure ?? null,
  );

  return { run, mend, failure };
}
