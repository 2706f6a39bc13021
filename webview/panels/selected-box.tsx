import type { NodeId } from '../../src/core/graph/model.ts';
import type { Scene } from '../../src/core/layout/scene.ts';
import { count, shape, withUnit } from '../../src/core/report/format.ts';
import { groupFigure } from '../graph/box-figures.ts';
import { plural, t } from '../l10n.ts';
import type { State } from '../state.ts';
import { Empty } from '../widgets/empty.tsx';
import { type Fact, Facts, Section } from '../widgets/section.tsx';
import { Follow, NodeLinks } from './node-slots.tsx';

const shownOperators = 12;

/** What is selected and no node: a group with its sums, an input or output with its type; else how to select. */
export function SelectedBox({ state }: { readonly state: State }) {
  const scene = state.pane.scene.value.value;
  const box = scene?.nodes.key.indexOf(state.pane.focused.value ?? '') ?? -1;
  const kind = scene?.nodes.kind[box];
  if (!scene || kind === undefined || kind === 'node') {
    return (
      <Empty icon="inspect" title={t('No node selected')}>
        {t('Click a node in the graph or in the table, or press / to find one.')}
      </Empty>
    );
  }
  const label = scene.nodes.label[box]!;
  if (kind === 'group' || kind === 'frame') {
    return <Group state={state} scene={scene} box={box} label={label} />;
  }
  return <Value state={state} name={scene.nodes.key[box]!.slice(2)} kind={kind} />;
}

interface GroupProps {
  readonly state: State;
  readonly scene: Scene;
  readonly box: number;
  readonly label: string;
}

function Group({ state, scene, box, label }: GroupProps) {
  const members = scene.nodes.members[box] ?? new Int32Array(0);
  const table = state.table.value.value;
  const inside = new Set(members);
  const operators = new Map<string, number>();
  table?.id.forEach((id, row) => {
    if (inside.has(id)) operators.set(table.opType[row]!, (operators.get(table.opType[row]!) ?? 0) + 1);
  });
  const ranked = [...operators].sort((a, b) => b[1] - a[1]);
  return (
    <>
      <header class="node-head">
        <h2>{label}</h2>
      </header>
      <p class="node-name">{plural(members.length, 'Group of {0} node', 'Group of {0} nodes')}</p>
      <Facts facts={groupFacts(state, scene, box)} />
      <Section title={t('Operators')}>
        <Facts facts={ranked.slice(0, shownOperators).map(([name, nodes]) => [name, count(nodes)])} />
        {ranked.length > shownOperators && (
          <p class="quiet">{t('and {0} more', count(ranked.length - shownOperators))}</p>
        )}
      </Section>
    </>
  );
}

/** What the nodes of a group have together, by every overlay there is. */
function groupFacts(state: State, scene: Scene, box: number): readonly Fact[] {
  return (state.columns.value.value ?? []).flatMap((overlay): Fact[] => {
    const figure = groupFigure(scene, box, overlay);
    if (figure === 'mixed') return [[overlay.title, t('mixed')]];
    if (Number.isNaN(figure)) return [];
    return [
      [overlay.title, overlay.scale === 'category' ? overlay.categories?.[figure] : withUnit(figure, overlay.unit)],
    ];
  });
}

interface ValueProps {
  readonly state: State;
  readonly name: string;
  readonly kind: 'input' | 'output';
}

function Value({ state, name, kind }: ValueProps) {
  const report = state.summary.value.value;
  const value = (kind === 'input' ? report?.inputs : report?.outputs)?.find((each) => each.name === name);
  const scene = state.pane.scene.value.value!;
  const box = scene.nodes.key.indexOf(state.pane.focused.value!);
  const [near, far] = kind === 'input' ? [scene.edges.from, scene.edges.to] : [scene.edges.to, scene.edges.from];
  const nodes = new Set<NodeId>();
  near.forEach((each, edge) => {
    const id = scene.nodes.id[far[edge]!]!;
    if (each === box && id >= 0) nodes.add(id as NodeId);
  });
  return (
    <>
      <header class="node-head">
        <h2>{name}</h2>
        <Follow state={state} value={name} />
      </header>
      <p class="node-name">{kind === 'input' ? t('Input of the model') : t('Output of the model')}</p>
      {value && (
        <Facts
          facts={[
            [t('Type'), <code>{value.dtype}</code>],
            [t('Shape'), <code>{shape(value.shape)}</code>],
          ]}
        />
      )}
      {nodes.size > 0 && (
        <p class="quiet">
          {kind === 'input' ? t('to') : t('from')} <NodeLinks state={state} nodes={[...nodes]} />
        </p>
      )}
    </>
  );
}
