import * as z from 'zod';
import { changedOutputsSentence, outputsSentence } from '../../core/report/sentences.ts';
import { optimizeModel } from '../optimize.ts';
import { protectSource } from '../protect.ts';
import { quantizeModel } from '../quantize.ts';
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
  withModel,
} from './tool.ts';

export const optimizeTool = defineTool({
  name: 'opscope_optimize',
  title: 'Simplify an ONNX model',
  description:
    'Simplifies an ONNX model (folds constants, removes and fuses nodes), runs the original and the result on the same inputs and says whether the outputs are equal, and writes the result to another file. A rewrite that changes outputs is taken back and named.',
  input: z.strictObject({
    model: fields.model,
    output: fields.output,
    preset: z
      .enum(['exact', 'default', 'aggressive'])
      .optional()
      .describe(
        'exact: bit-equal outputs only. default: rounding may differ. aggressive: what pays off on some machines, too.',
      ),
    dims: fields.dims.describe('Sizes to fix symbolic dimensions to; the result then takes no others.'),
    overwrite: fields.overwrite,
  }),
  writes: true,
  run: ({ model, output, preset = 'default', dims = {}, overwrite }, context) =>
    withModel(model, context, async (opened) => {
      const target = pathIn(output, context);
      protectSource(opened, target);
      refuseExisting(target, overwrite);
      const { model: result, report } = await optimizeModel(opened, { preset, dims, verify: true, ...context });
      await saveModel(result, target, { ...(context.signal ? { signal: context.signal } : {}) });
      const { before, after, passes, rolledBack, verdict, problems } = report;
      return {
        output: target,
        nodes: [before.nodes, after.nodes],
        bytes: [before.bytes, after.bytes],
        outputsSame: outputsSentence(verdict),
        verdict: verdict.status,
        ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
        passes: passes.map(({ name, rewrites, removed, added }) => ({ name, rewrites, removed, added })),
        rolledBack,
        problems,
      };
    }),
});

export const quantizeTool = defineTool({
  name: 'opscope_quantize',
  title: 'Quantize an ONNX model',
  description:
    'Quantizes an ONNX model and writes the result to another file: how many nodes were quantized and run as integers, the signal-to-noise ratio of the outputs, and latency before and after. auto tries many ways within the budget (minSqnr, maxMetricDrop, maxSize) and takes the fastest; when none is faster than the float model it says keepFloat and writes nothing.',
  input: z.strictObject({
    model: fields.model,
    output: fields.output,
    scheme: z.enum(['dynamic-int8', 'static-int8', 'int8-weights', 'int4-weights', 'fp16', 'auto']),
    calibration: z
      .string()
      .optional()
      .describe(
        'Data like what the model will see, for static-int8: .npz, .npy, or a folder of such files or of images.',
      ),
    image: fields.image,
    randomCalibration: z
      .boolean()
      .optional()
      .describe('Make calibration data up: good for trying speed, not for accuracy.'),
    labelled: z.string().optional().describe('Labelled data to measure accuracy on.'),
    minSqnr: z.number().positive().optional().describe('Least signal to noise, in dB, that auto accepts.'),
    maxMetricDrop: z
      .number()
      .positive()
      .optional()
      .describe('Percentage points of the metric on the labelled data that auto may lose; 0.5 by default.'),
    maxSize: z
      .number()
      .positive()
      .optional()
      .describe('Most bytes of what auto may choose; up to 1, a share of the size of the model.'),
    exclude: z.array(z.string()).optional().describe('Names of nodes that stay float.'),
    measure: z.boolean().optional().describe('Measure latency before and after; true by default.'),
    dims: fields.dims,
    threads: fields.threads,
    timeLimit: fields.timeLimit,
    overwrite: fields.overwrite,
  }),
  writes: true,
  run: (input, context) =>
    withModel(input.model, context, async (opened) => {
      const target = pathIn(input.output, context);
      protectSource(opened, target);
      refuseExisting(target, input.overwrite);
      const { scheme, calibration, image, randomCalibration, labelled, exclude = [], measure = true } = input;
      const { minSqnr, maxMetricDrop, maxSize } = input;
      const { model, report } = await quantizeModel(
        await measured(opened),
        {
          settings: settingsOf(input, context),
          scheme,
          perChannel: true,
          exclude: nodesNamed(opened, exclude),
          verify: true,
          measure,
          ...(calibration ? { calibration: pathIn(calibration, context) } : {}),
          ...(image === undefined ? {} : { image }),
          ...(randomCalibration ? { randomCalibration } : {}),
          ...(labelled ? { labelled: pathIn(labelled, context) } : {}),
          ...(minSqnr === undefined ? {} : { minSqnr }),
          ...(maxMetricDrop === undefined ? {} : { maxMetricDrop }),
          ...(maxSize === undefined ? {} : { maxSize }),
        },
        context,
      );
      if (report.keepFloat) return { keepFloat: true, candidates: report.candidates, advice: report.advice };
      await saveModel(model, target, { ...(context.signal ? { signal: context.signal } : {}) });
      const { before, after, verdict, quantized, fused, sqnrDb, metric, latency, advice, problems, kept } = report;
      return {
        output: target,
        scheme: report.scheme,
        bytes: [before.bytes, after.bytes],
        quantized,
        runAsIntegers: fused,
        outputs: changedOutputsSentence(verdict),
        sqnrDb,
        ...(metric ? { metric } : {}),
        ...latencyFigures(latency),
        ...(report.candidates ? { candidates: report.candidates } : {}),
        keptFloat: kept.slice(0, 20).map(({ node, reason }) => ({ node, reason })),
        advice,
        problems,
      };
    }),
});
