import { type ChildProcess, fork } from 'node:child_process';
import * as vscode from 'vscode';
import { ipcPort } from '../protocol/node-port.ts';
import { type Client, connect } from '../protocol/rpc.ts';
import type { WorkerContract } from '../protocol/worker.ts';
import { log } from './log.ts';

/** The model worker of this window: started when it is first used, and again after it died. */
export interface WorkerProcess {
  /** The worker that runs now, started if there is none. Documents opened in an earlier one are unknown to it. */
  running(): RunningWorker;
  dispose(): void;
}

export interface RunningWorker {
  readonly client: Client<WorkerContract>;
  /** Settles when the process is gone, with the reason in words. */
  readonly closed: Promise<string>;
}

/** Manages the worker whose program is `dist/worker.cjs` of the extension. */
export function createWorkerProcess(extensionPath: string): WorkerProcess {
  let current: RunningWorker | undefined;
  let child: ChildProcess | undefined;
  const start = (): RunningWorker => {
    child = fork(`${extensionPath}/dist/worker.cjs`, [], {
      serialization: 'advanced',
      execArgv: [],
      // On desktop VS Code the executable is Electron, which this variable turns into plain Node.
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    log().info(`Model worker started, process ${child.pid}.`);
    const closed = ended(child);
    const started = { client: connect<WorkerContract>(ipcPort(child, closed)), closed };
    void closed.then((reason) => {
      log().error(reason);
      if (current === started) current = undefined;
    });
    return started;
  };
  return {
    running: () => {
      current ??= start();
      return current;
    },
    dispose: () => child?.kill(),
  };
}

function ended(child: ChildProcess): Promise<string> {
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => log().info(text.trimEnd()));
  }
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(vscode.l10n.t('The model worker could not be started: {0}', error.message)));
    child.once('exit', (code, signal) =>
      resolve(vscode.l10n.t('The model worker ended unexpectedly ({0}).', signal ?? `exit code ${code}`)),
    );
  });
}
