import type { ComponentChildren } from 'preact';

interface FieldProps {
  readonly label: string;
  readonly children: ComponentChildren;
  /** What the setting does, in a few words. */
  readonly hint?: string;
}

/** A labelled control of a form. The control names itself to screen readers. */
export function Field({ label, hint, children }: FieldProps) {
  return (
    <div class="field">
      <span class="field-label">{label}</span>
      <div class="field-control">
        {children}
        {hint && <span class="hint">{hint}</span>}
      </div>
    </div>
  );
}
