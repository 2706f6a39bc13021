import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { CutText } from './cut-text.tsx';
import { Icon } from './icon.tsx';

/** A column of a table. Rows are numbers; the column knows what stands in them. */
export interface Column {
  readonly id: string;
  readonly title: string;
  /** Shown behind the title, so that the cells need none. */
  readonly unit?: string;
  readonly align: 'left' | 'right';
  /** Least width in pixels; room left over is shared in proportion. */
  readonly width: number;
  /** Long text loses its middle instead of its end. */
  readonly cut?: boolean;
  /** What the row is sorted by and written to CSV as. NaN and empty text sort last. */
  value(row: number): string | number;
  /** What is shown. */
  text(row: number): string;
}

export interface Sorting {
  readonly column: string;
  readonly descending: boolean;
}

interface DataTableProps {
  readonly label: string;
  readonly columns: readonly Column[];
  /** The rows to show, in their natural order. */
  readonly rows: ArrayLike<number>;
  readonly sorting: Sorting | null;
  readonly onSort: (sorting: Sorting | null) => void;
  readonly selectedRow: number | null;
  readonly onSelect: (row: number) => void;
  /** Enter or a double click on a row. */
  readonly onOpen: (row: number) => void;
}

/** VS Code's list rows are 22 pixels high. */
const rowHeight = 22;
/** Rows drawn beyond each edge, so that scrolling shows no gap. */
const overscan = 8;

/** The rows sorted by a column; rows with nothing in it come last either way. Equal rows keep their order. */
export function sortRows(rows: ArrayLike<number>, columns: readonly Column[], sorting: Sorting | null): number[] {
  const list = Array.from(rows);
  const column = sorting && columns.find(({ id }) => id === sorting.column);
  if (!column) return list;
  const keys = new Map(list.map((row) => [row, column.value(row)]));
  const missing = (key: string | number) => key === '' || Number.isNaN(key);
  const sign = sorting.descending ? -1 : 1;
  return list.sort((one, other) => {
    const [a, b] = [keys.get(one)!, keys.get(other)!];
    if (missing(a) || missing(b)) return Number(missing(a)) - Number(missing(b));
    return sign * (typeof a === 'string' ? collator.compare(a, String(b)) : a - Number(b));
  });
}

const collator = new Intl.Collator('en', { numeric: true });

/** The table as CSV (RFC 4180), units in the head. */
export function tableCsv(columns: readonly Column[], rows: readonly number[]): string {
  const quote = (cell: string) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const line = (cells: readonly string[]) => cells.map(quote).join(',');
  const cell = (value: string | number) => (typeof value === 'number' && Number.isNaN(value) ? '' : String(value));
  return [
    line(columns.map(({ title, unit }) => (unit ? `${title} (${unit})` : title))),
    ...rows.map((row) => line(columns.map((column) => cell(column.value(row))))),
  ].join('\r\n');
}

