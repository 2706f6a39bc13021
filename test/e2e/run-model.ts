import { toNumbers } from '../../src/core/tensor/convert.ts';
import { makeInputs } from '../../src/worker/inputs.ts';
import { openModel } from '../../src/worker/open-model.ts';
import { startRuntime } from '../../src/worker/runtime-client.ts';

/** The largest difference between the outputs of two model files on the same random inputs, run by ONNX Runtime itself. */
export async function largestDifference(
  pathA: string,
  pathB: string,
  dims: Readonly<Record<string, number>> = {},
): Promise<number> {
  const opened = await openModel(pathA);
  const { feeds } = await makeInputs(opened.model, { dims, seed: 7 });
  await opened.close();
  const runtime = startRuntime();
  try {
    const outputs = async (path: string) => {
      const options = { provider: 'cpu', level: 'all', threads: 1 } as const;
      const { session } = await runtime.client.createSession({ model: { path }, options });
      return runtime.client.run({ session, feeds: feeds[0]! });
    };
    const [a, b] = [await outputs(pathA), await outputs(pathB)];
    const differences = Object.entries(a).map(([name, value]) => {
      const x = toNumbers(value.dtype, value.bytes);
      const y = toNumbers(b[name]!.dtype, b[name]!.bytes);
      return Math.max(...Array.from(x, (each, index) => Math.abs(each - y[index]!)));
    });
    return Math.max(...differences);
  } finally {
    runtime.kill();
  }
}
