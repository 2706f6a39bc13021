import type { NodeId } from '../../src/core/graph/model.ts';
import { nodeTypes } from '../../src/core/quantize/node-types.ts';
import { t } from '../l10n.ts';
import type { QuantizeFields } from '../quantize-fields.ts';
import { nodeName } from '../shell/operator-table.tsx';
import type { State } from '../state.ts';
import { Button, IconButton, Link } from '../widgets/button.tsx';
import { Select } from '../widgets/select.tsx';

const typeChoices = nodeTypes.map((value) => ({ value, label: value }));

/** Nodes with a type of their own; the selected one can be added. */
export function TypedNodes({ state }: { readonly state: State }) {
  const form = state.forms.quantize;
  const { types } = form.value;
  const selected = state.selected.value;
  const set = (next: QuantizeFields['types']) => {
    form.value = { ...form.value, types: next };
  };
  return (
    <>
      {types.map(({ node, label, type }, index) => (
        <div key={node} class="path-field">
          <Link onClick={() => void state.reveal(node)}>{label}</Link>
          <Select
            label={t('Type of {0}', label)}
            value={type}
            choices={typeChoices}
            onChange={(value) => set(types.with(index, { node, label, type: value }))}
          />
          <IconButton
            icon="close"
            label={t('No type of its own for {0}', label)}
            onClick={() => set(types.filter((each) => each.node !== node))}
          />
        </div>
      ))}
      {selected !== null && types.every(({ node }) => node !== selected) ? (
        <Button
          kind="secondary"
          title={labelOf(state, selected)}
          onClick={() => set([...types, { node: selected, label: labelOf(state, selected), type: 'uint16' }])}
        >
          {t('Add Selected Node')}
        </Button>
      ) : (
        types.length === 0 && <span class="hint">{t('Select a node to give it a type.')}</span>
      )}
    </>
  );
}

function labelOf(state: State, id: NodeId): string {
  const table = state.table.value.value;
  const row = table?.id.indexOf(id) ?? -1;
  return row < 0 ? `#${id}` : nodeName(table!, row);
}

/** Nodes that stay as they are; the selected one can be added. */
export function Excluded({ state }: { readonly state: State }) {
  const form = state.forms.quantize;
  const { exclude } = form.value;
  const selected = state.selected.value;
  const set = (nodes: readonly NodeId[]) => {
    form.value = { ...form.value, exclude: nodes };
  };
  const label = (id: NodeId) => labelOf(state, id);
  return (
    <>
      {exclude.length > 0 && (
        <ul class="excluded">
          {exclude.map((id) => (
            <li key={id}>
              <Link onClick={() => void state.reveal(id)}>{label(id)}</Link>
              <IconButton
                icon="close"
                label={t('Quantize {0}', label(id))}
                onClick={() => set(exclude.filter((each) => each !== id))}
              />
            </li>
          ))}
        </ul>
      )}
      {selected !== null && !exclude.includes(selected) ? (
        <Button kind="secondary" title={label(selected)} onClick={() => set([...exclude, selected])}>
          {t('Add Selected Node')}
        </Button>
      ) : (
        exclude.length === 0 && <span class="hint">{t('Select a node to keep it as it is.')}</span>
      )}
    </>
  );
}
