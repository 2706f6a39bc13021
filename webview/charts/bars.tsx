import type { NodeId } from '../../src/core/graph/model.ts';
import { CutText } from '../widgets/cut-text.tsx';

export interface Bar {
  readonly key: string;
  readonly label: string;
  /** A second, quieter word: the operator of a node, the number of nodes of an operator. */
  readonly detail?: string;
  readonly value: number;
  /** Half the width of the range that the value was seen in. */
  readonly spread?: number;
  /** The figure with its unit. */
  readonly text: string;
  readonly note?: string;
  /** The node to go to. */
  readonly node?: NodeId;
}

interface BarsProps {
  readonly label: string;
  readonly bars: readonly Bar[];
  readonly selected?: NodeId | null;
  readonly onSelect?: (bar: Bar) => void;
}

const height = 10;

/** Level bars with labels above and figures beside, longest first if so given. A thin line shows the spread. */
export function Bars({ label, bars, selected, onSelect }: BarsProps) {
  const largest = Math.max(...bars.map(({ value, spread = 0 }) => value + spread), Number.MIN_VALUE);
  return (
    <ol class="bars" aria-label={label}>
      {bars.map((bar) => (
        <li key={bar.key}>
          <button
            type="button"
            class="bar"
            disabled={!onSelect}
            aria-pressed={onSelect && bar.node !== undefined ? bar.node === selected : undefined}
            onClick={() => onSelect?.(bar)}
            title={bar.note}
          >
            <span class="bar-label">
              <CutText text={bar.label} />
              {bar.detail && <span class="quiet">{bar.detail}</span>}
            </span>
            <span class="bar-figure">{bar.text}</span>
            <BarShape share={bar.value / largest} spread={(bar.spread ?? 0) / largest} />
          </button>
        </li>
      ))}
    </ol>
  );
}

function BarShape({ share, spread }: { readonly share: number; readonly spread: number }) {
  const percent = (value: number) => `${Math.min(100, Math.max(0, value * 100))}%`;
  const middle = height / 2;
  return (
    <svg class="bar-shape" height={height} width="100%" aria-hidden="true">
      <rect class="bar-track" width="100%" height={height} />
      <rect class="bar-fill" width={percent(share)} height={height} />
      {spread > 0 && (
        <line class="bar-spread" x1={percent(share - spread)} x2={percent(share + spread)} y1={middle} y2={middle} />
      )}
    </svg>
  );
}

export interface Part {
  readonly label: string;
  readonly value: number;
  readonly text: string;
  /** Which of the chart colours; the same label keeps the same one. */
  readonly tone: 'main' | 'second' | 'rest';
}

/** One whole and its parts: a bar cut in pieces, and a line for each piece below. */
export function Stack({ label, parts }: { readonly label: string; readonly parts: readonly Part[] }) {
  const whole = parts.reduce((sum, { value }) => sum + Math.max(0, value), 0) || 1;
  let x = 0;
  return (
    <figure class="stack" aria-label={label}>
      <svg height="12" width="100%" aria-hidden="true">
        {parts.map(({ label: name, value, tone }) => {
          const share = (Math.max(0, value) / whole) * 100;
          const at = x;
          x += share;
          return <rect key={name} class={`part ${tone}`} x={`${at}%`} width={`${share}%`} height="12" />;
        })}
      </svg>
      <ul>
        {parts.map(({ label: name, text, tone }) => (
          <li key={name}>
            <span class={`swatch ${tone}`} aria-hidden="true" />
            <span>{name}</span>
            <span class="figure">{text}</span>
          </li>
        ))}
      </ul>
    </figure>
  );
}
