export interface Estimate {
  readonly label: string;
  readonly value: number;
  readonly interval95: readonly [number, number];
  readonly text: string;
  readonly tone: 'before' | 'after';
}

interface IntervalsProps {
  readonly label: string;
  readonly estimates: readonly Estimate[];
}

/** Measurements with their 95 % intervals on one scale that starts at zero, so that lengths may be compared. */
export function Intervals({ label, estimates }: IntervalsProps) {
  const largest = Math.max(
    ...estimates.map(({ interval95, value }) => Math.max(interval95[1], value)),
    Number.MIN_VALUE,
  );
  const at = (value: number) => `${(value / largest) * 98}%`;
  return (
    <figure class="intervals" aria-label={label}>
      {estimates.map(({ label: name, value, interval95: [low, high], text, tone }) => (
        <div key={name} class="estimate">
          <span class="estimate-name">{name}</span>
          <svg height="14" width="100%" aria-hidden="true">
            <rect class={`estimate-bar ${tone}`} y="3" width={at(value)} height="8" />
            <line class="whisker" x1={at(low)} x2={at(high)} y1="7" y2="7" />
            <line class="whisker" x1={at(low)} x2={at(low)} y1="2" y2="12" />
            <line class="whisker" x1={at(high)} x2={at(high)} y1="2" y2="12" />
          </svg>
          <span class="figure">{text}</span>
        </div>
      ))}
    </figure>
  );
}
