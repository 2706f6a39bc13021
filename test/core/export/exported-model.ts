import type { ExportedMeasurement, ExportedModel } from '../../../src/core/export/exported-model.ts';
import type { ReportedValue } from '../../../src/core/report/report.ts';

export const value = (name: string, dtype: string, ...shape: (number | string)[]): ReportedValue => ({
  name,
  dtype,
  shape,
});

export const exported = (parts: Partial<ExportedModel> = {}): ExportedModel => ({
  name: 'classifier',
  inputs: [value('image', 'float32', 'N', 3, 224, 224)],
  outputs: [value('scores', 'float32', 'N', 1000)],
  opsets: { 'ai.onnx': 17 },
  irVersion: 8,
  parameters: 11_689_512,
  files: [{ name: 'model.onnx', bytes: 46_800_000, sha256: 'ab'.repeat(32) }],
  opscope: '0.1.0',
  date: '2026-03-01T12:00:00.000Z',
  ...parts,
});

export const measured = (settings: Partial<ExportedMeasurement['settings']> = {}): ExportedMeasurement => ({
  settings: { provider: 'cpu', threads: 4, level: 'extended', dims: { N: 8 }, ...settings },
  latency: {
    runs: 100,
    warmup: 10,
    median: 12.5,
    interval95: [12.3, 12.8],
    mean: 12.6,
    min: 12.1,
    max: 14,
    stable: true,
    problems: [],
  },
  environment: {
    cpu: 'Test CPU',
    features: [],
    cores: 8,
    governor: null,
    load: 0,
    memory: 1 << 30,
    os: 'linux',
    provider: 'cpu',
    threads: 4,
    level: 'extended',
    onnxruntime: '1.24.1',
    opscope: '0.1.0',
    date: '2026-03-01T11:00:00.000Z',
  },
  batch: { best: 8, largest: 16 },
});
