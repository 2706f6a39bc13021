import { describe, expect, test } from 'vitest';
import { readMeasurement } from '../../../src/core/export/measurement.ts';
import { exported, measured } from './exported-model.ts';

const model = exported();
const { latency, environment } = measured();
const read = (report: object, sha256 = 'ab'.repeat(32)) => readMeasurement(JSON.stringify(report), model, sha256);
const profile = { environment, latency, inputs: [{ name: 'image', shape: [4, 3, 224, 224] }] };
const point = (threads: number, batch: number, median: number) => ({
  provider: 'cpu',
  threads,
  level: 'all',
  dims: { N: batch },
  latency: { ...latency, median },
});

describe('what was measured best', () => {
  test('of a profile: its settings and the sizes it ran with', () => {
    expect(read(profile)).toEqual({
      settings: { provider: 'cpu', threads: 4, level: 'extended', dims: { N: 4 } },
      latency,
      environment,
      batch: { best: 4, largest: 4 },
    });
  });

  test('of a sweep: the settings that serve most samples a second', () => {
    // 1 / 2 ms, 8 / 10 ms and 32 / 50 ms: 500, 800 and 640 samples a second.
    const points = [point(1, 1, 3), point(2, 1, 2), point(2, 8, 10), point(2, 32, 50)];
    const found = read({ environment, points, fastest: [{ point: 1 }, { point: 2 }, { point: 3 }] });
    expect(found.settings).toEqual({ provider: 'cpu', threads: 2, level: 'all', dims: { N: 8 } });
    expect(found.batch).toEqual({ best: 8, largest: 32 });
    expect(found.latency.median).toBe(10);
  });

  test('is refused when it is of another model, or no measurement', () => {
    const other = { ...profile, environment: { ...environment, modelSha256: 'cd'.repeat(32) } };
    expect(() => read(other)).toThrow('another model');
    expect(() => read({ environment, latency })).toThrow('report.inputs');
    expect(() => readMeasurement('{', model, '')).toThrow('not JSON');
    expect(() => read({ environment, points: [], fastest: [{ point: 9 }] })).toThrow('No settings');
  });
});
