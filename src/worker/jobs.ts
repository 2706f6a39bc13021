import manifest from '../../package.json' with { type: 'json' };
import { english } from '../core/english.ts';
import type { NodeId } from '../core/graph/model.ts';
import { typicalRun } from '../core/profile/timeline.ts';
import { schemes } from '../core/quantize/quantize-model.ts';
import { machineDifferences } from '../core/report/environment.ts';
import type { CallContext, Handlers } from '../protocol/rpc.ts';
import type { VersionRef, WorkerContract } from '../protocol/worker.ts';
import { compareGraphs, compareModels } from './compare.ts';
import {
  addVersion,
  asOpened,
  type Candidates,
  calibrationFile,
  type Documents,
  type OpenDocument,
  type Origins,
  type Version,
} from './documents.ts';
import { modelIdentity } from './inspect.ts';
import { openCandidate } from './kept-candidates.ts';
import { describeEnvironment } from './machine.ts';
import { type MappedSide, mapVersions } from './mapping.ts';
import { makeTemporaryFolder } from './model-source.ts';
import { optimizeModel } from './optimize.ts';
import { type MeasuredModel, type MeasurementContext, type ProfileResult, profileModel } from './profile.ts';
import { profileFromTrace } from './profile-from-trace.ts';
import { listProviders } from './providers.ts';
import { pruneModel, usableSqnr } from './prune.ts';
import { type QuantizeResult, quantizeAdvice, quantizeModel } from './quantize.ts';
import type { RuntimeManager } from './runtime-client.ts';
import { sweepModel } from './sweep.ts';

type JobMethod =
  | 'profile'
  | 'loadTrace'
  | 'sweep'
  | 'optimize'
  | 'quantize'
  | 'quantizeAdvice'
  | 'openCandidate'
  | 'prune'
  | 'compare'
  | 'diff'
  | 'providers'
  | 'machineDifferences'
  | 'runtimePid';

