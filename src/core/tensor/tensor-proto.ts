import { english } from '../english.ts';
import type { TensorValue } from '../evaluator.ts';
import { bufferSource, readAll } from '../graph/byte-source.ts';
import { encodeTensor } from '../onnx/encode-model.ts';
import { ProblemList } from '../onnx/problem-list.ts';
import { readTensor } from '../onnx/tensor-data.ts';
import { WireReader } from '../onnx/wire.ts';

/** Reads a `TensorProto` from a `.pb` file, as ONNX test data has it. Rejects when it is none. */
export async function parseTensorProto(
  bytes: Uint8Array,
): Promise<{ readonly name: string; readonly value: TensorValue }> {
  const problems = new ProblemList();
  const context = {
    source: bufferSource(bytes),
    wire: new WireReader([{ start: 0, end: bytes.length, bytes }]),
    external: () => {
      throw new Error(english`A tensor file does not point to other files.`);
    },
    problems,
    nextNodeId: 0,
    depth: 0,
  };
  const tensor = readTensor(context, { number: 0, wire: 2, start: 0, from: 0, to: bytes.length });
  const [problem] = problems.all();
  if (problem) throw new Error(problem.message);
  const { name, dtype, dims, strings } = tensor;
  const decoder = new TextDecoder();
  return {
    name,
    value: {
      dtype,
      dims,
      bytes: await readAll(tensor.data),
      ...(strings ? { strings: strings.map((each) => decoder.decode(each)) } : {}),
    },
  };
}

/** A tensor as the bytes of a `TensorProto`. */
export function writeTensorProto(name: string, { dtype, dims, bytes, strings }: TensorValue): Uint8Array {
  const encoder = new TextEncoder();
  return encodeTensor({
    name,
    dtype,
    dims,
    data: bufferSource(bytes),
    ...(strings ? { strings: strings.map((each) => encoder.encode(each)) } : {}),
  });
}
