import type { ComponentChildren } from 'preact';
import { Icon } from './icon.tsx';

interface ButtonProps {
  readonly onClick: () => void;
  readonly children: ComponentChildren;
  readonly icon?: string;
  readonly kind?: 'primary' | 'secondary';
  readonly disabled?: boolean;
  readonly title?: string;
}

/** A button with a word on it. One primary button a view: what to do next. */
export function Button({ onClick, children, icon, kind = 'primary', disabled, title }: ButtonProps) {
  return (
    <button type="button" class={`button ${kind}`} onClick={onClick} disabled={disabled} title={title}>
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

interface IconButtonProps {
  readonly icon: string;
  /** Name for tooltip and screen reader; keys that do the same in brackets. */
  readonly label: string;
  readonly onClick: () => void;
  readonly pressed?: boolean;
  readonly disabled?: boolean;
}

/** A button that is only a sign, as in VS Code's toolbars. */
export function IconButton({ icon, label, onClick, pressed, disabled }: IconButtonProps) {
  return (
    <button
      type="button"
      class="icon-button"
      title={label}
      aria-label={label}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}

interface LinkProps {
  readonly onClick: () => void;
  readonly children: ComponentChildren;
  readonly title?: string;
}

/** Text that goes somewhere: a node, a version, a setting. */
export function Link({ onClick, children, title }: LinkProps) {
  return (
    <button type="button" class="link" onClick={onClick} title={title}>
      {children}
    </button>
  );
}
