import { count, significant } from '../../src/core/report/format.ts';
import { t } from '../l10n.ts';

interface HistogramProps {
  readonly label: string;
  /** One more than there are counts. */
  readonly edges: ArrayLike<number>;
  readonly counts: ArrayLike<number>;
}

const width = 320;
const height = 64;

/** How values are spread, from the least to the greatest, with a line at zero when it lies between. */
export function Histogram({ label, edges, counts }: HistogramProps) {
  const bins = counts.length;
  const [low, high] = [edges[0] ?? 0, edges[bins] ?? 0];
  const largest = Math.max(...Array.from(counts), 1);
  const step = width / Math.max(1, bins);
  const zero = low < 0 && high > 0 ? (-low / (high - low)) * width : null;
  return (
    <figure class="histogram">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        width="100%"
        height={height}
        preserveAspectRatio="none"
        role="img"
        aria-label={label}
      >
        {Array.from({ length: bins }, (_, bin) => {
          const tall = (counts[bin]! / largest) * height;
          return (
            <rect
              key={bin}
              class="bin"
              x={bin * step}
              y={height - tall}
              width={Math.max(0.5, step - 0.5)}
              height={tall}
            >
              <title>
                {t('{0} to {1}: {2}', significant(edges[bin]!), significant(edges[bin + 1]!), count(counts[bin]!))}
              </title>
            </rect>
          );
        })}
        {zero !== null && <line class="zero" x1={zero} x2={zero} y1="0" y2={height} />}
      </svg>
      <figcaption>
        <span>{significant(low)}</span>
        {zero !== null && (
          <span class="zero-label" style={{ left: `${(zero / width) * 100}%` }}>
            0
          </span>
        )}
        <span>{significant(high)}</span>
      </figcaption>
    </figure>
  );
}
