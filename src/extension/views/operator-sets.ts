import type * as vscode from 'vscode';
import { log } from '../log.ts';
import type { WorkerProcess } from '../worker-process.ts';

interface Known {
  readonly modified: number;
  readonly version: number | null;
}

/** Versions of the operator set that models name, read one after another by the worker, and each once. */
export interface OperatorSets {
  /** Of a file as it was at a time; null where it names none, undefined until it has been read. */
  of(uri: vscode.Uri, modified: number): number | null | undefined;
  /** Reads no further. What is asked for afterwards is read. */
  stop(): void;
}

/** Starts no worker before a version is asked for. Says when one has been read. */
export function readOperatorSets(workers: WorkerProcess, onRead: (uri: vscode.Uri) => void): OperatorSets {
  const known = new Map<string, Known>();
  const waiting = new Map<string, { readonly uri: vscode.Uri; readonly modified: number }>();
  let reading: AbortController | undefined;
  const readAll = async ({ signal }: AbortController) => {
    for (const [key, { uri, modified }] of waiting) {
      const path = uri.fsPath;
      let version: number | null = null;
      try {
        version = await workers.running().client.operatorSet({ path }, { signal });
      } catch (error) {
        // Opening the model says what is wrong with it.
        log().debug(`Operator set of ${path}: ${(error as Error).message}`);
      }
      if (signal.aborted) return;
      waiting.delete(key);
      known.set(key, { modified, version });
      onRead(uri);
    }
    reading = undefined;
  };
  return {
    of: (uri, modified) => {
      const key = uri.toString();
      const found = known.get(key);
      if (found?.modified === modified) return found.version;
      // A file of another file system would have to be copied whole.
      if (uri.scheme !== 'file') return undefined;
      waiting.set(key, { uri, modified });
      if (!reading) {
        reading = new AbortController();
        void readAll(reading);
      }
      return undefined;
    },
    stop: () => {
      reading?.abort();
      reading = undefined;
      waiting.clear();
    },
  };
}
