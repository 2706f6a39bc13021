import { existsSync, readFileSync } from 'node:fs';
import { openModel } from '../../src/worker/open-model.ts';

// A process that opens a model and says what came of it, and what it took: open-child FILE.

const start = performance.now();
let outcome: string;
try {
  const { problems } = await openModel(process.argv[2]!);
  outcome = `opened with ${problems.length} problems`;
} catch (error) {
  outcome = `${(error as Error).name}: ${(error as Error).message}`;
}
const wall = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage();
// Where others use the machine, the processor's time says more than the clock.
const seconds = Math.min(wall, (user + system) / 1e6);
// What `resourceUsage` calls the peak may be that of the process that started this one.
const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
const kilobytes = Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1] ?? process.memoryUsage().rss / 1024);
console.log(JSON.stringify({ outcome, seconds, megabytes: kilobytes / 1024 }));
