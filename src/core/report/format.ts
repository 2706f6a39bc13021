/**
 * How numbers look: three significant digits, a unit beside every figure, an interval beside every measurement.
 * Thin spaces are ordinary non-breaking ones, so that text can be searched and copied.
 */

const space = '\u00a0';

/** Three significant digits without a unit: `1.82`, `12.4`, `402`, `1,820`; `–` when there is no number. */
export function significant(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  if (magnitude >= 1e6 || magnitude < 1e-4) return exponential(value, digits);
  const rounded = Number(magnitude.toPrecision(digits));
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(rounded)));
  const text = rounded.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  return (value < 0 ? '−' : '') + text;
}

function exponential(value: number, digits: number): string {
  const [mantissa, exponent] = value.toExponential(digits - 1).split('e') as [string, string];
  return `${mantissa.replace('-', '−')}e${exponent.replace('+', '').replace('-', '−')}`;
}

/** A whole number with thousands separated: `1,262`. */
export function count(value: number | null | undefined): string {
  return value === null || value === undefined || Number.isNaN(value) ? '–' : value.toLocaleString('en-US');
}

/** `1 node`, `402 nodes`. */
export function counted(value: number, singular: string, plural = `${singular}s`): string {
  return `${count(value)}${space}${value === 1 ? singular : plural}`;
}

export interface Unit {
  readonly name: string;
  /** How many of the base unit one of these is. */
  readonly size: number;
}

const units: Readonly<Record<string, readonly Unit[]>> = {
  ms: [
    { name: 's', size: 1000 },
    { name: 'ms', size: 1 },
    { name: 'µs', size: 0.001 },
  ],
  B: [
    { name: 'GB', size: 1e9 },
    { name: 'MB', size: 1e6 },
    { name: 'KB', size: 1e3 },
    { name: 'B', size: 1 },
  ],
  '': [
    { name: 'T', size: 1e12 },
    { name: 'G', size: 1e9 },
    { name: 'M', size: 1e6 },
    { name: 'K', size: 1e3 },
    { name: '', size: 1 },
  ],
};

/** Base units under the names that overlays give them. */
const baseOf: Readonly<Record<string, string>> = { bytes: 'B', MAC: '', MACs: '', parameters: '', elements: '' };

/** The unit in which a figure of this size reads best; `unit` itself when it has no multiples. */
export function unitFor(value: number, unit: string): Unit {
  const scale = units[baseOf[unit] ?? unit];
  if (!scale) return { name: unit, size: 1 };
  const magnitude = Math.abs(value);
  // 999.6 B is shown as 1.00 KB, not as 1,000 B.
  const chosen = scale.find((each) => magnitude >= each.size * 0.9995) ?? scale.at(-1)!;
  return magnitude === 0 ? (scale.find((each) => each.size === 1) ?? chosen) : chosen;
}

/** A figure with its unit: `1.82 ms`, `34.1 MB`, `4.09 G`. */
export function withUnit(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  const { name, size } = unitFor(value, unit);
  const whole = size === 1 && Number.isInteger(value) && Math.abs(value) < 1e6;
  const text = whole ? count(value) : significant(value / size);
  return name === '' ? text : `${text}${space}${name}`;
}

/** `1.82 ms`, `340 µs`, `2.10 s`, from milliseconds. */
export const time = (milliseconds: number | null | undefined): string => withUnit(milliseconds, 'ms');

/** `34.1 MB`, decimal as disks and file managers count. */
export const bytes = (value: number | null | undefined): string => withUnit(value, 'B');

/** `4.09 G`, for things counted in large numbers: parameters, multiply-accumulates. */
export const large = (value: number | null | undefined): string => withUnit(value, '');

/** A share of 1 as `12.4 %`. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined || Number.isNaN(share)) return '–';
  const value = share * 100;
  if (value !== 0 && Math.abs(value) < 0.05) return `${value < 0 ? '>−' : '<'}0.1${space}%`;
  return `${value < 0 ? '−' : ''}${Math.abs(value).toFixed(1)}${space}%`;
}

/** The change from one figure to another: `−24.5 %`, `+3.0 %`, `same`. */
export function change(before: number, after: number): string {
  if (before === after) return 'same';
  if (before === 0) return `+${count(after)}`;
  const value = ((after - before) / before) * 100;
  const digits = Math.abs(value) < 10 ? 1 : 0;
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}${space}%`;
}

/** An interval in one unit: `1.80–1.85 ms`. Digits enough to tell its ends apart, at most five. */
export function interval(range: readonly [number, number], unit: string): string {
  const [low, high] = range;
  const { name, size } = unitFor(Math.max(Math.abs(low), Math.abs(high)), unit);
  let digits = 3;
  while (digits < 5 && low !== high && significant(low / size, digits) === significant(high / size, digits)) digits++;
  const text = `${significant(low / size, digits)}–${significant(high / size, digits)}`;
  return name === '' ? text : `${text}${space}${name}`;
}

/** A tensor's shape: `1×64×56×56`, `batch×seq`, `scalar`, `?` when the rank is not known. */
export function shape(dims: readonly (number | string)[] | null): string {
  if (dims === null) return '?';
  return dims.length === 0 ? 'scalar' : dims.map((dim) => (dim === '' ? '?' : dim)).join('×');
}

/** Decibels: `62.1 dB`; null stands for infinity, since nothing differs. */
export function decibels(value: number | null): string {
  return value === null || value === Number.POSITIVE_INFINITY ? '∞' : `${value.toFixed(1).replace('-', '−')}${space}dB`;
}

/**
 * Cells of one column: three significant digits, at most `decimals` of them behind the point, padded so that the points
 * stand under each other in a fixed-width font.
 */
export function aligned(value: number, decimals: number): string {
  if (Number.isNaN(value)) return '';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const smallest = 10 ** -decimals;
  if (value !== 0 && Math.abs(value) < smallest / 2) return `<${smallest.toFixed(decimals)}`;
  const magnitude = Math.abs(value);
  const wanted = magnitude === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(magnitude)));
  const shown = Math.min(decimals, wanted);
  const text = value.toLocaleString('en-US', { minimumFractionDigits: shown, maximumFractionDigits: shown });
  const missing = decimals - shown + (shown === 0 && decimals > 0 ? 1 : 0);
  return text.replace('-', '−') + space.repeat(missing);
}

/** Decimals that a column needs whose largest figure is `largest`: three digits for figures a thousandth of it, at most three decimals. */
export function columnDecimals(largest: number): number {
  if (!(largest > 0) || largest >= 1e5) return 0;
  return Math.min(3, Math.max(0, 4 - Math.floor(Math.log10(largest))));
}

/** `2026-11-23 09:41` from an ISO date, in local time. */
export function dateTime(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Whole numbers from 0 on with commas between, as people type them; undefined for anything else. */
export function parseNumbers(text: string): readonly number[] | undefined {
  const parts = text.split(',').map((part) => part.trim());
  return parts.every((part) => /^\d{1,9}$/.test(part)) ? [...new Set(parts.map(Number))] : undefined;
}
