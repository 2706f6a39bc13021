import type { Handlers } from '../protocol/rpc.ts';
import type { WorkerContract } from '../protocol/worker.ts';
import { createDocuments } from './documents.ts';
import { jobHandlers } from './jobs.ts';
import { overlayHandlers } from './overlays.ts';
import { readingHandlers } from './reading.ts';
import { createRuntimeManager } from './runtime-client.ts';
import { sceneMaker } from './scenes.ts';
import { toolHandlers } from './tool-calls.ts';
import { versionHandlers } from './versions.ts';

/** Everything the extension host may ask of the worker. */
export function createService(): Handlers<WorkerContract> {
  const documents = createDocuments();
  const runtime = createRuntimeManager();
  const scenes = sceneMaker(documents);
  return {
    ...versionHandlers(documents, runtime, scenes),
    ...readingHandlers(documents, scenes),
    ...overlayHandlers(documents),
    ...jobHandlers(documents, runtime),
    ...toolHandlers(runtime),
  } as unknown as Handlers<WorkerContract>;
}
