import { styleText } from 'node:util';

/** A column of a table: its heading, and on which side its cells line up. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Rows under headings, cells aligned, two spaces between columns. Without titles, the rows alone. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const titled = columns.some(({ title }) => title !== '');
  // Not `Math.max(...rows)`: from some hundred thousand rows on, they are more arguments than a call may have.
  const widths = columns.map(({ title }, index) =>
    rows.reduce((width, row) => Math.max(width, visibleLength(row[index] ?? '')), title.length),
  );
  const line = (cells: readonly string[]) =>
    columns
      .map(({ align }, index) => {
        const cell = cells[index] ?? '';
        const padding = ' '.repeat(Math.max(0, widths[index]! - visibleLength(cell)));
        if (align === 'right') return padding + cell;
        return index === columns.length - 1 ? cell : cell + padding;
      })
      .join('  ')
      .trimEnd();
  const heading = titled ? [faint(line(columns.map(({ title }) => title)))] : [];
  return [...heading, ...rows.map(line)].join('\n');
}

/** Names on the left, what they stand for on the right. */
export function pairs(entries: readonly (readonly [name: string, value: string])[]): string {
  return table(
    [{ title: '' }, { title: '' }],
    entries.map(([name, value]) => [faint(name), value]),
  );
}

/** A name too long for its column, its middle left out: ends tell names apart. */
export function shortened(text: string, length: number): string {
  if (text.length <= length) return text;
  const tail = Math.ceil((length - 1) * 0.6);
  return `${text.slice(0, length - 1 - tail)}…${text.slice(-tail)}`;
}

export const strong = (text: string): string => styled('bold', text);
export const faint = (text: string): string => styled('dim', text);
export const good = (text: string): string => styled('green', text);
export const bad = (text: string): string => styled('red', text);
export const careful = (text: string): string => styled('yellow', text);

/** Colour only when a person is looking. */
function styled(style: 'bold' | 'dim' | 'green' | 'red' | 'yellow', text: string): string {
  return process.stdout.isTTY ? styleText(style, text, { stream: process.stdout }) : text;
}

const escapeCharacter = String.fromCharCode(27);
const escapes = new RegExp(`${escapeCharacter}\\[[0-9;]*m`, 'g');

const visibleLength = (text: string): number => text.replaceAll(escapes, '').length;
