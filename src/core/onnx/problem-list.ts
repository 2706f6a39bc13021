import { english } from '../english.ts';
import type { NodeId } from '../graph/model.ts';
import type { Problem } from '../problem.ts';

/** Problems of one code that are listed; a model that is far off says the same of every node. */
const mostOfOneCode = 20;

/** Problems as they are found: of each code the first twenty, and how many more there are. */
export class ProblemList {
  private readonly listed: Problem[] = [];
  private readonly kinds = new Map<string, { readonly severity: Problem['severity']; count: number }>();
  private readonly messages = new Set<string>();

  /** `message` is only made for problems that are listed. */
  add(severity: Problem['severity'], code: string, message: () => string, node?: NodeId): void {
    const kind = this.kinds.get(code) ?? { severity, count: 0 };
    this.kinds.set(code, kind);
    if (++kind.count > mostOfOneCode) return;
    this.listed.push({ severity, code, message: message(), ...(node === undefined ? {} : { node }) });
  }

  /** Leaves out what has been said with the same words: many tensors share one file. */
  addOnce(severity: Problem['severity'], code: string, message: string): void {
    if (this.messages.has(message)) return;
    if ((this.kinds.get(code)?.count ?? 0) < mostOfOneCode) this.messages.add(message);
    this.add(severity, code, () => message);
  }

  /** In the order in which they were found; the counts of what is not listed come last. */
  all(): Problem[] {
    const more = [...this.kinds].flatMap(([code, { severity, count }]): Problem[] => {
      const left = count - mostOfOneCode;
      if (left <= 0) return [];
      const message =
        left === 1
          ? english`There is one more problem of this kind: ${code}.`
          : english`There are ${left} more problems of this kind: ${code}.`;
      return [{ severity, code, message }];
    });
    return [...this.listed, ...more];
  }
}

/** A name in a message: as much of it as anyone reads. */
export function nameText(name: string, most = 200): string {
  return name.length > most ? `${name.slice(0, most)}…` : name;
}
