/** Static: conversions around float nodes, which ONNX Runtime fuses; or one operator on integers in the place of each. */
export const quantizedFormats = ['qdq', 'qoperator'] as const;
export type QuantizedFormat = (typeof quantizedFormats)[number];
