import { describe, expect, test } from 'vitest';
import { layOutWithDagre } from '../../../bench/layout/dagre.ts';
import { drawnGraph } from '../../../bench/layout/drawn-graph.ts';
import { Draft } from '../../../src/core/graph/draft.ts';
import { lineRoutes, routeCrossings } from '../../../src/core/layout/crossings.ts';
import { type Flow, type FlowInput, layoutFlow } from '../../../src/core/layout/flow.ts';
import { layoutGraph } from '../../../src/core/layout/layout-graph.ts';
import { openModel } from '../../../src/worker/open-model.ts';
import { corpusModel, corpusPresent } from '../../corpus.ts';
import { buildGraph, buildModel, type GraphParts } from '../../worker/build-model.ts';

type Link = readonly [from: number, to: number];

function flowOf(boxes: number, links: readonly Link[], more: Partial<FlowInput> = {}): Flow {
  return layoutFlow({
    width: new Float64Array(boxes).fill(100),
    height: new Float64Array(boxes).fill(28),
    links: {
      count: links.length,
      from: Int32Array.from(links, ([from]) => from),
      to: Int32Array.from(links, ([, to]) => to),
    },
    ...more,
  });
}

const drawnCrossings = ({ routes, isStub }: Flow) => routeCrossings(routes.filter((_, link) => !isStub[link]));

/** Numbers that look random, always the same. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

/** Links made of others by putting a box into one or beside it: every such graph can be drawn downwards without a crossing. */
function seriesParallel(seed: number): { boxes: number; links: Link[] } {
  const next = numbers(seed);
  const links: Link[] = [[0, 1]];
  let boxes = 2;
  for (let step = 6 + next(20); step > 0; step--) {
    const at = next(links.length);
    const [from, to] = links[at]!;
    if (next(2) === 0) links.splice(at, 1);
    links.push([from, boxes], [boxes, to]);
    boxes++;
  }
  return { boxes, links };
}

test('graphs that are series and branches inside each other are drawn without a crossing', () => {
  const crossed = Array.from({ length: 300 }, (_, seed) => {
    const { boxes, links } = seriesParallel(seed);
    return drawnCrossings(flowOf(boxes, links));
  });
  expect(crossed.filter((crossings) => crossings > 0)).toEqual([]);
});

test('crossings are counted as they are drawn, whatever the sizes of boxes, the places of ends and the values', () => {
  let crossings = 0;
  for (let seed = 0; seed < 100; seed++) {
    const next = numbers(seed);
    const boxes = 6 + next(12);
    // Boxes with a port for every line that ends there, as near to each other as ports stand.
    const isFrame = Array.from({ length: boxes }, () => next(3) === 0);
    const links: Link[] = [];
    for (let tries = 2 * boxes; tries > 0; tries--) {
      const from = next(boxes - 1);
      const to = from + 1 + next(boxes - from - 1);
      // Between two boxes that are no frames there is one line.
      if (isFrame[to] || !links.some((link) => link[0] === from && link[1] === to)) links.push([from, to]);
    }
    const width = Float64Array.from(isFrame, (each) => (each ? 1500 : 60 + next(100)));
    const height = Float64Array.from(isFrame, (each) => (each ? 800 : 28 + next(60)));
    const ports = new Int32Array(boxes);
    const toAt = Float64Array.from(links, ([, to]) => (isFrame[to] ? ports[to]!++ * 25 - 300 : Number.NaN));
    const value = Int32Array.from(links, ([from]) => 2 * from + next(2));
    const flow = flowOf(boxes, links, { width, height, toAt, value });
    expect(flow.crossings, `seed ${seed}`).toBe(drawnCrossings(flow));
    crossings += flow.crossings;
  }
  expect(crossings).toBeGreaterThan(0);
});

test('two boxes that both read the same two stand in different rows, when that saves the crossing', () => {
  const flow = flowOf(4, [
    [0, 2],
    [0, 3],
    [1, 2],
    [1, 3],
  ]);
  expect(drawnCrossings(flow)).toBe(0);
  expect(flow.y[2]).not.toBe(flow.y[3]);
});

test('what many boxes read stands one row higher than what each of them reads alone', () => {
  // 0 is read by 1, 2 and 3; each of these reads two more that nothing else does.
  const links = [1, 2, 3].flatMap((box): Link[] => [
    [0, box],
    [2 * box + 2, box],
    [2 * box + 3, box],
  ]);
  expect(drawnCrossings(flowOf(10, links))).toBe(0);
});

test('no row is added where no crossing goes', () => {
  // Three read by three: no drawing is without a crossing.
  const links = [0, 1, 2].flatMap((from) => [3, 4, 5].map((to): Link => [from, to]));
  const flow = flowOf(6, links);
  expect(flow.crossings).toBeGreaterThan(0);
  // In two rows it has nine.
  expect(flow.height).toBeLessThanOrEqual(2 * 28 + 36 + (9 - flow.crossings) * 160);
});

