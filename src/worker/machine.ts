import { readFile } from 'node:fs/promises';
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import type { Environment } from '../core/report/report.ts';

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
  return {
    cpu: cpus()[0]?.model.trim() ?? arch(),
    features: await cpuFeatures(),
    cores: availableParallelism(),
    governor: await readText('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'),
    load: Math.round(loadavg()[0]! * 100) / 100,
    memory: totalmem(),
    os: `${platform()} ${release()} ${arch()}`,
    ...rest,
    ...(modelSha256 === undefined ? {} : { modelSha256 }),
    date: new Date().toISOString(),
  };
}

/** Names of the instruction sets there are; empty where the system keeps no list in a file. */
export async function cpuFeatures(): Promise<readonly string[]> {
  const text = (await readText('/proc/cpuinfo')) ?? '';
  const flags = new Set(/^(?:flags|Features)\s*:\s*(.*)$/m.exec(text)?.[1]?.split(' '));
  return Object.entries(instructionSets)
    .filter(([flag]) => flags.has(flag))
    .map(([, name]) => name);
}

async function readText(path: string): Promise<string | null> {
  const text = await readFile(path, 'utf8').catch(() => null);
  return text?.trim() ?? null;
}

/** What differs between the machine of a result and this one, in words; empty when it was measured here. */
export function environmentDifferences(measured: Environment, here: Environment): readonly string[] {
  const facts = [
    ['CPU', measured.cpu, here.cpu],
    ['cores', measured.cores, here.cores],
    ['system', measured.os, here.os],
    ['ONNX Runtime', measured.onnxruntime, here.onnxruntime],
  ] as const;
  return facts
    .filter(([, there, now]) => there !== now)
    .map(([name, there, now]) => `${name}: ${there} then, ${now} here`);
}
