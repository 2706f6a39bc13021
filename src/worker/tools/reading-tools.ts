import * as z from 'zod';
import { Draft } from '../../core/graph/draft.ts';
import { matchNodes } from '../../core/search/match.ts';
import { parseQuery } from '../../core/search/query.ts';
import { createFacts } from '../../core/shapes/infer.ts';
import { inspectModel, reportedValue } from '../inspect.ts';
import { defineTool, fields, withModel } from './tool.ts';

const mostProblems = 20;

export const inspectTool = defineTool({
  name: 'opscope_inspect',
  title: 'Inspect an ONNX model',
  description:
    'Says what is in an ONNX model: opsets, inputs and outputs with shapes, operators, parameters, multiply-accumulates, size, and what is wrong with it. Runs nothing and reads no weights, so it is quick for models of any size.',
  input: z.strictObject({ model: fields.model, dims: fields.dims, provider: fields.provider }),
  writes: false,
  run: ({ model, dims = {}, provider }, context) =>
    withModel(model, context, async (opened) => {
      const report = await inspectModel(opened, {
        dims: new Map(Object.entries(dims)),
        ...(provider === undefined ? {} : { provider }),
      });
      const { problems, metadata: _, ...rest } = report;
      return {
        ...rest,
        problems: problems.slice(0, mostProblems),
        ...(problems.length > mostProblems ? { moreProblems: problems.length - mostProblems } : {}),
      };
    }),
});

export const findNodesTool = defineTool({
  name: 'opscope_find_nodes',
  title: 'Find nodes of an ONNX model',
  description:
    'Finds nodes by a query: terms that must all hold, separated by spaces; "or" between alternatives; "-" before what must not hold. Terms: a word in name or operator, op:Conv, name:~attn, dtype:float16, shape:[*,64,*,*], attr:group=1, input:pixels, output:logits.',
  input: z.strictObject({
    model: fields.model,
    query: z.string().min(1).describe('For example: op:Conv shape:[*,64,*,*]'),
    limit: z.int().min(1).max(500).optional().describe('Most nodes to list; 50 by default.'),
  }),
  writes: false,
  run: ({ model, query, limit = 50 }, context) =>
    withModel(model, context, async (opened) => {
      const draft = new Draft(opened.model);
      const facts = createFacts(draft);
      const graphs = draft.graphs();
      const found = matchNodes(graphs, parseQuery(query), { facts });
      const wanted = new Set(found.subarray(0, limit));
      const nodes = graphs.flatMap((graph) =>
        [...graph.nodes()]
          .filter(({ id }) => wanted.has(id))
          .map(({ name, opType, inputs, outputs }) => ({
            name,
            opType,
            inputs: inputs.filter((value) => value !== ''),
            outputs: outputs
              .filter((value) => value !== '')
              .map((value) => reportedValue(value, facts.of(graph, value))),
          })),
      );
      return { matches: found.length, nodes };
    }),
});
