/**
 * How the inputs of a product go together over sample data: the sum of x xᵀ, as GPTQ needs it. The model is run with
 * these products added, so that no activation leaves the runtime.
 */
import { english } from '../english.ts';
import { attributes } from '../graph/attribute.ts';
import type { Model } from '../graph/model.ts';
import { int64Tensor } from '../passes/tensors.ts';
import { type CalibrationContext, reduced, type Samples } from './calibration.ts';
import { type Reduction, withReductions } from './reductions.ts';

/** Products that one run gives at most, in elements: 32 MB. */
const mostElements = 1 << 23;

/**
 * For each value, whose last axis has the size given, the sum over the samples of x xᵀ ([size, size]), divided by the
 * number of samples. As many values at a time as fit, each time in one pass over the samples.
 */
export async function* secondMoments(
  model: Model,
  sizes: ReadonlyMap<string, number>,
  samples: Samples,
  context: CalibrationContext,
): AsyncGenerator<readonly [value: string, products: Float64Array]> {
  for (const group of grouped(sizes)) {
    const found = group.map(([value, size]) => [value, new Float64Array(size * size)] as const);
    let runs = 0;
    for await (const result of reduced(withProducts(model, group), samples, context)) {
      runs++;
      let at = 0;
      for (const [, products] of found)
        for (let index = 0; index < products.length; index++) products[index]! += result[at++]!;
    }
    for (const [value, products] of found) {
      if (runs > 0) for (let index = 0; index < products.length; index++) products[index]! /= runs;
      yield [value, products];
    }
  }
}

function grouped(sizes: ReadonlyMap<string, number>): [string, number][][] {
  const groups: [string, number][][] = [];
  let room = 0;
  for (const [value, size] of sizes) {
    room -= size * size;
    if (room < 0) {
      groups.push([]);
      room = mostElements - size * size;
    }
    groups.at(-1)!.push([value, size]);
  }
  return groups;
}

function withProducts(model: Model, sizes: readonly (readonly [string, number])[]): Model {
  const reductions = sizes.map(
    ([value, size]): Reduction => ({
      value,
      add: (edit, name) => {
        const rows = `${name}_rows`;
        edit.setInitializer(int64Tensor(`${name}_shape`, [-1, size]));
        edit.setInitializer(int64Tensor(`${name}_flat`, [-1]));
        edit.add({ opType: 'Reshape', inputs: [value, `${name}_shape`], outputs: [rows] }, []);
        const turned = attributes({ perm: [1, 0] });
        edit.add({ opType: 'Transpose', inputs: [rows], outputs: [`${name}_t`], attributes: turned }, []);
        edit.add({ opType: 'MatMul', inputs: [`${name}_t`, rows], outputs: [`${name}_p`] }, []);
        edit.add({ opType: 'Reshape', inputs: [`${name}_p`, `${name}_flat`], outputs: [name] }, []);
      },
    }),
  );
  return withReductions(model, reductions, english`Calibration reads products, not values.`);
}
