// The model worker: answers WorkerContract over the channel of `fork`. It keeps models and starts the runtime process.
import { english } from '../core/english.ts';
import { ipcPort } from '../protocol/node-port.ts';
import { serve } from '../protocol/rpc.ts';
import type { WorkerContract } from '../protocol/worker.ts';
import { createService } from './service.ts';

const closed = new Promise<string>((resolve) =>
  process.once('disconnect', () => resolve(english`The extension host is gone.`)),
);
serve<WorkerContract>(ipcPort(process, closed), createService());
void closed.then(() => process.exit(0));
