import { expect, test } from 'vitest';
import type { NodeId } from '../../../src/core/graph/model.ts';
import type { ProfiledNode } from '../../../src/core/report/profile-report.ts';
import type { VersionMapping } from '../../../src/protocol/worker.ts';
import { timeDeltas } from '../../../webview/panels/time-deltas.tsx';

const timed = (id: number, opType: string, milliseconds: number, spread = 0): ProfiledNode => ({
  id: id as NodeId,
  name: `n${id}`,
  opType,
  milliseconds,
  spread,
  share: 0,
  calls: 1,
  provider: 'CPUExecutionProvider',
  kernels: [],
});

test('nodes that were fused are one row under the name of what they became; largest change first, each with what it is known to', () => {
  const mapping: VersionMapping = {
    pairs: Int32Array.of(1, 10, 2, 10, 3, 3),
    removed: Int32Array.of(4),
    added: Int32Array.of(11),
    changed: Int32Array.of(),
  };
  const before = [
    timed(1, 'Conv', 2, 0.3),
    timed(2, 'BatchNormalization', 1),
    timed(3, 'Relu', 0.5),
    timed(4, 'Identity', 0.25),
  ];
  const after = [timed(10, 'Conv', 1.5, 0.4), timed(3, 'Relu', 0.5), timed(11, 'Cast', 0.75)];
  expect(timeDeltas(mapping, before, after)).toEqual([
    { node: 10, label: 'Conv n10', before: 3, after: 1.5, within: 0.5 },
    { node: 11, label: 'Cast n11', before: 0, after: 0.75, within: 0 },
    { node: 4, label: 'Identity n4', before: 0.25, after: 0, within: 0 },
    { node: 3, label: 'Relu n3', before: 0.5, after: 0.5, within: 0 },
  ]);
});

test('a long chain of nodes that belong together is one row', () => {
  const count = 50_000;
  // Node i of a went into i and i + 1 of b.
  const pairs = Int32Array.from({ length: 4 * count }, (_, at) => (at >> 2) + (at % 4 === 3 ? 1 : 0));
  const mapping = { pairs, removed: new Int32Array(), added: new Int32Array(), changed: new Int32Array() };
  const nodes = Array.from({ length: count }, (_, id) => timed(id, 'Add', 1));
  const [row, ...others] = timeDeltas(mapping, nodes.toReversed(), nodes);
  expect(row).toMatchObject({ before: count, after: count });
  expect(others).toEqual([]);
});
