import { Draft } from '../graph/draft.ts';
import type { Model } from '../graph/model.ts';
import type { PassRecord } from '../report/report.ts';
import type { Facts } from '../shapes/facts.ts';
import type { Pass, PassContext } from './pass.ts';

/** What a run of passes made. */
export interface PassRun {
  /** The very same object as was given when no pass changed anything. */
  readonly model: Model;
  readonly draft: Draft;
  /** One a pass that changed something, in the order in which they first did. */
  readonly records: readonly PassRecord[];
  /** What passes were asked for and could not do. */
  readonly problems: readonly string[];
}

export interface PassRunOptions extends Omit<PassContext, 'facts' | 'note'> {
  /** Makes the facts for the draft. */
  readonly factsOf: (draft: Draft) => Facts;
  /** Answers whether a rewrite with this key may happen; see `Draft.allows`. */
  readonly allows?: (key: string) => boolean;
  /** Called before each pass; awaited, so that the caller can show progress and let an abort through. */
  readonly onPass?: (pass: Pass, round: number) => void | Promise<void>;
}

/** Passes feed each other; in practice the fixed point comes after 3 to 6 rounds. */
const maxRounds = 40;

/**
 * Runs passes over a model until none changes anything. A pass is skipped while the draft is as the pass left it.
 * Rejects when the signal aborts; the model given is never changed.
 */
export async function runPasses(model: Model, passes: readonly Pass[], options: PassRunOptions): Promise<PassRun> {
  const { factsOf, allows, onPass, ...rest } = options;
  const draft = new Draft(model);
  if (allows) draft.allows = allows;
  const facts = factsOf(draft);
  const notes = new Map<Pass, Set<string>>();
  const seen = new Map<Pass, number>();
  const milliseconds = new Map<string, number>();
  for (let round = 0; round < maxRounds; round++) {
    const atStart = draft.version;
    for (const pass of passes) {
      if (seen.get(pass) === draft.version) continue;
      await onPass?.(pass, round);
      options.signal?.throwIfAborted();
      const start = performance.now();
      draft.currentPass = pass.name;
      const said = new Set<string>();
      notes.set(pass, said);
      await pass.run(draft, { ...rest, facts, note: (text) => said.add(text) });
      seen.set(pass, draft.version);
      milliseconds.set(pass.name, (milliseconds.get(pass.name) ?? 0) + performance.now() - start);
    }
    if (draft.version === atStart) break;
  }
  const problems = [...notes.values()].flatMap((said) => [...said]);
  return { model: draft.finish(), draft, records: recordsOf(draft, milliseconds), problems };
}

function recordsOf(draft: Draft, milliseconds: ReadonlyMap<string, number>): PassRecord[] {
  const records = new Map<string, { removed: number; added: number; rewrites: number }>();
  for (const { pass, removed, added } of draft.rewrites) {
    const record = records.get(pass) ?? { removed: 0, added: 0, rewrites: 0 };
    records.set(pass, record);
    const stays = new Set(added.map(({ id }) => id));
    const was = new Set(removed.map(({ id }) => id));
    record.removed += removed.filter(({ id }) => !stays.has(id)).length;
    record.added += added.filter(({ id }) => !was.has(id)).length;
    record.rewrites++;
  }
  return Array.from(records, ([name, counts]) => ({ name, ...counts, milliseconds: milliseconds.get(name) ?? 0 }));
}
