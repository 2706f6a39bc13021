import '@vscode-elements/elements/dist/vscode-checkbox/index.js';
import type { VscodeCheckbox } from '@vscode-elements/elements/dist/vscode-checkbox/index.js';
import { createElement } from 'preact';

interface CheckboxProps {
  readonly label: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly disabled?: boolean;
}

/** Yes or no, with its label. */
export function Checkbox({ label, checked, onChange, disabled }: CheckboxProps) {
  return createElement('vscode-checkbox', {
    label,
    checked,
    disabled,
    onChange: (event: Event) => onChange((event.currentTarget as VscodeCheckbox).checked),
  });
}
