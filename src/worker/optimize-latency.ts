import { english } from '../core/english.ts';
import type { Model } from '../core/graph/model.ts';
import type { LatencyComparison } from '../core/report/report.ts';
import { findGuilty } from '../core/verify/find-guilty.ts';
import { CancelledError } from '../protocol/rpc.ts';
import type { RunSettings } from '../protocol/worker.ts';
import { compareLatency } from './compare-latency.ts';
import type { RolledBack, Verified } from './optimize-verification.ts';
import type { MeasurementContext } from './profile.ts';

export interface LatencyWork {
  readonly original: Model;
  readonly settings: RunSettings;
  readonly context: MeasurementContext;
  /** Simplifies and verifies without these passes. */
  readonly optimize: (without: readonly RolledBack[]) => Promise<Verified>;
  /** What of a result only these of its passes make. */
  readonly repeat: (verified: Verified, passes: ReadonlySet<string>) => Promise<Model>;
}

/** A result with its latency against the original's; without one when nothing was changed or it could not be measured. */
export interface MeasuredResult extends Verified {
  readonly latency?: LatencyComparison;
}

/** Each costs about five measurements. */
const mostCostly = 3;
/** A pass is looked for only where the whole interval is beyond this: smaller differences come and go with the session. */
const leastSlowdown = 1.02;

/**
 * Simplifies and measures; while the result is clearly slower than the original, takes the pass that costs back and tries again.
 * Of forty intervals one says "slower" by chance, so the search begins with a second measurement. Rejects when cancelled.
 */
export async function measureAndRepair(work: LatencyWork): Promise<MeasuredResult> {
  const costly: RolledBack[] = [];
  for (;;) {
    const made = await work.optimize(costly);
    const verified = { ...made, rolledBack: [...made.rolledBack, ...costly] };
    if (!made.run || made.run.model === work.original) return verified;
    try {
      let latency = await measure(work, made.run.model);
      if (!isSlower(latency) || costly.length === mostCostly) return { ...verified, latency };
      const passes = made.run.records.map(({ name }) => name);
      const guilty = await findGuilty(passes, async (count) => {
        const model = await work.repeat(made, new Set(passes.slice(0, count)));
        if (model === work.original) return false;
        const compared = await measure(work, model);
        if (count === passes.length) latency = compared;
        return isSlower(compared);
      });
      if (guilty === undefined) return { ...verified, latency };
      const reason = english`With it, a run takes ${((latency.ratio - 1) * 100).toFixed(1)} % longer.`;
      costly.push({ key: guilty, pass: guilty, kind: 'latency', reason });
    } catch (error) {
      if (error instanceof CancelledError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      return { ...verified, problem: verified.problem ?? english`Latency was not measured: ${why}` };
    }
  }
}

const isSlower = ({ verdict, interval95: [low] }: LatencyComparison) => verdict === 'slower' && low > leastSlowdown;

function measure({ original, settings, context }: LatencyWork, model: Model): Promise<LatencyComparison> {
  return compareLatency({ model: original }, { model }, { settings, level: 'all' }, context);
}
