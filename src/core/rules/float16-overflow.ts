import { english } from '../english.ts';
import type { Tensor } from '../graph/model.ts';
import { everyNode, type Finding, label, type Rule } from './rule.ts';

export const float16Overflow: Rule = {
  code: 'float16-overflow',
  title: 'Half precision at its limit',
  severity: 'warning',
  documentation:
    'A float16 constant is infinite or at the largest finite value, ±65504. A sum with it overflows to infinity, and a softmax over infinities gives NaN. Such constants are mostly masks: −10000 does the same work.',
  check: (inspected) => {
    const found = new Map<Tensor, Finding>();
    for (const { graph, node } of everyNode(inspected)) {
      for (const name of node.inputs) {
        const tensor = name === '' ? undefined : graph.constant(name);
        if (tensor?.dtype !== 'float16' || found.has(tensor) || !holdsExtreme(tensor)) continue;
        found.set(tensor, {
          message: english`${label(node)} reads the float16 constant ${name}, which holds values at the limit of half precision: sums with it overflow.`,
          node: node.id,
        });
      }
    }
    return [...found.values()];
  },
};

/** Exponent of infinity and NaN, or the largest finite number; only small constants are in memory to be looked at. */
function holdsExtreme({ data: { bytes } }: Tensor): boolean {
  if (!bytes) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 2 <= bytes.byteLength; at += 2) {
    if ((view.getUint16(at, true) & 0x7fff) >= 0x7bff) return true;
  }
  return false;
}
