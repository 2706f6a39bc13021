import type { Model, ValueInfo } from './model.ts';

/**
 * The model with symbolic dimensions given sizes, in its signature: what passes then make of the sizes holds for every
 * caller that the signature admits. The same object when it has none of these symbols.
 */
export function bindDims(model: Model, dims: Readonly<Record<string, number>>): Model {
  const bind = (infos: readonly ValueInfo[]): readonly ValueInfo[] => {
    const bound = infos.map((info) => bindInfo(info, dims));
    return bound.every((info, index) => info === infos[index]) ? infos : bound;
  };
  const { graph } = model;
  const [inputs, outputs, valueInfo] = [bind(graph.inputs), bind(graph.outputs), bind(graph.valueInfo)];
  if (inputs === graph.inputs && outputs === graph.outputs && valueInfo === graph.valueInfo) return model;
  return { ...model, graph: { ...graph, inputs, outputs, valueInfo } };
}

function bindInfo(info: ValueInfo, dims: Readonly<Record<string, number>>): ValueInfo {
  const { type } = info;
  if (type?.kind !== 'tensor' || !type.shape?.some((dim) => typeof dim === 'string' && Object.hasOwn(dims, dim))) {
    return info;
  }
  const shape = type.shape.map((dim) => (typeof dim === 'string' && Object.hasOwn(dims, dim) ? dims[dim]! : dim));
  return { ...info, type: { ...type, shape } };
}