/** A table that draws only the rows in its window. One row is selected; the arrow keys move it. */
export function DataTable({ label, columns, rows, sorting, onSort, selectedRow, onSelect, onOpen }: DataTableProps) {
  const viewport = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(0);
  const sorted = useMemo(() => sortRows(rows, columns, sorting), [rows, columns, sorting]);
  const selectedIndex = useMemo(() => (selectedRow === null ? -1 : sorted.indexOf(selectedRow)), [sorted, selectedRow]);

  useLayoutEffect(() => {
    const element = viewport.current!;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // Whoever sorts wants to see what comes first: the selection is followed again once it is another.
  const sortedBy = useRef({ sorting, selectedRow });
  const showsFirst = useRef(false);
  useLayoutEffect(() => {
    const before = sortedBy.current;
    if (before.sorting !== sorting) {
      showsFirst.current = true;
      viewport.current!.scrollTop = 0;
    } else if (before.selectedRow !== selectedRow) showsFirst.current = false;
    sortedBy.current = { sorting, selectedRow };
  }, [sorting, selectedRow]);

  // The head sticks to the top of the viewport and covers one row of it.
  useLayoutEffect(() => {
    const element = viewport.current!;
    if (selectedIndex < 0 || showsFirst.current) return;
    const y = selectedIndex * rowHeight;
    if (y < element.scrollTop) element.scrollTop = y;
    else if (y + 2 * rowHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = y + 2 * rowHeight - element.clientHeight;
  }, [selectedIndex]);

  const press = (event: KeyboardEvent) => {
    // The titles of the head take Enter themselves.
    if (event.key === 'Enter' && event.target === event.currentTarget && selectedRow !== null)
      return onOpen(selectedRow);
    const page = Math.max(1, Math.floor(height / rowHeight) - 2);
    const moves: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page };
    const last = sorted.length - 1;
    const target =
      event.key === 'Home' ? 0 : event.key === 'End' ? last : selectedIndex + (moves[event.key] ?? Number.NaN);
    if (Number.isNaN(target) || last < 0) return;
    event.preventDefault();
    onSelect(sorted[Math.min(last, Math.max(0, target))]!);
  };

  const first = Math.max(0, Math.floor(top / rowHeight) - overscan);
  const end = Math.min(sorted.length, Math.ceil((top + height) / rowHeight) + overscan);
  const active = selectedIndex >= first && selectedIndex < end ? `row-${selectedRow}` : undefined;
  return (
    <div ref={viewport} class="data-table" onScroll={(event) => setTop(event.currentTarget.scrollTop)}>
      <table
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: ARIA's grid is a table that takes the keys
        role="grid"
        tabIndex={0}
        aria-label={label}
        aria-rowcount={sorted.length + 1}
        aria-activedescendant={active}
        style={{ minWidth: `${minimumWidth(columns)}px` }}
        onKeyDown={press}
      >
        <colgroup>
          {columns.map(({ id, width }) => (
            <col key={id} style={{ width: `${(width / minimumWidth(columns)) * 100}%` }} />
          ))}
        </colgroup>
        <Head columns={columns} sorting={sorting} onSort={onSort} />
        <tbody>
          <Gap rows={first} />
          {sorted.slice(first, end).map((row, index) => (
            <tr
              key={row}
              id={`row-${row}`}
              class="data-row"
              aria-rowindex={first + index + 2}
              aria-selected={row === selectedRow}
              onClick={() => onSelect(row)}
              // A double click opens; it is not meant to select a word.
              onMouseDown={(event) => event.detail > 1 && event.preventDefault()}
              onDblClick={() => onOpen(row)}
            >
              {columns.map((column) => (
                <td key={column.id} class={column.align} title={column.text(row)}>
                  {column.cut ? <CutText text={column.text(row)} /> : column.text(row)}
                </td>
              ))}
            </tr>
          ))}
          <Gap rows={sorted.length - end} />
        </tbody>
      </table>
    </div>
  );
}

/** Room of the rows that are not drawn. */
function Gap({ rows }: { readonly rows: number }) {
  return rows > 0 ? <tr style={{ height: `${rows * rowHeight}px` }} /> : null;
}

function minimumWidth(columns: readonly Column[]): number {
  return columns.reduce((sum, { width }) => sum + width, 0);
}

/** Titles that sort: numbers from the largest at the first press, text from A, at the third press as before. */
function Head({ columns, sorting, onSort }: Pick<DataTableProps, 'columns' | 'sorting' | 'onSort'>) {
  const sort = (column: Column) => {
    const firstDescending = column.align === 'right';
    if (sorting?.column !== column.id) onSort({ column: column.id, descending: firstDescending });
    else if (sorting.descending === firstDescending) onSort({ column: column.id, descending: !firstDescending });
    else onSort(null);
  };
  return (
    <thead>
      <tr>
        {columns.map((column) => {
          const direction = sorting?.column === column.id && (sorting.descending ? 'descending' : 'ascending');
          return (
            <th key={column.id} scope="col" class={column.align} aria-sort={direction || 'none'}>
              <button type="button" title={column.title} onClick={() => sort(column)}>
                <span class="head-title">{column.title}</span>
                {column.unit && <span class="unit">{column.unit}</span>}
                {direction && <Icon name={direction === 'descending' ? 'arrow-down' : 'arrow-up'} />}
              </button>
            </th>
          );
        })}
      </tr>
    </thead>
  );
}