/** What runs models. The functions behind it are the command line's. */
export function jobHandlers(documents: Documents, manager: RuntimeManager): Handlers<Pick<WorkerContract, JobMethod>> {
  let providers: ReturnType<typeof listProviders> | undefined;
  const measurement = ({ signal, progress }: CallContext): MeasurementContext => ({
    manager,
    opscope: manifest.version,
    signal,
    onProgress: progress,
  });
  return {
    profile: async ({ document, version: id, ...options }, context) => {
      const version = documents.version({ document, version: id });
      const result = await profileModel(
        await measured(version),
        { ...options, samples: true, roofline: options.settings.provider === 'cpu' },
        measurement(context),
      );
      return keepProfile(documents.document(document), id, result);
    },
    loadTrace: async ({ document, version: id, path, level }, context) => {
      const version = documents.version({ document, version: id });
      const result = await profileFromTrace(await measured(version), path, level, measurement(context));
      return keepProfile(documents.document(document), id, result);
    },
    sweep: async ({ document, version: id, ...options }, context) =>
      sweepModel(await measured(documents.version({ document, version: id })), options, measurement(context)),
    optimize: async ({ document, version: id, settings, measure, targetOpset, ...options }, context) => {
      const { signal, progress } = context;
      const parent = documents.version({ document, version: id });
      const { model, report, origins } = await optimizeModel(asOpened(parent), {
        ...options,
        seed: settings.seed,
        measure: measure ? settings : undefined,
        usualDims: settings.dims,
        ...(targetOpset === undefined ? {} : { passOptions: { targetOpset } }),
        ...(settings.inputs === undefined ? {} : { inputs: settings.inputs }),
        manager,
        opscope: manifest.version,
        signal,
        onProgress: progress,
      });
      const made = {
        model,
        problems: [],
        path: parent.path,
        origins: originsThrough(origins, parent.origins),
        rewrites: report.rewrites,
      };
      const { latency } = report;
      const { nodes, bytes } = report.after;
      const version = addVersion(documents.document(document), {
        ...made,
        info: {
          nodes,
          bytes,
          kind: 'optimized',
          label: english`Simplified`,
          parent: id,
          verdict: report.verdict,
          ...(latency ? { latency } : {}),
        },
      });
      return { version: version.info, report };
    },
    quantizeAdvice: ({ scheme, provider, ...version }, { signal }) =>
      quantizeAdvice(documents.version(version).model, schemes.find((each) => each === scheme) ?? 'auto', provider, {
        manager,
        signal,
      }),
    quantize: async ({ document, version: id, exclude, excludeIn = id, ...options }, context) => {
      const open = documents.document(document);
      const folder = options.scheme === 'auto' ? await makeTemporaryFolder() : undefined;
      if (folder) open.folders.push(folder);
      const result = await quantizeModel(
        await measured(documents.version({ document, version: id })),
        {
          ...options,
          exclude: sourcesIn({ document, version: id }, excludeIn, exclude),
          ...(folder ? { candidatesFolder: folder.path } : {}),
          ...(options.calibration === undefined ? {} : { calibrationCache: await calibrationFile(open) }),
        },
        measurement(context),
      );
      const { calibration: samples, image } = options;
      const data = { ...(samples === undefined ? {} : { samples }), ...(image === undefined ? {} : { image }) };
      const candidates = { parent: id, data, kept: result.candidates };
      const { report, overlays } = result;
      if (report.keepFloat) {
        open.candidates.set(id, candidates);
        return { version: null, report };
      }
      const version = addQuantized(open, result, candidates);
      open.measured.set(version.info.id, { overlays, asRun: null });
      return { version: version.info, report };
    },
    openCandidate: async ({ label, ...ref }, { signal }) => {
      const open = documents.document(ref.document);
      const candidates = open.candidates.get(ref.version);
      const kept = candidates?.kept.find((each) => each.label === label);
      if (!candidates || !kept)
        throw new Error(english`This candidate is not kept any more. Quantize again to find it.`);
      const { file, report } = await openCandidate(kept, manager, signal);
      open.files.push(file);
      const version = addQuantized(open, { ...kept, model: file.model, report }, candidates);
      return { version: version.info, report };
    },
    prune: async ({ document, version: id, ...options }, context) => {
      const parent = documents.version({ document, version: id });
      const { model, report, origins } = await pruneModel(
        await measured(parent),
        { ...options, minSqnr: usableSqnr },
        measurement(context),
      );
      const { after, verdict, latency } = report;
      const version = addVersion(documents.document(document), {
        model,
        problems: [],
        path: parent.path,
        origins: originsThrough(origins, parent.origins),
        rewrites: [],
        info: {
          nodes: after.nodes,
          bytes: after.bytes,
          kind: 'pruned',
          label: english`Pruned`,
          parent: id,
          verdict,
          ...(latency ? { latency } : {}),
        },
      });
      return { version: version.info, report };
    },
    compare: async ({ a, b, settings, measure }, context) => {
      const [before, after] = [sideOf(a), sideOf(b)];
      // Made inputs lie outside the ranges that a quantized version was calibrated for.
      const { samples, image } = (after.version.info.samples === undefined ? before : after).version.info;
      const options = { settings, level: 'all', measure, samples, image } as const;
      const models = [await measured(before.version), await measured(after.version)] as const;
      const report = await compareModels(...models, options, measurement(context));
      return { report, mapping: await mapVersions(before, after, a.document === b.document) };
    },
    diff: async ({ a, b }) => {
      const [before, after] = [sideOf(a), sideOf(b)];
      const report = await compareGraphs(await measured(before.version), await measured(after.version));
      return { report, mapping: await mapVersions(before, after, a.document === b.document) };
    },
    // A driver does not come or go while an editor is open, and trying all takes a second or two.
    providers: () =>
      (providers ??= listProviders().catch((error: unknown) => {
        providers = undefined;
        throw error;
      })),
    machineDifferences: async ({ measured: there }) => {
      const settings = { provider: 'cpu', threads: 0 };
      const { version } = await manager.use(({ client }) => client.describe(undefined));
      const here = await describeEnvironment({
        ...settings,
        level: 'all',
        onnxruntime: version,
        opscope: manifest.version,
      });
      return machineDifferences(there, here);
    },
    runtimePid: async () => manager.pid,
  };

  /** Nodes of a version for nodes of another: the same ones, or those that come from the same nodes of the original. */
  function sourcesIn(ref: VersionRef, other: number, ids: readonly NodeId[]): readonly NodeId[] {
    const into = documents.version(ref);
    const { byId } = documents.analysis(into);
    const { origins } = documents.version({ ...ref, version: other });
    return ids.flatMap((id) => {
      if (byId.has(id)) return [id];
      const wanted = new Set(origins.get(id));
      return [...byId.keys()].filter((each) => (into.origins.get(each) ?? [each]).some((from) => wanted.has(from)));
    });
  }

  function sideOf(ref: VersionRef): MappedSide {
    const version = documents.version(ref);
    return { version, analysis: documents.analysis(version) };
  }
}

