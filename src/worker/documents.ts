import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { english } from '../core/english.ts';
import { graphAttributes } from '../core/graph/attribute.ts';
import { Draft } from '../core/graph/draft.ts';
import type { Model, Node, NodeId } from '../core/graph/model.ts';
import type { GraphView } from '../core/graph/view.ts';
import type { Overlay } from '../core/overlay.ts';
import type { Problem } from '../core/problem.ts';
import type { Trace } from '../core/profile/trace.ts';
import type { ExplainedRewrite } from '../core/report/report.ts';
import type { Facts } from '../core/shapes/facts.ts';
import { createFacts } from '../core/shapes/infer.ts';
import type { DocumentId, VersionInfo, VersionRef } from '../protocol/worker.ts';
import { assumedDims } from './inspect.ts';
import type { KeptCandidate } from './kept-candidates.ts';
import { makeTemporaryFolder, type TemporaryFolder } from './model-source.ts';
import { type OpenedModel, openModel } from './open-model.ts';
import type { AsRun } from './profile.ts';

/** By node of a version: the original's nodes it stands for. A node that is not in it stands for itself. */
export type Origins = ReadonlyMap<NodeId, readonly NodeId[]>;

/** A state of a model, and what has been found out about it. */
export interface Version {
  readonly info: VersionInfo;
  readonly model: Model;
  readonly problems: readonly Problem[];
  /** The file it was read from. */
  readonly path: string;
  readonly origins: Origins;
  /** What made it from its parent. */
  readonly rewrites: readonly ExplainedRewrite[];
}

/** What was measured on a version. */
export interface Measured {
  readonly overlays: readonly Overlay[];
  readonly asRun: AsRun | null;
  /** One typical run of the last profile. */
  readonly timeline?: Trace | null;
  /** Milliseconds of its timed runs: too many to travel with every report. */
  readonly samples?: readonly number[];
}

/** A node and the graph it is in. */
export interface PlacedNode {
  readonly node: Node;
  readonly graph: GraphView;
}

/** Indexes over a version, made when they are first needed. */
export interface Analysis {
  readonly draft: Draft;
  readonly facts: Facts;
  /** Facts with sizes put in for symbolic dimensions, for costs. */
  readonly sized: Facts;
  /** Every node in topological order, outer graphs before the bodies in them. */
  readonly nodes: readonly PlacedNode[];
  readonly byId: ReadonlyMap<NodeId, PlacedNode>;
}

/** What a search tried on a version, to be opened as versions of their own. */
export interface Candidates {
  readonly parent: number;
  /** The data that it was calibrated with. */
  readonly data: Pick<VersionInfo, 'samples' | 'image'>;
  readonly kept: readonly KeptCandidate[];
}

/** An open model with its versions. */
export interface OpenDocument {
  readonly id: DocumentId;
  readonly path: string;
  /** Files that the versions' weights lie in; closed with the document. */
  readonly files: OpenedModel[];
  readonly versions: Map<number, Version>;
  /** What searches tried, by the version whose report lists it. */
  readonly candidates: Map<number, Candidates>;
  /** Where candidates, and what calibration found, lie; removed with the document. */
  readonly folders: TemporaryFolder[];
  /** Passes over calibration data, so that a job that was cancelled goes on where it was. */
  calibration?: string;
  /** The last profile of each version. */
  readonly measured: Map<number, Measured>;
  head: number;
}

/** The documents that are open in this worker. */
export interface Documents {
  open(path: string, restore?: (document: OpenDocument) => Promise<void>): Promise<OpenDocument>;
  close(id: DocumentId): Promise<void>;
  document(id: DocumentId): OpenDocument;
  version(ref: VersionRef): Version;
  analysis(version: Version): Analysis;
}

