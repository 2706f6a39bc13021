import { bufferSource } from '../core/graph/byte-source.ts';
import { elementCount } from '../core/graph/data-type.ts';
import type { Model, Node, NodeId, Tensor, ValueInfo } from '../core/graph/model.ts';
import { fromNumbers } from '../core/tensor/convert.ts';

/** A small model that we ask the runtime something with: float32 in and out, without attributes. */
export interface ProbeParts {
  /** Sizes by name. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly outputs: Readonly<Record<string, readonly number[]>>;
  /** Vectors of int64. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** Tensors of one type, all zeros. */
  readonly zeros?: Readonly<Partial<Record<'int8' | 'float16', Readonly<Record<string, readonly number[]>>>>>;
  /** `more`: outputs beside the first. */
  readonly nodes: readonly {
    readonly opType: string;
    readonly inputs: readonly string[];
    readonly output: string;
    readonly more?: readonly string[];
  }[];
}

/** The model of the parts, at opset 17. A node is called after its output. */
export function probeModel({ inputs, outputs, shapes = {}, zeros = {}, nodes }: ProbeParts): Model {
  const values = (sizes: ProbeParts['inputs']): ValueInfo[] =>
    Object.entries(sizes).map(([name, shape]) => ({ name, type: { kind: 'tensor', dtype: 'float32', shape } }));
  const vectors = Object.entries(shapes).map(([name, sizes]): Tensor => {
    const data = bufferSource(fromNumbers('int64', [...sizes]));
    return { name, dtype: 'int64', dims: [sizes.length], data };
  });
  const matrices = (['int8', 'float16'] as const).flatMap((dtype) =>
    Object.entries(zeros[dtype] ?? {}).map(([name, dims]): Tensor => {
      const bytes = elementCount(dims) * (dtype === 'int8' ? 1 : 2);
      return { name, dtype, dims, data: bufferSource(new Uint8Array(bytes)) };
    }),
  );
  return {
    irVersion: 8,
    producerName: 'opscope',
    producerVersion: '',
    domain: '',
    modelVersion: 0n,
    docString: '',
    opsets: new Map([['', 17]]),
    graph: {
      name: 'probe',
      docString: '',
      nodes: nodes.map(({ opType, inputs, output, more = [] }, index): Node => {
        const id = index as NodeId;
        return { id, opType, domain: '', name: output, inputs, outputs: [output, ...more], attributes: new Map() };
      }),
      inputs: values(inputs),
      outputs: values(outputs),
      valueInfo: [],
      initializers: new Map([...vectors, ...matrices].map((tensor) => [tensor.name, tensor])),
      sparseInitializers: [],
      quantizationAnnotations: [],
      metadata: new Map(),
    },
    functions: [],
    metadata: new Map(),
    nextNodeId: nodes.length,
  };
}
