/** Quantizes one model in a process of its own, so that time and peak memory are those of the whole command. */

import { readFileSync } from 'node:fs';
import { openModel } from '../../src/worker/open-model.ts';
import { quantizeModel } from '../../src/worker/quantize.ts';
import { createRuntimeManager } from '../../src/worker/runtime-client.ts';
import { saveModel } from '../../src/worker/save-model.ts';

const [path, scheme, data, output] = process.argv.slice(2) as [string, string, string, string];
const start = performance.now();
const manager = createRuntimeManager();
const { model, bytes } = await openModel(path);
const identity = { path, bytes, irVersion: model.irVersion, producer: '', opsets: {} };
const settings = { provider: 'cpu', threads: 0, timeLimit: 30, dims: {}, seed: 1 };
const options = { scheme, settings, calibration: data, verify: false, measure: scheme === 'auto' };
const result = await quantizeModel({ model, path, identity }, options, { manager, opscope: 'bench' });
// The highest the runtime process ever stood at, as Linux counts it.
const childPeak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${manager.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
await saveModel(result.model, output);
const seconds = (performance.now() - start) / 1000;
manager.dispose();
const { quantized, fused, candidates, advice, options: used } = result.report;
const peakMB = process.resourceUsage().maxRSS / 1024 + childPeak;
console.log(JSON.stringify({ seconds, peakMB, quantized, fused, candidates, advice, used }));
