import { english } from '../english.ts';
import type { NodeId } from '../graph/model.ts';
import type { Problem, ProblemKind } from '../problem.ts';
import { type ReadingCode, readingProblems } from './reading-problems.ts';

/** Problems of one code that are listed; a model that is far off says the same of every node. */
const mostOfOneCode = 20;

/** Problems as they are found: of each code the first twenty, and how many more there are. */
export class ProblemList {
  private readonly listed: Problem[] = [];
  private readonly counts = new Map<ReadingCode, number>();
  private readonly messages = new Set<string>();

  /** `message` is only made for problems that are listed. */
  add(code: ReadingCode, message: () => string, node?: NodeId): void {
    const count = (this.counts.get(code) ?? 0) + 1;
    this.counts.set(code, count);
    if (count > mostOfOneCode) return;
    this.listed.push({ ...aboutKind(code), message: message(), ...(node === undefined ? {} : { node }) });
  }

  /** Leaves out what has been said with the same words: many tensors share one file. */
  addOnce(code: ReadingCode, message: string): void {
    if (this.messages.has(message)) return;
    if ((this.counts.get(code) ?? 0) < mostOfOneCode) this.messages.add(message);
    this.add(code, () => message);
  }

  has(code: ReadingCode): boolean {
    return this.counts.has(code);
  }

  /** In the order in which they were found; the counts of what is not listed come last. */
  all(): Problem[] {
    const more = [...this.counts].flatMap(([code, count]): Problem[] => {
      const left = count - mostOfOneCode;
      if (left <= 0) return [];
      const message =
        left === 1
          ? english`There is one more problem of this kind: ${code}.`
          : english`There are ${left} more problems of this kind: ${code}.`;
      return [{ ...aboutKind(code), message }];
    });
    return [...this.listed, ...more];
  }
}

function aboutKind(wanted: ReadingCode): Pick<Problem, 'severity' | 'code' | 'fix'> {
  const { code, severity, fix }: ProblemKind = readingProblems.find((kind) => kind.code === wanted)!;
  return { code, severity, ...(fix === undefined ? {} : { fix }) };
}

/** A name in a message: as much of it as anyone reads. */
export function nameText(name: string, most = 200): string {
  return name.length > most ? `${name.slice(0, most)}…` : name;
}
