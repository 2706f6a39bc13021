import '@vscode-elements/elements/dist/vscode-option/index.js';
import '@vscode-elements/elements/dist/vscode-single-select/index.js';
import type { VscodeSingleSelect } from '@vscode-elements/elements/dist/vscode-single-select/index.js';
import { createElement } from 'preact';

export interface Choice<T extends string> {
  readonly value: T;
  readonly label: string;
  /** Shown under the list while the choice is pointed at. */
  readonly description?: string;
  readonly disabled?: boolean;
}

interface SelectProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly choices: readonly Choice<T>[];
  readonly onChange: (value: T) => void;
  readonly disabled?: boolean;
}

/** One of a few choices, in VS Code's own dress. `label` is its name for screen readers. */
export function Select<T extends string>({ label, value, choices, onChange, disabled }: SelectProps<T>) {
  return createElement(
    'vscode-single-select',
    {
      label,
      disabled,
      // A new list of choices is a new element: the element reads its options once.
      key: choices.map((choice) => choice.value).join(),
      onChange: (event: Event) => onChange((event.currentTarget as VscodeSingleSelect).value as T),
    },
    choices.map((choice) =>
      createElement(
        'vscode-option',
        {
          key: choice.value,
          value: choice.value,
          description: choice.description ?? '',
          disabled: choice.disabled,
          selected: choice.value === value,
        },
        choice.label,
      ),
    ),
  );
}
