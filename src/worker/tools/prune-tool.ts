import * as z from 'zod';
import { changedOutputsSentence } from '../../core/report/sentences.ts';
import { protectSource } from '../protect.ts';
import { pruneModel, usableSqnr } from '../prune.ts';
import { saveModel } from '../save-model.ts';
import {
  defineTool,
  fields,
  latencyFigures,
  measured,
  nodesNamed,
  pathIn,
  refuseExisting,
  settingsOf,
  ToolInputError,
  withModel,
} from './tool.ts';

export const pruneTool = defineTool({
  name: 'opscope_prune',
  title: 'Prune an ONNX model',
  description:
    'Takes the weakest channels or the smallest weights out of an ONNX model and writes the result to another file: what went, the signal-to-noise ratio of the outputs, accuracy on labelled data and latency before and after. Only channels make it faster. It always costs accuracy, which training alone wins back.',
  input: z.strictObject({
    model: fields.model,
    output: fields.output,
    pattern: z
      .enum(['channels', 'unstructured', '2:4'])
      .optional()
      .describe('channels (default): whole channels go. unstructured, 2:4: weights become 0, which gains no time.'),
    ratio: z.number().gt(0).lt(1).optional().describe('The share that goes, between 0 and 1; 2:4 has its own, a half.'),
    exclude: z.array(z.string()).optional().describe('Names of nodes that stay as they are.'),
    labelled: z.string().optional().describe('Labelled data to measure accuracy on.'),
    minSqnr: z
      .number()
      .positive()
      .optional()
      .describe('Outputs below this signal to noise, in dB, count as different.'),
    measure: z.boolean().optional().describe('Measure latency before and after; true by default.'),
    inputs: fields.inputs,
    dims: fields.dims,
    threads: fields.threads,
    timeLimit: fields.timeLimit,
    overwrite: fields.overwrite,
  }),
  writes: true,
  run: (input, context) =>
    withModel(input.model, context, async (opened) => {
      const { pattern = 'channels', exclude = [], labelled, minSqnr = usableSqnr, measure = true } = input;
      const ratio = pattern === '2:4' ? 0.5 : input.ratio;
      if (ratio === undefined) throw new ToolInputError('Say which share is to go: ratio 0.1 takes one of ten.');
      const target = pathIn(input.output, context);
      protectSource(opened, target);
      refuseExisting(target, input.overwrite);
      const { model, report } = await pruneModel(
        await measured(opened),
        {
          settings: settingsOf(input, context),
          pattern,
          ratio,
          exclude: nodesNamed(opened, exclude),
          ...(labelled ? { labelled: pathIn(labelled, context) } : {}),
          minSqnr,
          measure,
          verify: true,
        },
        context,
      );
      await saveModel(model, target, { ...(context.signal ? { signal: context.signal } : {}) });
      const { before, after, channels, weights, verdict, sqnrDb, metric, latency, advice } = report;
      return {
        output: target,
        bytes: [before.bytes, after.bytes],
        ...(channels ? { channels: { removed: channels.removed, of: channels.of } } : {}),
        ...(weights ? { weights } : {}),
        outputs: changedOutputsSentence(verdict),
        verdict: verdict.status,
        sqnrDb,
        ...(metric ? { metric } : {}),
        ...latencyFigures(latency),
        advice,
      };
    }),
});
