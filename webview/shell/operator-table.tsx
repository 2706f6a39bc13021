import { useMemo } from 'preact/hooks';
import type { NodeId } from '../../src/core/graph/model.ts';
import type { Overlay } from '../../src/core/overlay.ts';
import { aligned, columnDecimals, count, shape, unitFor } from '../../src/core/report/format.ts';
import type { NodeTable } from '../../src/protocol/worker.ts';
import { plural, t } from '../l10n.ts';
import type { State } from '../state.ts';
import { IconButton } from '../widgets/button.tsx';
import { type Column, DataTable, sortRows, tableCsv } from '../widgets/data-table.tsx';
import { Icon } from '../widgets/icon.tsx';
import { Splitter } from '../widgets/splitter.tsx';

/** The graph as a table: one row a node, one column an overlay; one selection with the graph. */
export function OperatorTable({ state }: { readonly state: State }) {
  const table = state.table.value.value;
  const overlays = state.columns.value.value;
  const hits = state.finder.hits.value;
  const columns = useMemo(() => (table ? tableColumns(table, overlays ?? []) : []), [table, overlays]);
  const { onlyHits } = state;
  const filtered = onlyHits.value && state.finder.list.value !== null;
  const rows = useMemo(() => (table ? shownRows(table, filtered ? hits : null) : []), [table, filtered, hits]);
  const shown = state.tableShown.value;
  const selectedRow = table && state.selected.value !== null ? table.id.indexOf(state.selected.value) : -1;
  return (
    <section
      class={`operator-table${shown ? '' : ' folded'}`}
      style={{ '--table-height': `${state.tableHeight.value}px` }}
      aria-label={t('Operators')}
    >
      {shown && (
        <Splitter label={t('Height of the operator table')} size={state.tableHeight} min={96} max={800} side="bottom" />
      )}
      <header class="table-bar">
        <button
          type="button"
          class="fold-button"
          aria-expanded={shown}
          onClick={() => {
            state.tableShown.value = !shown;
          }}
        >
          <Icon name={shown ? 'chevron-down' : 'chevron-right'} />
          {t('Operators')}
        </button>
        <span class="quiet">
          {table &&
            (rows.length === table.id.length
              ? plural(rows.length, '{0} node', '{0} nodes')
              : t('{0} of {1} nodes found', count(rows.length), count(table.id.length)))}
        </span>
        <span class="spacer" />
        {shown && (
          <>
            <IconButton
              icon="filter"
              label={t('Only what the search found (H)')}
              pressed={onlyHits.value}
              onClick={() => {
                onlyHits.value = !onlyHits.value;
              }}
            />
            <IconButton icon="copy" label={t('Copy as CSV (Y)')} onClick={() => void copyTable(state)} />
            <IconButton
              icon="save"
              label={t('Save as CSV…')}
              onClick={() =>
                void state.host.saveFile({ name: `${state.document.value!.name}.csv`, content: csvOf(state) })
              }
            />
          </>
        )}
      </header>
      {shown && table && (
        <DataTable
          label={t('Operators')}
          columns={columns}
          rows={rows}
          sorting={state.tableSorting.value}
          onSort={(next) => {
            state.tableSorting.value = next;
          }}
          selectedRow={selectedRow < 0 ? null : selectedRow}
          onSelect={(row) => state.show(table.id[row] as NodeId)}
          onOpen={(row) => void state.reveal(table.id[row] as NodeId)}
        />
      )}
    </section>
  );
}

function shownRows({ id }: NodeTable, hits: ReadonlySet<NodeId> | null): number[] {
  const all = Array.from(id.keys());
  return hits ? all.filter((row) => hits.has(id[row] as NodeId)) : all;
}

/** The table as CSV, filtered and sorted as it is on view. */
function csvOf({ table, columns, finder, onlyHits, tableSorting }: State): string {
  const nodes = table.value.value;
  if (!nodes) return '';
  const shown = tableColumns(nodes, columns.value.value ?? []);
  const rows = shownRows(nodes, onlyHits.value && finder.list.value ? finder.hits.value : null);
  return tableCsv(shown, sortRows(rows, shown, tableSorting.value));
}

/** Puts the table on the clipboard as CSV. */
export function copyTable(state: State): Promise<void> {
  return state.host.copy({ text: csvOf(state) });
}

/** Columns of the node table, then one for each overlay. */
export function tableColumns(table: NodeTable, overlays: readonly Overlay[]): Column[] {
  const text = (id: string, title: string, width: number, of: (row: number) => string): Column => ({
    id,
    title,
    width,
    align: 'left',
    value: of,
    text: of,
  });
  return [
    { ...text('name', t('Node'), 264, (row) => nodeName(table, row)), cut: true },
    text('operator', t('Operator'), 152, (row) => table.opType[row]!),
    {
      ...text('output', t('Output'), 176, (row) => table.outputType[row]!),
      text: (row) => shortType(table.outputType[row]!),
    },
    ...overlays.map((overlay) => overlayColumn(table, overlay)),
  ];
}

/** A type as the graph and the panels write it: `float32 1×16×120×160` for `float32 [1, 16, 120, 160]`. */
export function shortType(type: string): string {
  const [, element, dims] = /^(.*?)\[(.*)\]$/.exec(type) ?? [];
  return dims === undefined ? type : `${element}${shape(dims === '' ? [] : dims.split(', '))}`;
}

/** A name to show: scope and name, or the operator and id where the file gives none. */
export function nodeName(table: NodeTable, row: number): string {
  const name = table.name[row] || `${table.opType[row]} #${table.id[row]}`;
  return table.scope[row] ? `${table.scope[row]} / ${name}` : name;
}

function overlayColumn({ id }: NodeTable, overlay: Overlay): Column {
  const { values, categories } = overlay;
  const at = (row: number) => values[id[row]!] ?? Number.NaN;
  if (overlay.scale === 'category') {
    const of = (row: number) => categories?.[at(row)] ?? '';
    return {
      id: overlay.id,
      title: overlay.title,
      align: 'left',
      width: headWidth(overlay.title),
      value: of,
      text: of,
    };
  }
  let largest = 0;
  for (const node of id) if (Math.abs(values[node] ?? 0) > largest) largest = Math.abs(values[node]!);
  const unit = unitFor(largest, overlay.unit);
  const decimals = columnDecimals(largest / unit.size);
  return {
    id: overlay.id,
    title: overlay.title,
    unit: unit.name,
    align: 'right',
    width: headWidth(`${overlay.title} ${unit.name}`),
    // In the unit of the head, since that is what a CSV says.
    value: (row) => Number((at(row) / unit.size).toPrecision(7)),
    text: (row) => aligned(at(row) / unit.size, decimals),
  };
}

/** Pixels that a column's head needs, with its arrow: letters of 12 px text are about 7 wide. */
function headWidth(head: string): number {
  return Math.min(176, Math.max(88, head.length * 7 + 40));
}
