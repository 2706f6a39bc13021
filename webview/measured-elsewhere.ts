import { computed, type ReadonlySignal } from '@preact/signals';
import { type Machine, machineOf } from '../src/core/report/environment.ts';
import type { Environment } from '../src/core/report/profile-report.ts';
import type { Client } from '../src/protocol/rpc.ts';
import type { DocumentState, PanelName, ViewHostContract } from '../src/protocol/webview.ts';
import { type Resource, resource } from './resource.ts';

/** Results that name the machine they were measured on. */
export type MeasuredResult = 'profile' | 'sweep' | 'comparison';

interface Shown {
  readonly document: ReadonlySignal<DocumentState | null>;
  readonly panel: ReadonlySignal<PanelName>;
}

/** What is different here from where each result on view was measured: it may have come with the model. */
export function createMeasuredElsewhere(
  host: Client<ViewHostContract>,
  { document, panel }: Shown,
): Readonly<Record<MeasuredResult, Resource<readonly string[]>>> {
  const differences = (where: PanelName, measured: (shown: DocumentState) => Environment | undefined) => {
    // As JSON, so that the same machine is asked for once.
    const machine = computed(() => {
      const shown = document.value;
      const environment = shown?.trusted && panel.value === where ? measured(shown) : undefined;
      const found = environment && machineOf(environment);
      return found ? JSON.stringify(found) : null;
    });
    return resource(
      () => machine.value,
      (asked, signal) => host.machineDifferences({ measured: JSON.parse(asked) as Machine }, { signal }),
    );
  };
  return {
    profile: differences('profile', ({ reports, current }) => reports[current]?.profile?.environment),
    sweep: differences('profile', ({ reports, current }) => reports[current]?.sweep?.environment),
    comparison: differences('compare', ({ comparison }) => comparison?.report.environment),
  };
}
