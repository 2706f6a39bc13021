import type { ComponentChildren } from 'preact';
import { engineText } from '../engine-texts.ts';
import { Icon } from './icon.tsx';

/** `even`: measured, and no difference found. */
export type Tone = 'good' | 'warn' | 'bad' | 'even' | 'plain';

const icons: Readonly<Record<Tone, string | null>> = {
  good: 'pass',
  warn: 'warning',
  bad: 'error',
  even: 'dash',
  plain: null,
};

/** A short verdict: sign, colour and word say the same. */
export function Badge({ tone = 'plain', children }: { readonly tone?: Tone; readonly children: ComponentChildren }) {
  const icon = icons[tone];
  return (
    <span class={`badge ${tone}`}>
      {icon && <Icon name={icon} />}
      <span>{children}</span>
    </span>
  );
}

/** Sentences that the user should know of, each with its sign. */
export function Notes({ notes, tone = 'warn' }: { readonly notes: readonly string[]; readonly tone?: Tone }) {
  const icon = icons[tone] ?? 'info';
  return notes.length === 0 ? null : (
    <ul class={`notes ${tone}`}>
      {notes.map((note) => (
        <li key={note}>
          <Icon name={icon} />
          <span>{engineText(note)}</span>
        </li>
      ))}
    </ul>
  );
}
