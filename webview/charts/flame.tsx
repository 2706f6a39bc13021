import { useSignal } from '@preact/signals';
import type { TimelineBar } from '../../src/core/profile/timeline.ts';
import { time } from '../../src/core/report/format.ts';

interface FlameProps {
  readonly label: string;
  readonly bars: readonly TimelineBar[];
  /** Milliseconds of the whole. */
  readonly duration: number;
  readonly titleOf: (bar: TimelineBar) => string;
  readonly isSelected: (bar: TimelineBar) => boolean;
  readonly onSelect: (bar: TimelineBar) => void;
}

const width = 368;
const rowHeight = 16;
/** Bars narrower than this are not to be seen. */
const leastWidth = 0.3;
/** About as wide is a letter. */
const letter = 6.2;
const closest = 0.002;

/** Bars over time, one row a scope. The wheel looks closer at where the pointer is; a double click shows all again. */
export function Flame({ label, bars, duration, titleOf, isSelected, onSelect }: FlameProps) {
  const range = useSignal<readonly [number, number]>([0, duration]);
  const [from, to] = range.value;
  const x = (at: number) => ((at - from) / (to - from)) * width;
  const zoom = (event: WheelEvent) => {
    event.preventDefault();
    const { left, width: shown } = (event.currentTarget as Element).getBoundingClientRect();
    const at = from + ((event.clientX - left) / shown) * (to - from);
    const factor = event.deltaY > 0 ? 1.25 : 0.8;
    const span = Math.min(duration, Math.max(duration * closest, (to - from) * factor));
    const start = Math.min(duration - span, Math.max(0, at - ((at - from) / (to - from)) * span));
    range.value = [start, start + span];
  };
  const rows = bars.reduce((most, { row }) => Math.max(most, row + 1), 0);
  return (
    <figure class="flame">
      <svg
        viewBox={`0 0 ${width} ${rows * rowHeight}`}
        width="100%"
        role="img"
        aria-label={label}
        onWheel={zoom}
        onDblClick={() => {
          range.value = [0, duration];
        }}
      >
        {bars.map((bar, index) => {
          const left = Math.max(0, x(bar.start));
          const wide = Math.min(width, x(bar.start + bar.duration)) - left;
          if (wide < leastWidth) return null;
          const y = bar.row * rowHeight;
          const kind = bar.kernel < 0 ? 'scope' : 'kernel';
          const room = Math.floor((wide - 4) / letter);
          return (
            // biome-ignore lint/a11y/noStaticElementInteractions: the list of nodes above offers the same by keyboard
            <g key={index} class={isSelected(bar) ? `${kind} selected` : kind} onClick={() => onSelect(bar)}>
              <title>{titleOf(bar)}</title>
              <rect x={left} y={y + 0.5} width={wide} height={rowHeight - 1} />
              {room > 2 && (
                <text x={left + 3} y={y + 12}>
                  {bar.label.length > room ? `${bar.label.slice(0, room - 1)}…` : bar.label}
                </text>
              )}
            </g>
          );
        })}
      </svg>
      <figcaption>
        <span>{time(from)}</span>
        <span>{time(to)}</span>
      </figcaption>
    </figure>
  );
}
