import manifest from '../../package.json' with { type: 'json' };
import type { Handlers } from '../protocol/rpc.ts';
import type { WorkerContract } from '../protocol/worker.ts';
import type { RuntimeManager } from './runtime-client.ts';

/** Tools that an assistant calls. They open files by path, and know nothing of the documents in editors. */
export function toolHandlers(manager: RuntimeManager): Handlers<Pick<WorkerContract, 'callTool'>> {
  return {
    callTool: async ({ name, input, folder }, { signal, progress }) => {
      const { tools } = await import('./tools/catalog.ts');
      const { callTool } = await import('./tools/tool.ts');
      const tool = tools.find((each) => each.name === name);
      if (!tool) throw new Error(`There is no tool ${name}.`);
      return callTool(tool, input, { manager, opscope: manifest.version, folder, signal, onProgress: progress });
    },
  };
}
