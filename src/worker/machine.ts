import { readFile } from 'node:fs/promises';
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import type { Environment } from '../core/report/profile-report.ts';
import type { RunSettings } from '../protocol/worker.ts';
import { hashFile } from './hash-file.ts';
import type { MeasuredModel, MeasurementContext } from './profile.ts';

/** What a measurement depends on beside the model and the machine. */
export interface MeasurementSettings {
  readonly provider: string;
  readonly threads: number;
  readonly level: string;
  readonly onnxruntime: string;
  readonly opscope: string;
  readonly modelSha256?: string | undefined;
}

/** Instruction sets that decide which kernels ONNX Runtime picks, as /proc/cpuinfo calls them, and their usual names. */
const instructionSets: Readonly<Record<string, string>> = {
  avx2: 'AVX2',
  avx_vnni: 'AVX-VNNI',
  avx512f: 'AVX-512',
  avx512_vnni: 'AVX512-VNNI',
  avx512_bf16: 'AVX512-BF16',
  avx512_fp16: 'AVX512-FP16',
  amx_tile: 'AMX',
  amx_int8: 'AMX-INT8',
  amx_bf16: 'AMX-BF16',
  asimd: 'NEON',
  asimddp: 'DOTPROD',
  i8mm: 'I8MM',
  bf16: 'BF16',
  sve: 'SVE',
  sve2: 'SVE2',
  sme: 'SME',
};

/** The machine as it is now, with the settings of a measurement. What the system does not say stays empty or null. */
export async function describeEnvironment(settings: MeasurementSettings): Promise<Environment> {
  const { modelSha256, ...rest } = settings;
  const cores = settings.threads === 0 && settings.provider === 'cpu' ? await physicalCores() : null;
  return {
    cpu: cpus()[0]?.model.trim() ?? arch(),
    features: await cpuFeatures(),
    cores: availableParallelism(),
    governor: await readText('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'),
    load: Math.round(loadavg()[0]! * 100) / 100,
    memory: totalmem(),
    os: `${platform()} ${release()} ${arch()}`,
    ...rest,
    ...(cores === null ? {} : { defaultThreads: cores }),
    ...(modelSha256 === undefined ? {} : { modelSha256 }),
    date: new Date().toISOString(),
  };
}

/** The same as a measurement of `target` begins, with ONNX Runtime's version; to be asked for before anything is timed. */
export async function measurementEnvironment(
  target: Partial<Pick<MeasuredModel, 'identity'>>,
  { provider, threads }: Pick<RunSettings, 'provider' | 'threads'>,
  level: string,
  { manager, opscope, signal }: Pick<MeasurementContext, 'manager' | 'opscope' | 'signal'>,
): Promise<Environment> {
  const { version } = await manager.use(({ client }) => client.describe(undefined), { signal });
  const modelSha256 = target.identity?.sha256;
  return describeEnvironment({ provider, threads, level, onnxruntime: version, opscope, modelSha256 });
}

/** A model with the checksum of its file in its identity, read before anything is timed; a version that only exists here has none. */
export async function withChecksum(target: MeasuredModel): Promise<MeasuredModel> {
  const { path, identity } = target;
  if (path === undefined || identity.sha256 !== undefined) return target;
  return { ...target, identity: { ...identity, sha256: await hashFile(path) } };
}

/** Names of the instruction sets there are; null where the system keeps no list in a file. */
export async function cpuFeatures(): Promise<readonly string[] | null> {
  const text = await readText('/proc/cpuinfo');
  if (text === null) return null;
  const flags = new Set(/^(?:flags|Features)\s*:\s*(.*)$/m.exec(text)?.[1]?.split(' '));
  return Object.entries(instructionSets)
    .filter(([flag]) => flags.has(flag))
    .map(([, name]) => name);
}

/** Cores, where two threads of one count once; null where the system keeps no list in a file. */
export async function physicalCores(): Promise<number | null> {
  const text = await readText('/proc/cpuinfo');
  return text === null ? null : coresIn(text);
}

/** Cores in the text of /proc/cpuinfo: processors by socket and core, each for itself where it has no such numbers. */
export function coresIn(text: string): number | null {
  const cores = text.split(/\n\s*\n/).flatMap((block) => {
    const value = (key: string) => new RegExp(`^${key}\\s*:\\s*(\\d+)`, 'm').exec(block)?.[1];
    const processor = value('processor');
    if (processor === undefined) return [];
    const core = value('core id');
    return core === undefined ? `processor ${processor}` : `${value('physical id') ?? 0}/${core}`;
  });
  return new Set(cores).size || null;
}

async function readText(path: string): Promise<string | null> {
  const text = await readFile(path, 'utf8').catch(() => null);
  return text?.trim() ?? null;
}
