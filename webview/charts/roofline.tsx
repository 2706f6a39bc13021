import type { NodeId } from '../../src/core/graph/model.ts';
import { percent, significant, time } from '../../src/core/report/format.ts';
import type { Ceilings, KernelBound } from '../../src/core/report/profile-report.ts';
import { t } from '../l10n.ts';

export interface RooflinePoint {
  readonly key: string;
  readonly label: string;
  /** Floating-point operations a byte, above 0. */
  readonly intensity: number;
  readonly gflops: number;
  readonly attained: number;
  readonly bound: KernelBound;
  readonly milliseconds: number;
  readonly node?: NodeId;
}

interface RooflineChartProps {
  readonly ceilings: Ceilings;
  /** GFLOP/s of the ceilings to draw, one a type of arithmetic. */
  readonly heights: readonly number[];
  readonly points: readonly RooflinePoint[];
  readonly selected: number | null;
  readonly onSelect: (point: RooflinePoint) => void;
}

const width = 340;
const height = 200;
const left = 40;
const bottom = 24;
const margin = 12;
const radii = [2, 9] as const;

/** Kernels by what they compute a byte and a second, under the ceilings of the machine; both axes in powers of ten, area is time. */
export function RooflineChart({ ceilings, heights, points, selected, onSelect }: RooflineChartProps) {
  const { gbPerSecond } = ceilings;
  const ridges = heights.map((height) => height / gbPerSecond);
  const [xLow, xHigh] = decades([...ridges, ...points.map(({ intensity }) => intensity)]);
  const [yLow, yHigh] = decades([...heights, ...points.map((point) => point.gflops)]);
  const scale = (value: number, low: number, high: number) => (Math.log10(value) - low) / (high - low);
  const x = (value: number) => left + scale(value, xLow, xHigh) * (width - left - margin);
  const y = (value: number) => height - bottom - scale(value, yLow, yHigh) * (height - bottom - margin);
  const longest = Math.max(...points.map(({ milliseconds }) => milliseconds));
  const radius = (milliseconds: number) => radii[0] + (radii[1] - radii[0]) * Math.sqrt(milliseconds / longest);
  // Where the slope comes in: at the left edge, or at the lower one.
  const foot = Math.max(10 ** xLow, 10 ** yLow / gbPerSecond);
  const roofs = heights.map(
    (height, index) => `M${x(foot)} ${y(foot * gbPerSecond)}L${x(ridges[index]!)} ${y(height)}H${width - margin}`,
  );
  return (
    <figure class="scatter roofline">
      <figcaption>{t('GFLOP/s')}</figcaption>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        width="100%"
        role="img"
        aria-label={t('Kernels under the machine’s ceilings')}
      >
        <path class="axis" d={`M${left} ${margin}V${height - bottom}H${width - margin}`} />
        {powers(xLow, xHigh).map((tick) => (
          <text key={tick} x={x(tick)} y={height - bottom + 14} text-anchor="middle">
            {significant(tick, 1)}
          </text>
        ))}
        {powers(yLow, yHigh).map((tick) => (
          <text key={tick} x={left - 4} y={y(tick) + 4} text-anchor="end">
            {significant(tick, 1)}
          </text>
        ))}
        {roofs.map((roof) => (
          <path key={roof} class="roof" d={roof} />
        ))}
        {points
          .toSorted((a, b) => b.milliseconds - a.milliseconds)
          .map((point) => (
            // biome-ignore lint/a11y/noStaticElementInteractions: the list of kernels above offers the same by keyboard
            <circle
              key={point.key}
              class={`kernel ${point.bound}${point.node !== undefined && point.node === selected ? ' selected' : ''}`}
              cx={x(point.intensity)}
              cy={y(point.gflops)}
              r={radius(point.milliseconds)}
              onClick={() => onSelect(point)}
            >
              <title>
                {`${point.label}\n${t(
                  '{0}, {1} GFLOP/s at {2} a byte, {3} of the ceiling',
                  time(point.milliseconds),
                  significant(point.gflops),
                  significant(point.intensity),
                  percent(point.attained),
                )}`}
              </title>
            </circle>
          ))}
      </svg>
      <figcaption class="below">{t('Operations a byte')}</figcaption>
    </figure>
  );
}

/** Exponents of the powers of ten around the values. */
function decades(values: readonly number[]): readonly [number, number] {
  const exponents = values.map(Math.log10);
  const low = Math.floor(Math.min(...exponents));
  return [low, Math.max(low + 1, Math.ceil(Math.max(...exponents) + 0.05))];
}

function powers(low: number, high: number): number[] {
  return Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
}
