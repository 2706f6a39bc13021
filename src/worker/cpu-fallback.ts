import { english } from '../core/english.ts';
import type { ModelSource, SessionOptions } from '../protocol/runtime.ts';
import type { Runtime } from './runtime-client.ts';

/**
 * Says when ONNX Runtime puts nodes of a model on the CPU that were meant for another provider, which it does silently;
 * nothing when it does not, or when the model does not load there at all.
 */
export async function cpuFallback(
  { client }: Runtime,
  model: ModelSource,
  options: SessionOptions,
): Promise<string | undefined> {
  if (options.provider === 'cpu') return undefined;
  try {
    const config = { ...options.config, 'session.disable_cpu_ep_fallback': '1' };
    const { session } = await client.createSession({ model, options: { ...options, config } });
    await client.release({ session });
    return undefined;
  } catch (error) {
    return error instanceof Error && /fallback to CPU/i.test(error.message)
      ? english`Nodes run on the CPU instead of ${options.provider}: a profile says which.`
      : undefined;
  }
}
