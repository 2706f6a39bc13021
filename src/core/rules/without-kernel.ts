import { english } from '../english.ts';
import type { Node } from '../graph/model.ts';
import type { GraphView } from '../graph/view.ts';
import { cpuKernels } from './kernels/cpu.ts';
import { everyNode, type Inspected, type Rule, summarized } from './rule.ts';

export const withoutKernel: Rule = {
  code: 'without-kernel',
  title: 'Operators without a kernel',
  severity: 'warning',
  documentation:
    "ONNX defines most operators for many element types; an execution provider has kernels for some of them. Where the CPU provider has none, ONNX Runtime refuses the model: there is no other provider to go to. What is known are the CPU's kernels of ONNX Runtime 1.30; for another provider the rule says nothing, since that may have kernels of its own.",
  check: (inspected) => {
    if ((inspected.provider ?? 'cpu') !== 'cpu') return [];
    const lacking = new Map<string, { readonly nodes: Node[]; readonly lack: Lack }>();
    for (const { graph, node } of everyNode(inspected)) {
      const lack = lackOf(inspected, graph, node);
      if (!lack) continue;
      const key = `${node.opType} ${lack.types}`;
      const found = lacking.get(key) ?? { nodes: [], lack };
      found.nodes.push(node);
      lacking.set(key, found);
    }
    return [...lacking.values()].flatMap(({ nodes, lack: { types, taken } }) =>
      summarized(nodes, (named) =>
        taken.length === 0
          ? english`${named} has no kernel on the CPU in this operator set. ONNX Runtime will refuse the model; another operator set may have one.`
          : english`${named} has no kernel on the CPU for ${types}. ONNX Runtime will refuse the model; casting to ${taken.join(', ')} would do.`,
      ),
    );
  },
};

/** What a node has and no kernel takes. */
interface Lack {
  /** The node's element types at the places where kernels differ. */
  readonly types: string;
  /** Types that kernels take in place of the first of these; none where there is no kernel at all. */
  readonly taken: readonly string[];
}

/** Which types a kernel takes, by place: `i0` is the first input, `o0` the first output. */
type Kernel = ReadonlyMap<string, ReadonlySet<string>>;

function lackOf({ draft, facts }: Inspected, graph: GraphView, { domain, opType, inputs, outputs }: Node) {
  const opset = draft.opsets.get('');
  if (domain !== '' || opset === undefined) return undefined;
  const kernels = table()
    .get(opType)
    ?.findLast(({ since }) => since <= opset)?.kernels;
  if (!kernels) return undefined;
  const typeAt = (place: string) => {
    const name = (place.startsWith('i') ? inputs : outputs)[Number(place.slice(1))];
    return name ? facts.of(graph, name).dtype : undefined;
  };
  const takes = (taken: ReadonlySet<string>, type: string | undefined) =>
    // ONNX Runtime computes in float32 where it has no kernel in half precision.
    type === undefined || taken.has(type) || (type === 'float16' && taken.has('float32'));
  if (kernels.some((kernel) => [...kernel].every(([place, taken]) => takes(taken, typeAt(place))))) return undefined;
  const places = [...new Set(kernels.flatMap((kernel) => [...kernel.keys()]))];
  const first = places[0];
  const types = [...new Set(places.map(typeAt).filter((type) => type !== undefined))].join(', ');
  const taken = first === undefined ? [] : [...new Set(kernels.flatMap((kernel) => [...(kernel.get(first) ?? [])]))];
  return { types, taken };
}

let parsed: ReadonlyMap<string, readonly { readonly since: number; readonly kernels: readonly Kernel[] }[]> | undefined;

/** The kernels by operator, its versions in order. */
function table() {
  parsed ??= new Map(
    cpuKernels
      .trim()
      .split('\n')
      .map((line) => {
        const [name, ...versions] = line.split(' | ');
        return [name!, versions.map(versionOf)];
      }),
  );
  return parsed;
}

function versionOf(text: string) {
  const [since, ...kernels] = text.split(' ');
  return { since: Number(since), kernels: kernels.flatMap(kernelOf) };
}

function kernelOf(text: string): readonly Kernel[] {
  if (text === 'none') return [];
  const places = text === 'any' ? [] : text.split(';');
  return [
    new Map(
      places.map((each) => {
        const [place, types] = each.split(':') as [string, string];
        return [place, new Set(types.split(','))];
      }),
    ),
  ];
}
