import { bufferSource } from '../../src/core/graph/byte-source.ts';
import type { Model, NodeId, ValueInfo } from '../../src/core/graph/model.ts';
import { fromNumbers } from '../../src/core/tensor/convert.ts';
import type { MeasuredModel } from '../../src/worker/profile.ts';

const size = 64;

/** A model whose time is known in proportion: `count` times `v ← tanh(v · w)`. */
export function loopModel(count: number): MeasuredModel {
  const value = (name: string, dtype: 'float32' | 'bool' | 'int64', shape: readonly number[]): ValueInfo => ({
    name,
    type: { kind: 'tensor', dtype, shape },
  });
  const constant = (
    name: string,
    dtype: 'float32' | 'bool' | 'int64',
    dims: readonly number[],
    values: readonly number[],
  ) => ({
    name,
    dtype,
    dims,
    data: bufferSource(fromNumbers(dtype, values)),
  });
  let id = 0;
  const node = (opType: string, inputs: readonly string[], outputs: readonly string[], attributes = new Map()) => ({
    id: id++ as NodeId,
    opType,
    domain: '',
    name: `${opType} ${id}`,
    inputs,
    outputs,
    attributes,
  });
  const empty = {
    docString: '',
    valueInfo: [],
    sparseInitializers: [],
    quantizationAnnotations: [],
    metadata: new Map<string, string>(),
  };
  const weights = Array.from({ length: size * size }, (_, index) => (((index * 7919) % 1000) / 1000 - 0.5) / 8);
  const body = {
    ...empty,
    name: 'body',
    nodes: [
      node('Identity', ['go'], ['go_on']),
      node('MatMul', ['v', 'w'], ['product']),
      node('Tanh', ['product'], ['v_next']),
    ],
    inputs: [value('i', 'int64', []), value('go', 'bool', []), value('v', 'float32', [size, size])],
    outputs: [value('go_on', 'bool', []), value('v_next', 'float32', [size, size])],
    initializers: new Map([['w', constant('w', 'float32', [size, size], weights)]]),
  };
  const model: Model = {
    irVersion: 8,
    producerName: 'opscope bench',
    producerVersion: '',
    domain: '',
    modelVersion: 0n,
    docString: '',
    opsets: new Map([['', 17]]),
    graph: {
      ...empty,
      name: 'planted',
      nodes: [node('Loop', ['trips', 'yes', 'x'], ['y'], new Map([['body', { type: 'graph', value: body }]]))],
      inputs: [value('x', 'float32', [size, size])],
      outputs: [value('y', 'float32', [size, size])],
      initializers: new Map([
        ['trips', constant('trips', 'int64', [], [count])],
        ['yes', constant('yes', 'bool', [], [1])],
      ]),
    },
    functions: [],
    metadata: new Map(),
    nextNodeId: 100,
  };
  return { model, identity: { path: `loop-${count}`, bytes: 0, irVersion: 8, producer: '', opsets: {} } };
}
