import { english } from '../core/english.ts';
import type { TensorValue } from '../core/evaluator.ts';
import { modelBytes } from '../core/onnx/model-bytes.ts';
import { withProviderAdvice } from '../core/provider-advice.ts';
import { probeModel } from './probe-model.ts';
import { createRuntimeManager, type RuntimeOptions } from './runtime-client.ts';

/** An execution provider and whether it works here. */
export interface ProviderState {
  readonly name: string;
  readonly available: boolean;
  /** What it is, or why it does not work and what to do. */
  readonly note: string;
}

const addition = probeModel({
  inputs: { x: [1] },
  outputs: { y: [1] },
  nodes: [{ opType: 'Add', inputs: ['x', 'x'], output: 'y' }],
});

/** Long enough for a driver to compile its first shader. */
const trialMs = 20_000;

/**
 * Every provider that this build of ONNX Runtime knows, each tried with a model of one addition in a process of its
 * own: a driver that is missing or broken can take the process down. Takes a second or two.
 */
export async function listProviders(options: RuntimeOptions = {}): Promise<readonly ProviderState[]> {
  const manager = createRuntimeManager(options);
  try {
    const { backends } = await manager.use(({ client }) => client.describe(undefined), { silence: trialMs });
    const states: ProviderState[] = [];
    for (const { name } of backends) states.push(await tryProvider(name, options));
    return states;
  } finally {
    manager.dispose();
  }
}

async function tryProvider(name: string, options: RuntimeOptions): Promise<ProviderState> {
  if (name === 'cpu') return { name, available: true, note: english`Built in; runs every model.` };
  const manager = createRuntimeManager(options);
  try {
    const bytes = await modelBytes(addition);
    const x: TensorValue = { dtype: 'float32', dims: [1], bytes: new Uint8Array(4) };
    await manager.use(
      async ({ client }) => {
        const options = { provider: name, level: 'all', threads: 1 } as const;
        const { session } = await client.createSession({ model: { bytes }, options });
        await client.run({ session, feeds: { x } });
      },
      { silence: trialMs },
    );
    return { name, available: true, note: english`Works here.` };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      name,
      available: false,
      note: withProviderAdvice(name, firstLine(reason)),
    };
  } finally {
    manager.dispose();
  }
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0]!.slice(0, 500);
}
