import { basename } from 'node:path';
import { nodeCost } from '../core/cost/node-cost.ts';
import { english } from '../core/english.ts';
import type { Tensor } from '../core/graph/model.ts';
import type { InspectReport } from '../core/report/report.ts';
import { modelText } from '../core/text/model-text.ts';
import type { Handlers } from '../protocol/rpc.ts';
import type { VersionRef, WorkerContract } from '../protocol/worker.ts';
import { constantBehind } from './constant-behind.ts';
import { type Analysis, asOpened, type Documents, type PlacedNode, type Version } from './documents.ts';
import { exportTensor } from './export-tensor.ts';
import { inspectModel } from './inspect.ts';
import { nodeDetails, nodeTable } from './node-details.ts';
import { operatorSchema } from './operator-schema.ts';
import { protectSource } from './protect.ts';
import type { Scenes } from './scenes.ts';
import { tensorDetails, tensorValues } from './tensor-details.ts';

type ReadMethod = 'summary' | 'text' | 'scene' | 'nodeTable' | 'node' | 'tensor' | 'tensorValues' | 'exportTensor';

/** What the view asks for; nothing here runs a model or changes a document. */
export function readingHandlers(documents: Documents, scenes: Scenes): Handlers<Pick<WorkerContract, ReadMethod>> {
  const analysis = (ref: VersionRef): Analysis => documents.analysis(documents.version(ref));
  const placed = (ref: VersionRef & { node: number }): PlacedNode => {
    const found = analysis(ref).byId.get(ref.node as PlacedNode['node']['id']);
    if (!found) throw new Error(english`That node is not in this version.`);
    return found;
  };
  const constant = (ref: VersionRef & { node: number; value: string }): Tensor => {
    const tensor = constantBehind(placed(ref).graph, ref.value);
    if (!tensor) throw new Error(english`${ref.value} is not a constant.`);
    return tensor;
  };
  // The view and the Problems panel ask for the same.
  const summaries = new WeakMap<Version, Map<string, Promise<InspectReport>>>();
  const summaryOf = (version: Version, provider: string): Promise<InspectReport> => {
    const known = summaries.get(version) ?? new Map<string, Promise<InspectReport>>();
    summaries.set(version, known);
    const made =
      known.get(provider) ?? inspectModel(asOpened(version), { provider, known: documents.analysis(version) });
    known.set(provider, made);
    return made;
  };
  return {
    summary: async ({ provider, ...ref }) => {
      await scenes.afterFirst(ref);
      return summaryOf(documents.version(ref), provider);
    },
    text: async (ref) => modelText(documents.version(ref).model),
    scene: (request, { signal }) => scenes.scene(request, signal),
    nodeTable: async (ref) => {
      await scenes.afterFirst(ref);
      return nodeTable(analysis(ref));
    },
    node: async (ref) => {
      const version = documents.version(ref);
      const original = documents.version({ ...ref, version: 0 });
      const { graph, node } = placed(ref);
      const cost = nodeCost(graph, node, analysis(ref).sized);
      const schema = await operatorSchema(node.domain, node.opType, graph.opsets.get(node.domain) ?? 0);
      return nodeDetails({
        version,
        analysis: analysis(ref),
        placed: { graph, node },
        schema,
        figures: cost,
        original: documents.analysis(original),
      });
    },
    tensor: async (ref, { signal }) => tensorDetails(constant(ref), signal),
    tensorValues: async (ref) => tensorValues(constant(ref), ref.offset, ref.count),
    exportTensor: async ({ path, ...ref }, { signal, progress }) => {
      const tensor = constant(ref);
      // Nothing but the file itself is written: as a weights file it stands for both.
      for (const file of documents.document(ref.document).files) protectSource(file, path, basename(path));
      return exportTensor(tensor, path, { signal, onProgress: progress });
    },
  };
}