/** No documents yet. */
export function createDocuments(): Documents {
  const documents = new Map<DocumentId, { readonly document: Promise<OpenDocument>; uses: number }>();
  const opened = new Map<DocumentId, OpenDocument>();
  const analyses = new WeakMap<Version, Analysis>();

  const openNew = async (id: DocumentId, path: string, restore?: (document: OpenDocument) => Promise<void>) => {
    const file = await openModel(path);
    const document: OpenDocument = {
      id,
      path,
      files: [file],
      versions: new Map(),
      candidates: new Map(),
      folders: [],
      measured: new Map(),
      head: 0,
    };
    document.versions.set(0, original(file));
    await restore?.(document);
    opened.set(id, document);
    return document;
  };
  const document = (id: DocumentId) => {
    const found = opened.get(id);
    if (!found) throw new Error(english`This model is not open any more. Open it again.`);
    return found;
  };
  return {
    open: (path, restore) => {
      const id = realPath(path);
      const known = documents.get(id);
      if (known) {
        known.uses++;
        return known.document;
      }
      const entry = { document: openNew(id, path, restore), uses: 1 };
      documents.set(id, entry);
      entry.document.catch(() => documents.delete(id));
      return entry.document;
    },
    close: async (id) => {
      const known = documents.get(id);
      if (!known || --known.uses > 0) return;
      documents.delete(id);
      opened.delete(id);
      const { files, folders } = await known.document;
      for (const file of files) await file.close();
      for (const folder of folders) await folder.remove();
    },
    document,
    version: (ref) => {
      const found = document(ref.document).versions.get(ref.version);
      if (!found) throw new Error(english`There is no version ${ref.version} of this model.`);
      return found;
    },
    analysis: (version) => {
      const known = analyses.get(version);
      if (known) return known;
      const made = analyse(version.model);
      analyses.set(version, made);
      return made;
    },
  };
}

/** Version 0: the model as its file has it. */
export function original(file: OpenedModel, info: Partial<VersionInfo> = {}): Version {
  return {
    info: {
      id: 0,
      label: english`Original`,
      kind: 'original',
      parent: null,
      nodes: countNodes(file.model),
      bytes: file.bytes,
      ...info,
    },
    model: file.model,
    // Looked for when they are asked for, which is after the first picture.
    get problems() {
      return file.problems;
    },
    path: file.path,
    origins: new Map(),
    rewrites: [],
  };
}

/** Adds a version made from another one; its number is the next that is free. */
export function addVersion(
  document: OpenDocument,
  version: Omit<Version, 'info'> & { readonly info: Omit<VersionInfo, 'id'> },
): Version {
  const id = Math.max(...document.versions.keys()) + 1;
  const added: Version = { ...version, info: { ...version.info, id } };
  document.versions.set(id, added);
  document.head = id;
  return added;
}

/** A version as what was opened: for what works on a model and its file. */
export function asOpened(version: Version): OpenedModel {
  const { model, path, info } = version;
  return {
    model,
    path,
    get problems() {
      return version.problems;
    },
    bytes: info.bytes,
    close: async () => {},
  };
}

/** Nodes of a model, those in bodies and functions included. */
export function countNodes({ graph, functions }: Model): number {
  let count = 0;
  const work = [graph.nodes, ...functions.map(({ nodes }) => nodes)];
  for (let nodes = work.pop(); nodes; nodes = work.pop()) {
    count += nodes.length;
    for (const node of nodes) for (const { graph } of graphAttributes(node)) work.push(graph.nodes);
  }
  return count;
}

function analyse(model: Model): Analysis {
  const draft = new Draft(model);
  const nodes = draft.graphs().flatMap((graph) => graph.nodes().map((node) => ({ node, graph })));
  const facts = createFacts(draft);
  const dims = assumedDims(model);
  const sized = dims.size === 0 ? facts : createFacts(draft, { dims });
  return { draft, facts, sized, nodes, byId: new Map(nodes.map((placed) => [placed.node.id, placed])) };
}

/** One name for one file, however it is reached. A file that does not exist is told of when it is opened. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** The file that passes over calibration data are kept in until the document closes. */
export async function calibrationFile(document: OpenDocument): Promise<string> {
  if (document.calibration !== undefined) return document.calibration;
  const folder = await makeTemporaryFolder();
  document.folders.push(folder);
  document.calibration = join(folder.path, 'calibration.json');
  return document.calibration;
}
