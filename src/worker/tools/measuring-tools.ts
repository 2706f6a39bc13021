import * as z from 'zod';
import { mainKernel } from '../../core/profile/roofline.ts';
import type { Latency, ProfiledNode, ProfileReport } from '../../core/report/profile-report.ts';
import { latencySentence, outputsSentence } from '../../core/report/sentences.ts';
import { compareModels } from '../compare.ts';
import { InputError } from '../inputs.ts';
import { profileModel } from '../profile.ts';
import { defineTool, fields, measured, settingsOf, withModel } from './tool.ts';

const running = {
  dims: fields.dims,
  inputs: fields.inputs,
  provider: fields.provider,
  threads: fields.threads,
  timeLimit: fields.timeLimit,
};

export const profileTool = defineTool({
  name: 'opscope_profile',
  title: 'Profile an ONNX model',
  description:
    'Runs an ONNX model on this machine with ONNX Runtime: median latency with a 95 % interval and whether it is stable, and the nodes that take most of the time. Takes up to a minute.',
  input: z.strictObject({
    model: fields.model,
    ...running,
    nodes: z.int().min(1).max(200).optional().describe('How many of the slowest nodes to list; 15 by default.'),
  }),
  writes: false,
  run: (input, context) =>
    withModel(input.model, context, async (opened) => {
      const settings = settingsOf(input, context);
      const { report } = await profileModel(
        await measured(opened),
        { settings, runs: 0, warmup: -1, level: 'all' },
        context,
      );
      const slowest = report.nodes.toSorted((a, b) => b.milliseconds - a.milliseconds).slice(0, input.nodes ?? 15);
      return {
        ...summary(report),
        slowestNodes: slowest.map(shortNode),
        nodesWithTime: report.nodes.length,
        unattributedMs: report.unattributedMs,
        problems: report.problems,
      };
    }),
});

export const explainNodeTool = defineTool({
  name: 'opscope_explain_node',
  title: "Explain a node's time",
  description:
    "Measures an ONNX model and says of one node how long it takes, which kernels ONNX Runtime ran for it, and whether compute, memory bandwidth or a kernel's fixed cost limits it, against ceilings measured on this machine.",
  input: z.strictObject({
    model: fields.model,
    node: z.string().min(1).describe('Name of the node; opscope_profile and opscope_find_nodes list names.'),
    ...running,
  }),
  writes: false,
  run: (input, context) =>
    withModel(input.model, context, async (opened) => {
      const settings = settingsOf(input, context);
      const options = { settings, runs: 0, warmup: -1, level: 'all', roofline: true } as const;
      const { report } = await profileModel(await measured(opened), options, context);
      const node = report.nodes.find(({ name }) => name === input.node);
      if (!node) {
        throw new InputError(
          `No node named ${input.node} took any time. It may not exist, or ONNX Runtime computed it ahead; opscope_profile lists those that did.`,
        );
      }
      const kernel = mainKernel(node, report);
      const under = report.roofline?.kernels.find((each) => each.kernel === kernel);
      return {
        ...summary(report),
        node: shortNode(node),
        kernels: report.kernels
          .filter(({ nodes }) => nodes.includes(node.id))
          .map(({ name, opType, milliseconds, calls, provider, nodes }) => ({
            name,
            opType,
            milliseconds,
            calls,
            provider,
            nodesCovered: nodes.length,
          })),
        ...(under ? { limitedBy: under.bound, shareOfCeiling: under.attained } : {}),
        ...(report.roofline ? { ceilings: ceilingsOf(report.roofline) } : {}),
        problems: report.problems,
      };
    }),
});

export const compareTool = defineTool({
  name: 'opscope_compare',
  title: 'Compare two ONNX models',
  description:
    'Compares two ONNX models: nodes and size, outputs on the same inputs, and latency in interleaved rounds, with a verdict: faster, slower, or no difference above what this measurement can tell.',
  input: z.strictObject({
    a: fields.model.describe('Path of the model to compare with.'),
    b: fields.model.describe('Path of the other model.'),
    ...running,
    measure: z.boolean().optional().describe('Measure latency; true by default.'),
  }),
  writes: false,
  run: ({ a, b, measure = true, ...rest }, context) =>
    withModel(a, context, (openedA) =>
      withModel(b, context, async (openedB) => {
        const settings = settingsOf(rest, context);
        const report = await compareModels(
          await measured(openedA),
          await measured(openedB),
          { settings, level: 'all', measure },
          context,
        );
        const { latency, verdict, outputs, graph, before, after, problems } = report;
        return {
          graph,
          nodes: [before.nodes, after.nodes],
          bytes: [before.bytes, after.bytes],
          outputsSame: outputsSentence(verdict),
          outputs: outputs.slice(0, 20),
          ...(latency
            ? {
                latency: latencySentence(latency),
                verdict: latency.verdict,
                ratio: latency.ratio,
                interval95: latency.interval95,
                medianMs: [latency.a.median, latency.b.median],
              }
            : {}),
          problems,
        };
      }),
    ),
});

const summary = ({ model, latency, environment, inputs }: ProfileReport) => ({
  model: model.path,
  latency: latencyOf(latency),
  machine: { cpu: environment.cpu, cores: environment.cores, load: environment.load, provider: environment.provider },
  inputs: inputs.map(({ name, dtype, shape, source }) => ({ name, dtype, shape, source })),
});

const latencyOf = ({ median, interval95, p90, runs, stable, problems }: Latency) => ({
  medianMs: median,
  interval95Ms: interval95,
  ...(p90 === undefined ? {} : { p90Ms: p90 }),
  runs,
  stable,
  problems,
});

const shortNode = ({ name, opType, milliseconds, share, provider }: ProfiledNode) => ({
  name,
  opType,
  milliseconds,
  share,
  provider,
});

const ceilingsOf = ({ gflops, fp16Gflops, int8Gops, gbPerSecond, callMs }: NonNullable<ProfileReport['roofline']>) => ({
  gflops,
  fp16Gflops,
  int8Gops,
  gbPerSecond,
  callMs,
});
