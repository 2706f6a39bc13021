import type { NodeId } from '../../src/core/graph/model.ts';
import { count, shape } from '../../src/core/report/format.ts';
import type { NodeDetails, NodeValue } from '../../src/protocol/worker.ts';
import { plural, t } from '../l10n.ts';
import { nodeName } from '../shell/operator-table.tsx';
import type { State } from '../state.ts';
import { IconButton, Link } from '../widgets/button.tsx';
import { Section } from '../widgets/section.tsx';
import { VirtualList } from '../widgets/virtual-list.tsx';
import { TensorView } from './tensor.tsx';

const shownLinks = 6;

/** Nodes by operator and name, each a link. */
export function NodeLinks({ state, nodes }: { readonly state: State; readonly nodes: readonly NodeId[] }) {
  const table = state.table.value.value;
  return (
    <>
      {nodes.slice(0, shownLinks).map((id, index) => {
        const row = table ? table.id.indexOf(id) : -1;
        return (
          <span key={id}>
            {index > 0 && ', '}
            <Link title={row < 0 ? undefined : nodeName(table!, row)} onClick={() => void state.reveal(id)}>
              {row < 0 ? `#${id}` : table!.opType[row]}
            </Link>
          </span>
        );
      })}
      {nodes.length > shownLinks && (
        <details class="all-nodes">
          <summary>{t('and {0} more', count(nodes.length - shownLinks))}</summary>
          <VirtualList
            label={plural(nodes.length, '{0} node', '{0} nodes')}
            count={nodes.length}
            row={(index) => {
              const row = table ? table.id.indexOf(nodes[index]!) : -1;
              const name = row < 0 ? `#${nodes[index]}` : `${table!.opType[row]} ${nodeName(table!, row)}`;
              return (
                <Link title={name} onClick={() => void state.reveal(nodes[index]!)}>
                  {name}
                </Link>
              );
            }}
          />
        </details>
      )}
    </>
  );
}

interface SlotsProps {
  readonly state: State;
  readonly title: string;
  readonly node: NodeDetails;
  readonly values: readonly NodeValue[];
}

/** The values at one side of a node, each with where it comes from or goes to. */
export function Slots({ state, title, node, values }: SlotsProps) {
  if (values.length === 0) return null;
  return (
    <Section title={title}>
      <ul class="slots">
        {values.map((value, index) => (
          <li key={index}>
            <div class="slot-head">
              <span class="slot" title={value.types.length > 0 ? t('May be {0}', value.types.join(', ')) : undefined}>
                {value.slot}
              </span>
              <code>
                {value.dtype} {shape(value.shape)}
              </code>
            </div>
            <div class="slot-name">
              <span title={value.name}>{value.name === '' ? t('left out') : value.name}</span>
              {value.nodes.length > 0 && <Follow state={state} value={value.name} />}
              {value.nodes.length > 0 && (
                <span class="quiet">
                  {values === node.inputs ? t('from') : t('to')} <NodeLinks state={state} nodes={value.nodes} />
                </span>
              )}
            </div>
            {value.constant && (
              <TensorView key={`${node.id}:${value.name}`} state={state} node={node.id} value={value} />
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** Lets the lines of a value stand out in the graph. */
export function Follow({ state, value }: { readonly state: State; readonly value: string }) {
  const { followed } = state.pane;
  const on = followed.value === value;
  return (
    <IconButton
      icon="eye"
      label={t('Follow {0} in the graph', value)}
      pressed={on}
      onClick={() => {
        followed.value = on ? null : value;
      }}
    />
  );
}
