import { bufferSource } from '../core/graph/byte-source.ts';
import type { Model, Node, NodeId, ValueInfo } from '../core/graph/model.ts';
import { fromNumbers } from '../core/tensor/convert.ts';

/** A small model that we ask the runtime something with: float32 in and out, without attributes. */
export interface ProbeParts {
  /** Sizes by name. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly outputs: Readonly<Record<string, readonly number[]>>;
  /** Vectors of int64. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  readonly nodes: readonly { readonly opType: string; readonly inputs: readonly string[]; readonly output: string }[];
}

/** The model of the parts, at opset 17. A node is called after its output. */
export function probeModel({ inputs, outputs, shapes = {}, nodes }: ProbeParts): Model {
  const values = (sizes: ProbeParts['inputs']): ValueInfo[] =>
    Object.entries(sizes).map(([name, shape]) => ({ name, type: { kind: 'tensor', dtype: 'float32', shape } }));
  const initializers = Object.entries(shapes).map(([name, sizes]) => {
    const data = bufferSource(fromNumbers('int64', [...sizes]));
    return [name, { name, dtype: 'int64', dims: [sizes.length], data }] as const;
  });
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
      nodes: nodes.map(({ opType, inputs, output }, index): Node => {
        const id = index as NodeId;
        return { id, opType, domain: '', name: output, inputs, outputs: [output], attributes: new Map() };
      }),
      inputs: values(inputs),
      outputs: values(outputs),
      valueInfo: [],
      initializers: new Map(initializers),
      sparseInitializers: [],
      quantizationAnnotations: [],
      metadata: new Map(),
    },
    functions: [],
    metadata: new Map(),
    nextNodeId: nodes.length,
  };
}
