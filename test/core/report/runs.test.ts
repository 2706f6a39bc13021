import { describe, expect, it } from 'vitest';
import {
  compareRuns,
  hasChangedSince,
  type MeasuredRun,
  mediansOf,
  mostRuns,
  runFigure,
  sameMachine,
  sparkline,
  withRun,
} from '../../../src/core/report/runs.ts';

const run = (id: number, more: Partial<MeasuredRun> = {}): MeasuredRun => ({
  id: String(id),
  model: 'file:///a.onnx',
  version: 'Original',
  date: new Date(Date.UTC(2026, 0, 1) + id * 1000).toISOString(),
  median: id,
  interval95: [id - 0.2, id + 0.2],
  runs: 60,
  provider: 'cpu',
  threads: 0,
  ...more,
});

describe('runs', () => {
  it('are kept newest first, and the oldest go', () => {
    let runs: readonly MeasuredRun[] = [];
    for (let id = 0; id < mostRuns + 5; id++) runs = withRun(runs, run(id));
    expect(runs).toHaveLength(mostRuns);
    expect(runs[0]!.id).toBe('204');
    expect(runs.at(-1)!.id).toBe('5');
    expect(withRun(runs, run(204, { sha256: 'x' }))).toHaveLength(mostRuns);
  });

  it('give the medians of one model, oldest first', () => {
    const runs = [run(1), run(2, { model: 'file:///b.onnx' }), run(3)].reduce(withRun, [] as readonly MeasuredRun[]);
    expect(mediansOf(runs, 'file:///a.onnx')).toEqual([1, 3]);
  });

  it('are drawn as bars', () => {
    expect(sparkline([])).toBe('');
    expect(sparkline([3])).toBe('');
    expect(sparkline([2, 2])).toBe('██');
    expect(sparkline([8.12, 8.21])).toBe('██');
    expect(sparkline([0, 0])).toBe('▁▁');
    expect(sparkline([1, 8, 4.5])).toBe('▁█▅');
    expect(sparkline([100, 1, 8], 2)).toBe('▁█');
  });

  it('say the median with its interval', () => {
    expect(runFigure({ median: 1.823, interval95: [1.79, 1.861] })).toBe('1.82\u00a0ms (1.79–1.86\u00a0ms)');
  });

  it('know when the file is another one', () => {
    const file = { size: 10, mtime: 1 };
    const old = run(1, { file, sha256: 'a' });
    const touched = { size: 10, mtime: 2 };
    expect(hasChangedSince(old, file, [old])).toBe(false);
    expect(hasChangedSince(old, touched, [old])).toBe(true);
    expect(hasChangedSince(old, touched, [old, run(2, { file: touched, sha256: 'a' })])).toBe(false);
    expect(hasChangedSince(old, touched, [old, run(2, { file: touched, sha256: 'b' })])).toBe(true);
    expect(hasChangedSince(run(1), touched, [])).toBe(false);
  });

  it('know when they are of two machines, as far as the machines are known', () => {
    const machine = { cpu: 'One', cores: 4, os: 'linux', onnxruntime: '1.30.0' };
    expect(sameMachine(run(1, { machine }), run(2, { machine: { ...machine } }))).toBe(true);
    expect(sameMachine(run(1, { machine }), run(2, { machine: { ...machine, cores: 8 } }))).toBe(false);
    expect(sameMachine(run(1, { machine }), run(2))).toBe(true);
  });

  it('differ only where their intervals do not meet', () => {
    expect(compareRuns(run(2), run(1))).toEqual({ ratio: 0.5, difference: 'faster' });
    expect(compareRuns(run(1), run(2))).toEqual({ ratio: 2, difference: 'slower' });
    expect(compareRuns(run(1), run(1, { median: 1.1 })).difference).toBe('overlap');
  });
});
