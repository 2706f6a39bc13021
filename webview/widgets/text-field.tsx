import '@vscode-elements/elements/dist/vscode-textfield/index.js';
import type { VscodeTextfield } from '@vscode-elements/elements/dist/vscode-textfield/index.js';
import { createElement } from 'preact';

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly placeholder?: string;
  readonly disabled?: boolean;
}

/** A line of text; told of when the user leaves it or presses Enter. */
export function TextField({ label, value, onChange, placeholder, disabled }: TextFieldProps) {
  return createElement('vscode-textfield', {
    label,
    value,
    placeholder,
    disabled,
    onChange: (event: Event) => onChange((event.currentTarget as VscodeTextfield).value),
  });
}

interface NumberFieldProps {
  readonly label: string;
  readonly value: number;
  readonly onChange: (value: number) => void;
  readonly min: number;
  readonly max: number;
}

/** A whole number between `min` and `max`; anything else goes back to what it was. */
export function NumberField({ label, value, onChange, min, max }: NumberFieldProps) {
  const take = (event: Event) => {
    const field = event.currentTarget as VscodeTextfield;
    const typed = Number(field.value);
    if (field.value.trim() !== '' && Number.isInteger(typed) && typed >= min && typed <= max) onChange(typed);
    else field.value = String(value);
  };
  return createElement('vscode-textfield', {
    label,
    type: 'number',
    value: String(value),
    min,
    max,
    step: 1,
    class: 'number-field',
    onChange: take,
  });
}
