import { english } from '../english.ts';
import type { GraphDraft } from '../graph/graph-draft.ts';
import type { Tensor } from '../graph/model.ts';
import type { Pass } from './pass.ts';
import { sameContent } from './tensors.ts';
import { passGraphs } from './visit.ts';

/**
 * initializers `a = [1, 2]`, `b = [1, 2]`; `y = Add(x, a); z = Mul(x, b)`
 * become `y = Add(x, a); z = Mul(x, a)`. Those that a caller may override and outputs stay.
 */
export const mergeInitializers: Pass = {
  name: 'merge-initializers',
  title: english`Store equal constants once`,
  summary: english`Merges initializers with equal type, shape and bytes.`,
  exactness: 'exact',
  async run(draft) {
    for (const graph of passGraphs(draft)) {
      for (const twins of await findTwins(graph)) merge(graph, twins);
    }
  },
};

/** Groups of two and more equal initializers. */
async function findTwins(graph: GraphDraft): Promise<Tensor[][]> {
  const candidates = new Map<string, Tensor[]>();
  for (const tensor of graph.initializers()) {
    if (tensor.strings || graph.isInput(tensor.name) || graph.isOutput(tensor.name)) continue;
    const key = `${tensor.dtype}:${tensor.dims}:${await sampleOf(tensor)}`;
    const group = candidates.get(key);
    if (group) group.push(tensor);
    else candidates.set(key, [tensor]);
  }
  const twins: Tensor[][] = [];
  for (const [first, ...others] of candidates.values()) {
    const equal = [first!];
    for (const other of others) if (await sameContent(first!, other)) equal.push(other);
    if (equal.length > 1) twins.push(equal);
  }
  return twins;
}

/** A few bytes from the middle, which tell most tensors apart without reading them; remembered over the rounds. */
async function sampleOf(tensor: Tensor): Promise<string> {
  let sample = samples.get(tensor);
  if (sample === undefined) {
    const length = Math.min(96, tensor.data.byteLength);
    sample = (await tensor.data.read((tensor.data.byteLength - length) >> 1, length)).join();
    samples.set(tensor, sample);
  }
  return sample;
}

const samples = new WeakMap<Tensor, string>();

function merge(graph: GraphDraft, [kept, ...others]: readonly Tensor[]): void {
  for (const { name } of others) {
    if (!graph.canReplaceValue(name, kept!.name)) continue;
    graph.rewrite(name, english`It holds the same bytes as ${kept!.name}.`, (edit) => {
      edit.replaceValue(name, kept!.name);
      edit.removeInitializer(name);
    });
  }
}
