import { english } from '../english.ts';
import type { Model } from '../graph/model.ts';
import type { Overlay } from '../overlay.ts';
import type { KernelBound, ProfileReport } from '../report/profile-report.ts';
import { allNodes } from './breakdown.ts';
import { mainKernel } from './roofline.ts';

/** What there is to colour the model's nodes by after a profile. */
export function profileOverlays(model: Model, report: ProfileReport): readonly Overlay[] {
  const { nodes, profiledRuns, roofline } = report;
  const basis = english`${profiledRuns} profiled runs`;
  const empty = () => new Float32Array(model.nextNodeId).fill(Number.NaN);
  // A node without a kernel was folded or dropped: it takes no time. Functions' nodes have no times of their own.
  const time = empty();
  for (const id of allNodes(model).keys()) time[id] = 0;
  const provider = empty();
  const providers = [...new Set(nodes.map((node) => node.provider))].filter((name) => name !== '');
  const bound = empty();
  const attained = empty();
  const memory = empty();
  const tellsMemory = nodes.some(({ outputBytes }) => outputBytes !== undefined);
  if (tellsMemory) for (const id of allNodes(model).keys()) memory[id] = 0;
  const unjudged = new Set(roofline?.unjudged);
  const placed = new Map(roofline?.kernels.map((kernel) => [kernel.kernel, kernel]));
  for (const node of nodes) {
    time[node.id] = node.milliseconds;
    if (node.provider !== '') provider[node.id] = providers.indexOf(node.provider);
    if (tellsMemory) memory[node.id] = node.outputBytes ?? Number.NaN;
    const under = placed.get(mainKernel(node, report));
    if (unjudged.has(mainKernel(node, report))) bound[node.id] = bounds.length;
    if (!under) continue;
    bound[node.id] = bounds.indexOf(under.bound);
    attained[node.id] = 100 * under.attained;
  }
  const category = { unit: '', scale: 'category', basis } as const;
  return [
    { id: 'time', title: english`Time`, unit: 'ms', scale: 'linear', values: time, basis },
    { ...category, id: 'provider', title: english`Execution provider`, values: provider, categories: providers },
    ...(tellsMemory
      ? [
          {
            id: 'measured-memory',
            title: english`Memory (measured)`,
            unit: 'B',
            scale: 'log',
            values: memory,
            basis,
          } as const,
        ]
      : []),
    ...(roofline
      ? [
          {
            ...category,
            id: 'bound',
            title: english`Limited by`,
            values: bound,
            categories: boundNames.slice(0, unjudged.size > 0 ? undefined : bounds.length),
          },
          {
            id: 'attained',
            title: english`Of the ceiling`,
            unit: '%',
            scale: 'inverse',
            values: attained,
            basis,
          } as const,
        ]
      : []),
  ];
}

const bounds: readonly KernelBound[] = ['compute', 'memory', 'overhead'];
const boundNames = [english`compute`, english`memory`, english`overhead`, english`not judged`];
