import type { ValueStatistics } from '../core/drift/report.ts';
import { createDistribution, type DistributionBuilder } from '../core/drift/sketch.ts';
import { english } from '../core/english.ts';
import type { TensorValue } from '../core/evaluator.ts';
import { createRandom } from '../core/random.ts';
import { toNumbers } from '../core/tensor/convert.ts';
import { openSamples } from './calibration-data.ts';
import { createEvaluator } from './evaluator.ts';
import type { OpenedModel } from './open-model.ts';
import type { MeasurementContext } from './profile.ts';

export interface DataStatistics {
  readonly samples: number;
  readonly values: readonly ValueStatistics[];
  readonly notes: readonly string[];
}

/** Distributions of inputs and outputs over the samples of a file or folder. Rejects with `InputError`. */
export async function dataStatistics(
  { model }: OpenedModel,
  data: string,
  dims: Readonly<Record<string, number>>,
  { manager, signal, onProgress }: Pick<MeasurementContext, 'manager' | 'signal' | 'onProgress'>,
): Promise<DataStatistics> {
  const samples = await openSamples(model, data, { dims });
  const evaluator = createEvaluator(manager);
  const builders = new Map<
    string,
    { readonly builder: DistributionBuilder } & Pick<ValueStatistics, 'name' | 'kind' | 'dtype'>
  >();
  const notes = new Set<string>();
  const add = (kind: ValueStatistics['kind'], tensors: ReadonlyMap<string, TensorValue>) => {
    for (const [name, { dtype, bytes }] of tensors) {
      if (dtype === 'string') {
        notes.add(`${kind} ${name} is text, of which there are no distributions.`);
        continue;
      }
      const key = `${kind} ${name}`;
      const entry = builders.get(key) ?? { name, kind, dtype, builder: createDistribution(createRandom(1)) };
      builders.set(key, entry);
      entry.builder.add(toNumbers(dtype, bytes));
    }
  };
  try {
    let done = 0;
    for await (const feed of samples.feeds()) {
      signal?.throwIfAborted();
      onProgress?.({ message: english`Running`, fraction: done++ / samples.count });
      add('input', feed);
      const [outputs] = await evaluator.run({ model, feeds: [feed], level: 'all', signal });
      add('output', outputs!);
    }
  } finally {
    await evaluator.dispose();
  }
  const values = Array.from(builders.values(), ({ builder, ...value }) => ({ ...value, ...builder.finish() }));
  return { samples: samples.count, values, notes: [...notes] };
}
