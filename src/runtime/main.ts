// The runtime process: answers RuntimeContract over the channel of `fork`. The only program that loads ONNX Runtime.
import { english } from '../core/english.ts';
import { ipcPort } from '../protocol/node-port.ts';
import { serve } from '../protocol/rpc.ts';
import type { RuntimeContract } from '../protocol/runtime.ts';
import { createRuntimeHandlers } from './server.ts';

const closed = new Promise<string>((resolve) =>
  process.once('disconnect', () => resolve(english`The parent process is gone.`)),
);
serve<RuntimeContract>(ipcPort(process, closed), createRuntimeHandlers());
void closed.then(() => process.exit(0));
