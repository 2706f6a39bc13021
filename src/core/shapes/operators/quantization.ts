/** Standard quantization operators; what `com.microsoft` adds is in `contrib.ts`. */
import { type DataType, dataTypeFromCode } from '../../graph/data-type.ts';
import type { ValueFacts } from '../facts.ts';
import { type Operation, type Rules, tensor } from '../operation.ts';

/** Output type: `output_dtype`, else that of the zero point, else uint8. */
export function quantizedDtype(op: Operation, zeroPoint: number): DataType | undefined {
  const code = op.int('output_dtype', 0);
  if (code) return dataTypeFromCode(code);
  return op.has(zeroPoint) ? op.dtype(zeroPoint) : 'uint8';
}

const dequantize = (op: Operation): readonly ValueFacts[] => {
  const code = op.int('output_dtype', 0);
  const scale = op.dtype(1) ?? (op.opset < 19 && op.node.domain === '' ? 'float32' : undefined);
  return [tensor(code ? dataTypeFromCode(code) : scale, op.shape(0))];
};

export const quantizationRules: Rules = {
  QuantizeLinear: (op) => [tensor(quantizedDtype(op, 2), op.shape(0))],
  DequantizeLinear: dequantize,
};
