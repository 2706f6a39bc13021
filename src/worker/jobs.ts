import manifest from '../../package.json' with { type: 'json' };
import { english } from '../core/english.ts';
import type { NodeId } from '../core/graph/model.ts';
import { typicalRun } from '../core/profile/timeline.ts';
import { schemes } from '../core/quantize/quantize-model.ts';
import { machineDifferences } from '../core/report/environment.ts';
import type { CallContext, Handlers } from '../protocol/rpc.ts';
import type { VersionRef, WorkerContract } from '../protocol/worker.ts';
import { compareGraphs, compareModels } from './compare.ts';
import { addVersion, asOpened, type Documents, type OpenDocument, type Origins, type Version } from './documents.ts';
import { modelIdentity } from './inspect.ts';
import { describeEnvironment } from './machine.ts';
import { type MappedSide, mapVersions } from './mapping.ts';
import { optimizeModel } from './optimize.ts';
import { type MeasuredModel, type MeasurementContext, type ProfileResult, profileModel } from './profile.ts';
import { profileFromTrace } from './profile-from-trace.ts';
import { listProviders } from './providers.ts';
import { quantizeAdvice, quantizeModel } from './quantize.ts';
import type { RuntimeManager } from './runtime-client.ts';
import { sweepModel } from './sweep.ts';

type JobMethod =
  | 'profile'
  | 'loadTrace'
  | 'sweep'
  | 'optimize'
  | 'quantize'
  | 'quantizeAdvice'
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
    quantizeAdvice: ({ scheme, ...version }, { signal }) =>
      quantizeAdvice(documents.version(version).model, schemes.find((each) => each === scheme) ?? 'auto', {
        manager,
        signal,
      }),
    quantize: async ({ document, version: id, ...options }, context) => {
      const parent = documents.version({ document, version: id });
      const { model, report, origins, overlays, rewrites } = await quantizeModel(
        await measured(parent),
        options,
        measurement(context),
      );
      const { nodes, bytes } = report.after;
      const { verdict, latency } = report;
      const version = addVersion(documents.document(document), {
        model,
        problems: [],
        path: parent.path,
        origins: originsThrough(origins, parent.origins),
        rewrites,
        info: {
          nodes,
          bytes,
          kind: 'quantized',
          label: schemeLabels[report.scheme] ?? report.scheme,
          parent: id,
          verdict,
          ...(latency ? { latency } : {}),
          ...(options.calibration === undefined ? {} : { samples: options.calibration }),
          ...(options.image === undefined ? {} : { image: options.image }),
        },
      });
      documents.document(document).measured.set(version.info.id, { overlays, asRun: null });
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

  function sideOf(ref: VersionRef): MappedSide {
    const version = documents.version(ref);
    return { version, analysis: documents.analysis(version) };
  }
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
