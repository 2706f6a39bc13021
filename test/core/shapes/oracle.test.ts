import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Draft } from '../../../src/core/graph/draft.ts';
import type { Dim, Model } from '../../../src/core/graph/model.ts';
import { modelBytes } from '../../../src/core/onnx/model-bytes.ts';
import { dimText } from '../../../src/core/shapes/dim.ts';
import { createFacts } from '../../../src/core/shapes/infer.ts';
import { openModel } from '../../../src/worker/open-model.ts';
import { createRuntimeManager } from '../../../src/worker/runtime-client.ts';
import { corpusFolder, corpusModels, corpusPresent } from '../../corpus.ts';

const manager = createRuntimeManager();
afterAll(() => manager.dispose());

/** The model with every intermediate value as an output, so that ONNX Runtime tells what it inferred of each. */
function exposed(model: Model): { model: Model; values: Set<string> } {
  const { graph } = model;
  const known = new Set(graph.outputs.map(({ name }) => name));
  const values = new Set(graph.nodes.flatMap(({ outputs }) => outputs).filter((name) => name && !known.has(name)));
  const outputs = [...graph.outputs, ...Array.from(values, (name) => ({ name }))];
  return { model: { ...model, graph: { ...graph, outputs, valueInfo: [] } }, values };
}

interface Inferred {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly Dim[];
}

async function inferredByRuntime(model: Model): Promise<readonly Inferred[]> {
  return manager.use(
    async ({ client }) => {
      const bytes = await modelBytes(model);
      const options = { provider: 'cpu', level: 'disabled', threads: 1 } as const;
      const { session, outputs } = await client.createSession({ model: { bytes }, options });
      await client.release({ session });
      return outputs;
    },
    { silence: 20_000 },
  );
}

// Needs the model corpus; `test/corpus.ts` says so when it is not there.
describe.skipIf(!corpusPresent)('shape inference against ONNX Runtime', () => {
  it('knows every static dimension and type that ONNX Runtime infers, and contradicts none', async () => {
    const contradictions: string[] = [];
    const lacking: string[] = [];
    const count = { models: 0, values: 0, agreed: 0, moreKnown: 0 };
    for (const file of corpusModels) {
      const path = join(corpusFolder, file);
      const opened = await openModel(path).catch(() => undefined);
      if (!opened) continue;
      const { model, values } = exposed(opened.model);
      const theirs = await inferredByRuntime(model).catch(() => []);
      const draft = new Draft(opened.model);
      const facts = createFacts(draft);
      if (theirs.length > 0) count.models++;
      for (const { name, dtype, shape } of theirs) {
        if (!values.has(name)) continue;
        count.values++;
        const ours = facts.of(draft.main, name);
        const where = `${file}: ${draft.main.producer(name)?.opType} ${name}`;
        if (ours.dtype && ours.kind === 'tensor' && ours.dtype !== dtype)
          contradictions.push(`${where}: ${ours.dtype}, not ${dtype}`);
        if (!ours.shape) {
          if (shape.length > 0) lacking.push(`${where}: no shape, not ${shape}`);
          continue;
        }
        // ONNX Runtime reports an unknown rank as rank 0.
        if (shape.length === 0) continue;
        const text = `${where}: ${ours.shape.map(dimText)}, not ${shape}`;
        if (shape.length !== ours.shape.length) contradictions.push(text);
        else {
          for (const [axis, size] of shape.entries()) {
            const known = ours.shape[axis]?.constant;
            if (typeof size === 'number' && known === undefined) lacking.push(text);
            else if (typeof size === 'number' && known !== size) contradictions.push(text);
            else if (typeof size === 'number') count.agreed++;
            else if (known !== undefined) count.moreKnown++;
          }
        }
      }
      await opened.close();
    }
    console.info('dimensions against ONNX Runtime', count);
    expect(contradictions).toEqual([]);
    expect(count.agreed).toBeGreaterThan(10_000);
    expect(lacking).toEqual([]);
  }, 300_000);
});