const f4 = ['float32', [4]] as const;
const node = (opType: string, inputs: string, outputs: string, name = ''): GraphParts['nodes'][number] => ({
  opType,
  name,
  inputs: inputs.split(' '),
  outputs: outputs.split(' '),
});

function sceneCrossings(parts: GraphParts): number {
  const draft = new Draft(buildModel(parts));
  const { edges } = layoutGraph({ main: draft.main, functions: draft.functions, open: 'all' });
  return routeCrossings(lineRoutes(edges));
}

describe('all groups open', () => {
  test('groups are turned so that what leaves them early does so on the side where it goes', () => {
    // Three stages in a group; what the last two make on their way is read after it, by heads that turn away from it.
    const stage = (index: number, from: string) => [
      node('Conv', from, `c${index}`, `/body/s${index}/a`),
      node('Relu', `c${index}`, `r${index}`, `/body/s${index}/b`),
      node('MaxPool', `r${index}`, `p${index}`, `/body/s${index}/c`),
    ];
    const parts: GraphParts = {
      inputs: { x: f4 },
      outputs: { y: f4, u: f4, v: f4 },
      nodes: [
        ...stage(1, 'x'),
        ...stage(2, 'p1'),
        ...stage(3, 'p2'),
        node('Neg', 'p3', 'n'),
        node('Resize', 'n', 'm'),
        node('Sin', 'n', 'u'),
        node('Add', 'm r3', 'a'),
        node('Relu', 'a', 'b'),
        node('Resize', 'b', 'd'),
        node('Cos', 'b', 'v'),
        node('Add', 'd r2', 'y'),
      ],
    };
    expect(sceneCrossings(parts)).toBe(0);
  });

  test('so are the groups inside it', () => {
    // The body of a Loop reads what is around it; its frame alone has no order to turn.
    const body = buildGraph({
      inputs: { i: ['int64', []], go: ['bool', []], state: f4 },
      outputs: { go: ['bool', []], out: f4 },
      nodes: [node('Add', 'state t', 'out')],
    });
    const parts: GraphParts = {
      inputs: { x: f4, n: ['int64', []], go: ['bool', []], s: f4 },
      outputs: { y: f4, z: f4 },
      nodes: [
        node('Transpose', 'x', 't'),
        node('Slice', 't', 'a'),
        node('Squeeze', 'a', 'y'),
        { ...node('Loop', 'n go s', 'z'), attributes: { body: { type: 'graph', value: body } } },
      ],
    };
    expect(sceneCrossings(parts)).toBe(0);
  });

  test.each([
    ['k', 'p r'],
    ['r p', 'k'],
  ] as const)(
    'the condition of an If ends at its frame where it comes from, beside what its branches read: %s',
    (then, otherwise) => {
      const branch = (name: string, reads: string) =>
        buildGraph({ inputs: {}, outputs: { [name]: f4 }, nodes: [node('Concat', reads, name)] });
      const parts: GraphParts = {
        inputs: { x: f4 },
        outputs: { y: f4 },
        nodes: [
          node('Concat', 'x', 'c'),
          node('Concat', 'c', 'k'),
          node('Neg', 'k', 'p'),
          node('Equal', 'c', 'e'),
          node('Not', 'e', 'condition'),
          node('Sin', 'c', 'q'),
          node('Cos', 'q', 'r'),
          {
            ...node('If', 'condition', 'y'),
            attributes: {
              then_branch: { type: 'graph', value: branch('t', then) },
              else_branch: { type: 'graph', value: branch('o', otherwise) },
            },
          },
        ],
      };
      expect(sceneCrossings(parts)).toBe(0);
    },
  );
});

describe.skipIf(!corpusPresent)('models of the corpus (left out when OPSCOPE_CORPUS is absent)', () => {
  test.each([
    'onnx/yunet_n_320_320.onnx',
    'onnx/yunet_n_dynamic.onnx',
    'testdata/30_nested_loops.onnx',
    'testdata/gh_issue_29071_if_constant_folding.onnx',
    'testdata/ort_github_issue_10305.onnx',
    'testdata/qdq_with_multi_consumer_q_dq_axis.onnx',
    'testdata/scan_1.onnx',
    'training_api/training_model.onnx',
    'gather/gather_roberta_e2e.onnx',
    'transform/fp16model_loop.onnx',
    'recompute/recompute_tile.onnx',
    'light/light_inception_v2.onnx',
    'test_gradient_of_add/model.onnx',
    'data/silero_vad.onnx',
    'data/silero_vad_half.onnx',
    'icassp_2022/nmp.onnx',
  ])(
    '%s has at most 1.5 times the crossings of dagre on the same boxes and lines',
    async (ending) => {
      const opened = await openModel(corpusModel(ending));
      const { main, functions } = new Draft(opened.model);
      const { edges } = layoutGraph({ main, functions, open: 'all' });
      const theirs = await layOutWithDagre(drawnGraph({ main, functions }));
      expect(routeCrossings(lineRoutes(edges))).toBeLessThanOrEqual(theirs.crossings * 1.5);
      await opened.close();
    },
    60_000,
  );
});
