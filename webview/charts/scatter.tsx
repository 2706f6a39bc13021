import { significant } from '../../src/core/report/format.ts';

export interface ScatterPoint {
  readonly label: string;
  readonly x: number;
  /** 95 % interval of `x`. */
  readonly interval95?: readonly [number, number];
  readonly y: number;
  readonly chosen: boolean;
  /** No other point is better in both directions. */
  readonly front?: boolean;
  /** What choosing the point does. */
  readonly onOpen?: (() => void) | undefined;
}

interface ScatterProps {
  readonly label: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly points: readonly ScatterPoint[];
}

const width = 340;
const height = 180;
const left = 40;
const bottom = 24;
const margin = 12;
const radius = 4;

/**
 * Points with the intervals of their level figure. A line stands at 1, where nothing is gained; another joins the points
 * of the front.
 */
export function Scatter({ label, xTitle, yTitle, points }: ScatterProps) {
  const [xLow, xHigh] = padded([1, ...points.flatMap(({ x, interval95 }) => interval95 ?? [x])]);
  const [yLow, yHigh] = padded(points.map(({ y }) => y));
  const x = (value: number) => left + ((value - xLow) / (xHigh - xLow)) * (width - left - margin);
  const y = (value: number) => height - bottom - ((value - yLow) / (yHigh - yLow)) * (height - bottom - margin);
  const inFront = points.filter(({ front }) => front).toSorted((a, b) => a.x - b.x);
  return (
    <figure class="scatter">
      <figcaption>{yTitle}</figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} width="100%" role="img" aria-label={label}>
        <path class="axis" d={`M${left} ${margin}V${height - bottom}H${width - margin}`} />
        <line class="zero" x1={x(1)} x2={x(1)} y1={margin} y2={height - bottom} />
        {ticks(xLow, xHigh).map((tick) => (
          <text key={tick} x={x(tick)} y={height - bottom + 14} text-anchor="middle">
            {significant(tick, 2)}
          </text>
        ))}
        {ticks(yLow, yHigh).map((tick) => (
          <text key={tick} x={left - 4} y={y(tick) + 4} text-anchor="end">
            {significant(tick)}
          </text>
        ))}
        {inFront.length > 1 && (
          <polyline class="front" points={inFront.map((point) => `${x(point.x)},${y(point.y)}`).join(' ')} />
        )}
        {points.map((point) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: the table beside the chart has a button for each point, for keys and readers.
          <g key={point.label} class={pointClass(point)} onClick={point.onOpen}>
            <title>{`${point.label}: ${significant(point.x)}, ${significant(point.y)}`}</title>
            {point.interval95 && (
              <line x1={x(point.interval95[0])} x2={x(point.interval95[1])} y1={y(point.y)} y2={y(point.y)} />
            )}
            <circle cx={x(point.x)} cy={y(point.y)} r={radius} />
          </g>
        ))}
      </svg>
      <figcaption class="below">{xTitle}</figcaption>
    </figure>
  );
}

function pointClass({ chosen, front, onOpen }: ScatterPoint): string {
  return ['point', chosen && 'chosen', front && 'in-front', onOpen && 'opens'].filter(Boolean).join(' ');
}

/** The range of the values with a little room around; never empty. */
function padded(values: readonly number[]): readonly [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low) * 0.08 || Math.abs(high) * 0.05 || 1;
  return [low - room, high + room];
}

/** Round figures inside a range, four or five of them: steps of 1, 2 or 5 times a power of ten. */
export function ticks(low: number, high: number): number[] {
  const raw = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10);
  const found: number[] = [];
  for (let tick = Math.ceil(low / step); tick * step <= high; tick++) found.push(Number((tick * step).toPrecision(12)));
  return found;
}
