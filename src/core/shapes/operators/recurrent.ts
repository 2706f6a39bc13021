/** RNN, GRU and LSTM. */
import { type Axis, constantDim } from '../dim.ts';
import type { ValueFacts } from '../facts.ts';
import { type Operation, type Rules, tensor } from '../operation.ts';

/** Outputs Y, Y_h and, for an LSTM, Y_c; `layout` 1 puts the batch first. */
function recurrent(op: Operation): readonly ValueFacts[] {
  const data = op.shape(0);
  const dtype = op.dtype(0);
  const batchFirst = op.int('layout', 0) !== 0;
  const directions = constantDim(op.string('direction', 'forward').toLowerCase() === 'bidirectional' ? 2 : 1);
  const size = op.int('hidden_size');
  const hidden: Axis = size === undefined ? (op.shape(2)?.[2] ?? null) : constantDim(size);
  const [sequence, batch] = batchFirst
    ? [data?.[1] ?? null, data?.[0] ?? null]
    : [data?.[0] ?? null, data?.[1] ?? null];
  const last = tensor(dtype, batchFirst ? [batch, directions, hidden] : [directions, batch, hidden]);
  const all = tensor(dtype, batchFirst ? [batch, sequence, directions, hidden] : [sequence, directions, batch, hidden]);
  // Opset 1 gave Y only when `output_sequence` was set; the shapes are the same.
  return [all, last, last];
}

export const recurrentRules: Rules = { RNN: recurrent, GRU: recurrent, LSTM: recurrent };
