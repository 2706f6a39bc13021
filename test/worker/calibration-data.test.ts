import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { fromNumbers, toNumbers } from '../../src/core/tensor/convert.ts';
import { openSamples, randomSamples } from '../../src/worker/calibration-data.ts';
import { makeTemporaryFolder } from '../../src/worker/model-source.ts';
import { buildModel } from './build-model.ts';

const folder = await makeTemporaryFolder();
afterAll(() => folder.remove());
const dims = {};

async function feedsOf(samples: Awaited<ReturnType<typeof openSamples>>) {
  const feeds: Record<string, { dims: readonly number[]; numbers: number[] }>[] = [];
  for await (const feed of samples.feeds()) {
    const one = Array.from(feed, ([name, { dtype, dims: size, bytes }]) => {
      const numbers = [
        ...toNumbers(
          dtype,
          bytes,
          size.reduce((a, b) => a * b, 1),
        ),
      ];
      return [name, { dims: size, numbers }] as const;
    });
    feeds.push(Object.fromEntries(one));
  }
  return feeds;
}

/** A `.npy` of format version 1. */
function npy(shape: readonly number[], numbers: readonly number[]): Uint8Array {
  const header = `${`{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`.padEnd(117)}\n`;
  return Buffer.concat([
    Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]),
    Buffer.from(header),
    fromNumbers('float32', [...numbers]),
  ]);
}

describe('sample data', () => {
  test('a folder of .npy is one sample a file where the model has one input', async () => {
    const model = buildModel({
      inputs: { x: ['float32', [1, 2]] },
      outputs: { y: ['float32', [1, 2]] },
      nodes: [{ opType: 'Neg', inputs: ['x'], outputs: ['y'] }],
    });
    const path = join(folder.path, 'arrays');
    mkdirSync(path);
    for (const index of [0, 1, 2]) writeFileSync(join(path, `${index}.npy`), npy([1, 2], [index, -index]));
    const samples = await openSamples(model, path, { dims });
    expect(samples.count).toBe(3);
    expect((await feedsOf(samples)).map(({ x }) => x!.numbers[0])).toEqual([0, 1, 2]);
  });

  const tokens = (length: number | string) =>
    buildModel({
      inputs: {
        ids: ['int64', ['n', length]],
        attention_mask: ['int64', ['n', length]],
        position_ids: ['int64', ['n', length]],
        kinds: ['int64', ['n', length]],
      },
      outputs: { y: ['int64', ['n', length]] },
      nodes: [{ opType: 'Sum', inputs: ['ids', 'attention_mask', 'position_ids', 'kinds'], outputs: ['y'] }],
    });
  const write = (name: string, lines: readonly unknown[]) => {
    const path = join(folder.path, name);
    writeFileSync(path, lines.map((line) => JSON.stringify(line)).join('\n'));
    return path;
  };

  test('lines of all files count', async () => {
    mkdirSync(join(folder.path, 'lines'));
    write('lines/a.jsonl', [[1], [2], [3]]);
    write('lines/b.jsonl', [[1], [2], [3], [4], [5]]);
    const samples = await openSamples(tokens('t'), join(folder.path, 'lines'), { dims });
    expect(samples.count).toBe(8);
    expect(await feedsOf(samples)).toHaveLength(8);
  });

  test('masks that are left out let all through, positions count up, and zeros are said', async () => {
    const samples = await openSamples(tokens('t'), write('one.jsonl', [{ ids: [7, 8, 9] }]), { dims });
    const [feed] = await feedsOf(samples);
    expect(feed!.attention_mask!.numbers.map(Number)).toEqual([1, 1, 1]);
    expect(feed!.position_ids!.numbers.map(Number)).toEqual([0, 1, 2]);
    expect(feed!.kinds!.numbers.map(Number)).toEqual([0, 0, 0]);
    expect(samples.notes!.join()).toMatch(/does not name kinds: zeros/);
  });

  test('several rows in a line are a batch, and a fixed length is filled up', async () => {
    const line = {
      ids: [
        [1, 2],
        [3, 4],
      ],
      attention_mask: [
        [1, 1],
        [1, 0],
      ],
      position_ids: [
        [0, 1],
        [0, 1],
      ],
    };
    const samples = await openSamples(
      tokens(4),
      write('rows.jsonl', [
        {
          ...line,
          kinds: [
            [5, 5],
            [5, 5],
          ],
        },
      ]),
      {
        dims: {},
        batch: 2,
      },
    );
    const [feed] = await feedsOf(samples);
    expect(feed!.ids).toMatchObject({ dims: [2, 4] });
    expect(feed!.ids!.numbers.map(Number)).toEqual([1, 2, 0, 0, 3, 4, 0, 0]);
    expect(samples.notes).toBeUndefined();
    const uneven = openSamples(tokens('t'), write('uneven.jsonl', [{ ids: [[1, 2], [3]] }]), { dims });
    await expect(uneven).rejects.toThrow(/Line 1 .* no list of numbers/);
  });

  test.each([
    ['no JSON', '{"ids": [1, 2', /JSON/],
    ['no list', '5', /no list, and no object with a list for ids/],
    ['nothing for the model', '{"tokens": [1, 2]}', /no list, and no object with a list for ids/],
    ['words', '{"ids": ["a", "b"]}', /ids is no list of numbers/],
  ])('a line that holds %s is named by its number in the file', async (_, line, why) => {
    const path = join(folder.path, 'malformed.jsonl');
    writeFileSync(path, ['[1, 2]', '', line, '[3, 4]'].join('\r\n'));
    const opened = openSamples(tokens('t'), path, { dims });
    await expect(opened).rejects.toThrow(why);
    await expect(opened).rejects.toThrow(/Line 3 of .*malformed\.jsonl cannot be used/);
  });

  test('lines are read one after the other: what lies beyond the limit is not looked at', async () => {
    const path = write('endless.jsonl', [...Array.from({ length: 5000 }, (_, at) => [at, at]), { ids: 'no list' }]);
    const samples = await openSamples(tokens('t'), path, { dims, limit: 3 });
    expect(samples.count).toBe(3);
    expect((await feedsOf(samples)).map(({ ids }) => Number(ids!.numbers[0]))).toEqual([0, 1, 2]);
    await expect(openSamples(tokens('t'), path, { dims })).rejects.toThrow(/Line 5001 /);
  });
});

test('made-up samples are as many as asked for, but fewer of a model whose inputs are as large as weights', async () => {
  const madeFor = async (size: number) => {
    const shape = [size, 1000];
    const model = buildModel({
      inputs: { x: ['float32', shape] },
      outputs: { y: ['float32', shape] },
      nodes: [{ opType: 'Neg', inputs: ['x'], outputs: ['y'] }],
    });
    const samples = await randomSamples(model, 16, { dims, seed: 1 });
    let yielded = 0;
    for await (const feed of samples.feeds()) yielded += feed.size;
    expect(yielded).toBe(samples.count);
    return samples.count;
  };
  expect(await madeFor(1)).toBe(16);
  expect(await madeFor(4000)).toBe(3);
});
