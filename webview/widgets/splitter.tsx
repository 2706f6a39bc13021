import type { Signal } from '@preact/signals';

interface SplitterProps {
  readonly label: string;
  /** Pixels that the part behind the splitter takes. */
  readonly size: Signal<number>;
  readonly min: number;
  readonly max: number;
  /** The side on which that part lies: `right` of a vertical line, or `bottom` of a level one. */
  readonly side: 'right' | 'bottom';
}

const step = 16;

/** A line between two parts that can be dragged, or moved with the arrow keys. */
export function Splitter({ label, size, min, max, side }: SplitterProps) {
  const vertical = side === 'right';
  const set = (value: number) => {
    size.value = Math.round(Math.min(max, Math.max(min, value)));
  };
  const drag = (event: PointerEvent) => {
    const handle = event.currentTarget as HTMLElement;
    handle.setPointerCapture(event.pointerId);
    const place = (at: PointerEvent) => (vertical ? at.clientX : at.clientY);
    const from = place(event) + size.value;
    const move = (at: PointerEvent) => set(from - place(at));
    handle.addEventListener('pointermove', move);
    handle.addEventListener('lostpointercapture', () => handle.removeEventListener('pointermove', move), {
      once: true,
    });
  };
  const press = (event: KeyboardEvent) => {
    const grow = vertical ? 'ArrowLeft' : 'ArrowUp';
    const shrink = vertical ? 'ArrowRight' : 'ArrowDown';
    if (event.key !== grow && event.key !== shrink) return;
    event.preventDefault();
    set(size.value + (event.key === grow ? step : -step));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: hr cannot be moved; a focusable separator is ARIA's window splitter
    <div
      class={`splitter ${side}`}
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation={vertical ? 'vertical' : 'horizontal'}
      aria-valuenow={size.value}
      aria-valuemin={min}
      aria-valuemax={max}
      onPointerDown={drag}
      onKeyDown={press}
    />
  );
}
