import { time } from '../../src/core/report/format.ts';
import { t } from '../l10n.ts';

interface SamplesProps {
  /** Milliseconds of every run, in the order they were made. */
  readonly samples: readonly number[];
  readonly median: number;
}

const width = 320;
const height = 48;
const radius = 1.5;
/** More dots than this cannot be told apart. */
const mostDots = 400;

/** Every run as a dot over time: drift, two modes and outliers show at a glance. The scale starts at zero. */
export function Samples({ samples, median }: SamplesProps) {
  const largest = Math.max(...samples);
  const y = (value: number) => height - radius - (value / largest) * (height - 2 * radius);
  const every = Math.ceil(samples.length / mostDots);
  return (
    <figure class="samples">
      <svg viewBox={`0 0 ${width} ${height}`} width="100%" role="img" aria-label={t('Runs in order')}>
        <line class="median" x1="0" x2={width} y1={y(median)} y2={y(median)} />
        {samples.map((sample, index) =>
          index % every === 0 ? (
            <circle key={index} cx={((index + 0.5) / samples.length) * width} cy={y(sample)} r={radius}>
              <title>{t('Run {0}: {1}', index + 1, time(sample))}</title>
            </circle>
          ) : null,
        )}
      </svg>
      <figcaption>
        <span>{t('Runs in order')}</span>
        <span>{t('{0} to {1}', 0, time(largest))}</span>
      </figcaption>
    </figure>
  );
}
