import { execFileSync } from 'node:child_process';

/** Process ids of the runtime processes, or of those of another program of the extension, below a process. */
export function runtimeProcesses(ancestor: number, program: 'runtime.cjs' | 'worker.cjs' = 'runtime.cjs'): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).trim().split('\n');
  const processes = lines.map((line) => {
    const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)!;
    return { pid: Number(pid), parent: Number(parent), command: command! };
  });
  const below = new Set([ancestor]);
  for (let before = 0; before < below.size; ) {
    before = below.size;
    for (const { pid, parent } of processes) if (below.has(parent)) below.add(pid);
  }
  return processes.filter(({ pid, command }) => below.has(pid) && command.includes(program)).map(({ pid }) => pid);
}
