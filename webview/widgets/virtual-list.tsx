import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

interface VirtualListProps {
  readonly label: string;
  readonly count: number;
  /** What stands in a row; called only for rows in the window and a few beyond. */
  readonly row: (index: number) => ComponentChildren;
}

/** As of tables, and how many rows are shown without scrolling. */
const rowHeight = 22;
const shownRows = 10;
const overscan = 4;

/** Browsers draw no element that is taller than some 30 million pixels. */
export const mostRows = 1_000_000;

/** A long list that draws only the rows in its window: up to `mostRows`. */
export function VirtualList({ label, count: wanted, row }: VirtualListProps) {
  const count = Math.min(wanted, mostRows);
  const [top, setTop] = useState(0);
  const first = Math.max(0, Math.floor(top / rowHeight) - overscan);
  const end = Math.min(count, first + shownRows + 2 * overscan);
  return (
    <section
      class="virtual-list"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by key
      tabIndex={0}
      aria-label={label}
      style={{ height: `${Math.min(count, shownRows) * rowHeight}px` }}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      <ul style={{ height: `${count * rowHeight}px` }}>
        {Array.from({ length: end - first }, (_, index) => (
          <li
            key={first + index}
            aria-posinset={first + index + 1}
            aria-setsize={count}
            style={{ top: `${(first + index) * rowHeight}px` }}
          >
            {row(first + index)}
          </li>
        ))}
      </ul>
    </section>
  );
}
