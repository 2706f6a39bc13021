import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

interface SectionProps {
  readonly title: string;
  readonly children: ComponentChildren;
  /** Beside the title: a count, a control. */
  readonly aside?: ComponentChildren;
}

/** A titled part of a panel. */
export function Section({ title, aside, children }: SectionProps) {
  return (
    <section class="section">
      <header>
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

/** A part that can be folded away. What it holds is there while it is open: choices that start unseen have no text. */
export function Fold({ title, aside, children, open = false }: SectionProps & { readonly open?: boolean }) {
  const [shown, setShown] = useState(open);
  return (
    <details class="section fold" open={open} onToggle={(event) => setShown(event.currentTarget.open)}>
      <summary>
        <span class="codicon codicon-chevron-right" aria-hidden="true" />
        <h2>{title}</h2>
        {aside}
      </summary>
      {shown && children}
    </details>
  );
}

/** A name and what it is. `value` false leaves the row out. */
export type Fact = readonly [name: string, value: ComponentChildren];

/** Names on the left, values on the right, aligned. */
export function Facts({ facts }: { readonly facts: readonly (Fact | false | undefined)[] }) {
  return (
    <dl class="facts">
      {facts.map(
        (fact) =>
          fact && (
            <div key={fact[0]}>
              <dt>{fact[0]}</dt>
              <dd>{fact[1]}</dd>
            </div>
          ),
      )}
    </dl>
  );
}