/** Adds a version that quantization made; the candidates of a search can be opened from it, too. */
function addQuantized(
  document: OpenDocument,
  { model, report, origins, rewrites }: Pick<QuantizeResult, 'model' | 'report' | 'origins' | 'rewrites'>,
  candidates: Candidates,
): Version {
  const { scheme, after, verdict, latency } = report;
  const parent = document.versions.get(candidates.parent)!;
  const version = addVersion(document, {
    model,
    problems: [],
    path: parent.path,
    origins: originsThrough(origins, parent.origins),
    rewrites,
    info: {
      nodes: after.nodes,
      bytes: after.bytes,
      kind: 'quantized',
      label: schemeLabels[scheme] ?? scheme,
      parent: candidates.parent,
      verdict,
      ...(latency ? { latency } : {}),
      ...candidates.data,
    },
  });
  document.candidates.set(version.info.id, candidates);
  return version;
}

/** What versions are called, by the scheme that made them. */
const schemeLabels: Readonly<Record<string, string>> = {
  'dynamic-int8': english`int8 (dynamic)`,
  'static-int8': 'int8',
  'int8-weights': english`int8 weights`,
  'int4-weights': english`int4 weights`,
};

/** A version for a measurement; the original is measured from its file. */
async function measured(version: Version): Promise<MeasuredModel> {
  const identity = await modelIdentity(asOpened(version));
  return { model: version.model, identity, ...(version.info.parent === null ? { path: version.path } : {}) };
}

/** Origins in the original, from origins in the parent and the parent's own. Nodes that stand for themselves are left out. */
function originsThrough(origins: ReadonlyMap<NodeId, Iterable<NodeId>>, parents: Origins): Origins {
  const through = new Map<NodeId, readonly NodeId[]>();
  for (const [id, from] of origins) {
    const sources = [...new Set([...from].flatMap((each) => parents.get(each) ?? [each]))];
    if (sources.length !== 1 || sources[0] !== id) through.set(id, sources);
  }
  return through;
}

/** Keeps what a profile says of each node, and its timed runs, with its version; gives the rest as the report. */
function keepProfile({ measured }: OpenDocument, id: number, { report, overlays, asRun, trace }: ProfileResult) {
  // What quantization found out about its version stays.
  const others = (measured.get(id)?.overlays ?? []).filter((old) => overlays.every((overlay) => overlay.id !== old.id));
  const { samples, ...latency } = report.latency;
  measured.set(id, {
    overlays: [...overlays, ...others],
    asRun,
    timeline: trace && typicalRun(trace),
    ...(samples ? { samples } : {}),
  });
  return { ...report, latency };
}
