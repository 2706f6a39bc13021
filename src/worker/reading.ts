import { basename } from 'node:path';
import { nodeCost } from '../core/cost/node-cost.ts';
import { english } from '../core/english.ts';
import type { Tensor } from '../core/graph/model.ts';
import { layoutGraph } from '../core/layout/layout-graph.ts';
import type { InspectReport } from '../core/report/report.ts';
import { modelText } from '../core/text/model-text.ts';
import type { Handlers } from '../protocol/rpc.ts';
import type { VersionRef, WorkerContract } from '../protocol/worker.ts';
import { asRunScene } from './as-run.ts';
import { type Analysis, asOpened, type Documents, type PlacedNode, type Version } from './documents.ts';
import { exportTensor } from './export-tensor.ts';
import { inspectModel } from './inspect.ts';
import { nodeDetails, nodeTable } from './node-details.ts';
import { protectSource } from './protect.ts';
import { symbolicDims } from './symbolic-dims.ts';
import { tensorDetails } from './tensor-details.ts';

type ReadMethod = 'summary' | 'text' | 'scene' | 'nodeTable' | 'node' | 'tensor' | 'exportTensor' | 'symbolicDims';

/** What the view asks for; nothing here runs a model or changes a document. */
export function readingHandlers(documents: Documents): Handlers<Pick<WorkerContract, ReadMethod>> {
  const analysis = (ref: VersionRef): Analysis => documents.analysis(documents.version(ref));
  const placed = (ref: VersionRef & { node: number }): PlacedNode => {
    const found = analysis(ref).byId.get(ref.node as PlacedNode['node']['id']);
    if (!found) throw new Error(english`That node is not in this version.`);
    return found;
  };
  const constant = (ref: VersionRef & { node: number; value: string }): Tensor => {
    const tensor = placed(ref).graph.constant(ref.value);
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
    summary: ({ provider, ...ref }) => summaryOf(documents.version(ref), provider),
    text: async (ref) => modelText(documents.version(ref).model),
    symbolicDims: async (ref) => symbolicDims(documents.version(ref).model),
    scene: async ({ open, asRun = false, ...ref }, { signal }) => {
      if (asRun) {
        const ran = documents.document(ref.document).measured.get(ref.version)?.asRun;
        if (!ran) throw new Error(english`Profile the model first: the graph as run comes from the profile.`);
        return asRunScene(ran, open, signal);
      }
      const { draft, facts } = analysis(ref);
      return layoutGraph({ main: draft.main, functions: draft.functions, facts, open, signal });
    },
    nodeTable: async (ref) => nodeTable(analysis(ref)),
    node: async (ref) => {
      const version = documents.version(ref);
      const original = documents.version({ ...ref, version: 0 });
      const { graph, node } = placed(ref);
      const cost = nodeCost(graph, node, analysis(ref).sized);
      return nodeDetails(version, analysis(ref), { graph, node }, cost, documents.analysis(original));
    },
    tensor: async (ref, { signal }) => tensorDetails(constant(ref), signal),
    exportTensor: async ({ path, ...ref }, { signal, progress }) => {
      const tensor = constant(ref);
      // Nothing but the file itself is written: as a weights file it stands for both.
      for (const file of documents.document(ref.document).files) protectSource(file, path, basename(path));
      return exportTensor(tensor, path, { signal, onProgress: progress });
    },
  };
}
