import { english } from '../english.ts';
import type { DataType } from '../graph/data-type.ts';
import type { Node, Tensor } from '../graph/model.ts';
import { everyNode, type Finding, type Inspected, label, type Rule, summarized } from './rule.ts';

export const float16Overflow: Rule = {
  code: 'float16-overflow',
  title: 'Half precision at its limit',
  severity: 'warning',
  documentation:
    'A float16 constant is infinite or at the largest finite value, ±65504. A sum with it overflows to infinity, and a softmax over infinities gives NaN. Such constants are mostly masks: −10000 does the same work. A float32 constant beyond that limit is well as it is, and becomes infinite when the model is converted to half precision.',
  check: (inspected) => [...atLimit(inspected), ...beyondLimit(inspected)],
};

/** Constants that are in half precision already, each once. */
function atLimit(inspected: Inspected): readonly Finding[] {
  const seen = new Set<Tensor>();
  return readers(inspected, 'float16').flatMap(({ node, name, tensor }) => {
    if (seen.has(tensor) || !holdsExtreme(tensor)) return [];
    seen.add(tensor);
    return [
      {
        message: english`${label(node)} reads the float16 constant ${name}, which holds values at the limit of half precision: sums with it overflow.`,
        node: node.id,
      },
    ];
  });
}

/** Constants that only a conversion to half precision would spoil. A Clip with an infinite limit clips as before. */
function beyondLimit(inspected: Inspected): readonly Finding[] {
  const found = new Map<Node, number>();
  for (const { node, tensor } of readers(inspected, 'float32')) {
    const value = node.opType === 'Clip' || found.has(node) ? undefined : beyondHalf(tensor);
    if (value !== undefined) found.set(node, value);
  }
  return summarized(
    [...found.keys()],
    (nodes, first) =>
      english`${nodes} reads a float32 constant that holds ${found.get(first)!.toPrecision(3)}. It matters only in half precision, which ends at 65504: the fp16 scheme ends it there, and other converters make it infinite. As a mask, -10000 does the same work.`,
  ).map((finding) => ({ ...finding, severity: 'info' }));
}

function readers(inspected: Inspected, dtype: DataType) {
  return [...everyNode(inspected)].flatMap(({ graph, node }) =>
    node.inputs.flatMap((name) => {
      const tensor = name === '' ? undefined : graph.constant(name);
      return tensor?.dtype === dtype ? [{ node, name, tensor }] : [];
    }),
  );
}

/** Exponent of infinity and NaN, or the largest finite number; only small constants are in memory to be looked at. */
function holdsExtreme({ data: { bytes } }: Tensor): boolean {
  if (!bytes) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 2 <= bytes.byteLength; at += 2) {
    if ((view.getUint16(at, true) & 0x7fff) >= 0x7bff) return true;
  }
  return false;
}

/** From here on the nearest number in half precision is infinity. */
const roundsToInfinity = 65520;

/** The first finite number that half precision has not; only small constants are in memory to be looked at. */
function beyondHalf({ data: { bytes } }: Tensor): number | undefined {
  if (!bytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 4 <= bytes.byteLength; at += 4) {
    const value = view.getFloat32(at, true);
    if (Math.abs(value) >= roundsToInfinity && Number.isFinite(value)) return value;
  }
  return undefined;
}
