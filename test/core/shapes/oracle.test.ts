import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Draft } from '../../../src/core/graph/draft.ts';
import type { Dim, Model } from '../../../src/core/graph/model.ts';
import { modelBytes } from '../../../src/core/onnx/model-bytes.ts';
import { dimText } from '../../../src/core/shapes/dim.ts';
import { createFacts } from '../../../src/core/shapes/infer.ts';
import { modelAsRun } from '../../../src/worker/kernels-as-run.ts';
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

interface Found {
  models: number;
  values: number;
  agreed: number;
  moreKnown: number;
  readonly contradictions: string[];
  readonly lacking: string[];
}

const nothingFound = (): Found => ({
  models: 0,
  values: 0,
  agreed: 0,
  moreKnown: 0,
  contradictions: [],
  lacking: [],
});

/** Compares what nodes of a model's main graph make with what ONNX Runtime says of it; adds to `found`. */
function compare(file: string, model: Model, theirs: readonly Inferred[], found: Found): void {
  const { contradictions, lacking } = found;
  const draft = new Draft(model);
  const facts = createFacts(draft);
  for (const { name, dtype, shape } of theirs) {
    const producer = draft.main.producer(name);
    if (!producer) continue;
    found.values++;
    const ours = facts.of(draft.main, name);
    const where = `${file}: ${producer.opType} ${name}`;
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
        else if (typeof size === 'number') found.agreed++;
        else if (known !== undefined) found.moreKnown++;
      }
    }
  }
}

/** Models in which ONNX Runtime gives a name of the model's to another value: one cast to float32, one unsqueezed. */
const renaming = [
  'fusion/conv_relu_fp16.onnx',
  'testdata/transpose_optimizer_in_place_transpose_unsqueeze_per_axis_dq.onnx',
];

// Needs the model corpus; `test/corpus.ts` says so when it is not there.
describe.skipIf(!corpusPresent)('shape inference against ONNX Runtime', () => {
  it('knows every static dimension and type that ONNX Runtime infers, and contradicts none', async () => {
    const found = nothingFound();
    for (const file of corpusModels) {
      const path = join(corpusFolder, file);
      const opened = await openModel(path).catch(() => undefined);
      if (!opened) continue;
      const { model, values } = exposed(opened.model);
      const theirs = await inferredByRuntime(model).catch(() => []);
      if (theirs.length > 0) found.models++;
      compare(
        file,
        opened.model,
        theirs.filter(({ name }) => values.has(name)),
        found,
      );
      await opened.close();
    }
    const { contradictions, lacking, ...count } = found;
    console.info('dimensions against ONNX Runtime', count);
    expect(contradictions).toEqual([]);
    expect(count.agreed).toBeGreaterThan(10_000);
    expect(lacking).toEqual([]);
  }, 300_000);

  it('knows every static dimension that the model states which ONNX Runtime saves, after it has folded constants', async () => {
    const found = nothingFound();
    for (const file of corpusModels) {
      if (renaming.some((each) => file.endsWith(each))) continue;
      const opened = await openModel(join(corpusFolder, file)).catch(() => undefined);
      if (!opened) continue;
      const saved = await modelAsRun(manager, opened.model, { level: 'basic' }).catch(() => undefined);
      if (saved) found.models++;
      const theirs = (saved?.graph.valueInfo ?? []).flatMap(({ name, type }) =>
        type?.kind === 'tensor' && type.shape ? [{ name, dtype: type.dtype, shape: type.shape }] : [],
      );
      compare(file, opened.model, theirs, found);
      await opened.close();
    }
    const { contradictions, lacking, ...count } = found;
    console.info('dimensions against what ONNX Runtime saves', count);
    expect(contradictions).toEqual([]);
    expect(count.agreed).toBeGreaterThan(2_000);
    expect(lacking).toEqual([]);
  }, 300_000);
});
