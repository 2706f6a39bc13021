import { expect, it } from 'vitest';
import { machineDifferences, machineOf } from '../../../src/core/report/environment.ts';
import type { Environment } from '../../../src/core/report/profile-report.ts';

const here: Environment = {
  cpu: 'One',
  features: null,
  cores: 4,
  governor: null,
  load: 0.1,
  memory: 1,
  os: 'linux 6 x64',
  provider: 'cpu',
  threads: 0,
  level: 'all',
  onnxruntime: '1.30.0',
  opscope: '0.1.0',
  date: '2026-01-01',
};
const machine = machineOf(here)!;

it('a result of this machine has nothing to say, whatever its settings, load and date', () => {
  expect(machineDifferences(machineOf({ ...here, threads: 3, load: 4, date: '2027-01-01' })!, machine)).toEqual([]);
});

it('a result of another machine says what was different there', () => {
  const there = { cpu: 'Two', cores: 8, os: 'darwin 24 arm64', onnxruntime: '1.29.0' };
  expect(machineDifferences(there, machine)).toEqual([
    'the processor was Two, here it is One',
    'there were 8 cores, here are 4',
    'the system was darwin 24 arm64, here it is linux 6 x64',
    'ONNX Runtime was 1.29.0, here it is 1.30.0',
  ]);
});

it('a trace from elsewhere names no machine', () => {
  expect(machineOf({ ...here, cpu: 'not recorded', cores: 0 })).toBeUndefined();
});
