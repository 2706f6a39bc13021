import type { TensorValue } from '../../src/core/evaluator.ts';
import { attributes } from '../../src/core/graph/attribute.ts';
import { bufferSource } from '../../src/core/graph/byte-source.ts';
import type { DataType } from '../../src/core/graph/data-type.ts';
import type { Dim, Graph, Model, Node, NodeId, ValueInfo } from '../../src/core/graph/model.ts';

type ValueTypes = Readonly<Record<string, readonly [dtype: DataType, shape: readonly Dim[]]>>;

export interface GraphParts {
  readonly inputs: ValueTypes;
  readonly outputs: ValueTypes;
  readonly initializers?: Readonly<Record<string, TensorValue>>;
  readonly nodes: readonly {
    readonly opType: string;
    readonly domain?: string;
    readonly name?: string;
    readonly inputs: readonly string[];
    readonly outputs: readonly string[];
    readonly attributes?: Parameters<typeof attributes>[0];
  }[];
}

let nextId = 1;

/** A graph from its parts; every node gets an id of its own. */
export function buildGraph({ inputs, outputs, initializers = {}, nodes }: GraphParts): Graph {
  return {
    name: 'test',
    docString: '',
    nodes: nodes.map(
      (node): Node => ({
        id: nextId++ as NodeId,
        opType: node.opType,
        domain: node.domain ?? '',
        name: node.name ?? '',
        inputs: node.inputs,
        outputs: node.outputs,
        attributes: attributes(node.attributes ?? {}),
      }),
    ),
    inputs: valueInfos(inputs),
    outputs: valueInfos(outputs),
    valueInfo: [],
    initializers: new Map(
      Object.entries(initializers).map(([name, { dtype, dims, bytes }]) => [
        name,
        { name, dtype, dims, data: bufferSource(bytes) },
      ]),
    ),
    sparseInitializers: [],
    quantizationAnnotations: [],
    metadata: new Map(),
  };
}

/** A model at opset 21. */
export function buildModel(parts: GraphParts): Model {
  const graph = buildGraph(parts);
  return {
    irVersion: 10,
    producerName: '',
    producerVersion: '',
    domain: '',
    modelVersion: 0n,
    docString: '',
    opsets: new Map([['', 21]]),
    graph,
    functions: [],
    metadata: new Map(),
    nextNodeId: nextId,
  };
}

function valueInfos(types: ValueTypes): readonly ValueInfo[] {
  return Object.entries(types).map(([name, [dtype, shape]]) => ({ name, type: { kind: 'tensor', dtype, shape } }));
}
