import type { ComponentChildren } from 'preact';
import { Icon } from './icon.tsx';

interface EmptyProps {
  readonly title: string;
  /** What to do next. */
  readonly children?: ComponentChildren;
  /** The button to do it with. */
  readonly action?: ComponentChildren;
  readonly icon?: string;
}

/** What stands where there is nothing to show yet: why, what to do, and the button for it. */
export function Empty({ title, children, action, icon }: EmptyProps) {
  return (
    <div class="empty">
      {icon && <Icon name={icon} />}
      <p class="empty-title">{title}</p>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}
