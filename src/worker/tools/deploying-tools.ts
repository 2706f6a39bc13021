import * as z from 'zod';
import { exportPackage, mustBeFree } from '../export-package.ts';
import { hashFile } from '../hash-file.ts';
import { protectFromRecipe, protectSource } from '../protect.ts';
import { tuneModel } from '../tune.ts';
import { deliver } from '../tune-delivery.ts';
import { defineTool, fields, pathIn, refuseExisting, settingsOf, ToolInputError, withModel } from './tool.ts';

export const tuneTool = defineTool({
  name: 'opscope_tune',
  title: 'Tune an ONNX model to a latency',
  description:
    'Looks for a way to run an ONNX model within a time: measures it, then simplifies it, chooses the number of threads, quantizes it and, where labelled data or minSqnr set a limit, prunes it, keeping each step only when an interleaved measurement supports it, and stops once the target is met. met is null when noise hides the answer. Writes the best model and, as asked, a recipe that makes it again, a report, and a folder for deployment with the settings found. Takes some minutes.',
  input: z.strictObject({
    model: fields.model,
    output: fields.output,
    p90: z.number().positive().describe('Milliseconds within which 90 % of the runs must end.'),
    maxMetricDrop: z.number().positive().optional().describe('Percentage points of the metric that may be lost.'),
    minSqnr: z.number().positive().optional().describe('Least signal to noise of a quantized model, in dB.'),
    calibration: z.string().optional().describe('Data like what the model will see, for static quantization.'),
    image: fields.image,
    labelled: z.string().optional().describe('Labelled data to measure accuracy on; needed for maxMetricDrop.'),
    recipe: z.string().optional().describe('Path of a .json file to write down how the model was made.'),
    html: z.string().optional().describe('Path of an HTML file to write the report to.'),
    markdown: z.string().optional().describe('Path of a Markdown file to write the report to.'),
    package: z.string().optional().describe('Path of a new folder to write the best model to with what runs it.'),
    packageKind: z
      .enum(['snippet', 'triton', 'mlflow'])
      .optional()
      .describe('What the folder is for; snippet by default.'),
    dims: fields.dims,
    inputs: fields.inputs,
    timeLimit: fields.timeLimit,
    overwrite: z
      .boolean()
      .optional()
      .describe('Replace the output file, the recipe and the reports if they exist; false by default.'),
  }),
  writes: true,
  run: (input, context) =>
    withModel(input.model, context, async (opened) => {
      const { p90, maxMetricDrop, minSqnr, calibration, image, labelled } = input;
      if (maxMetricDrop !== undefined && !labelled)
        throw new ToolInputError('maxMetricDrop needs data with labels: give labelled, too.');
      const target = pathIn(input.output, context);
      const recipe = input.recipe === undefined ? undefined : pathIn(input.recipe, context);
      protectSource(opened, target);
      refuseExisting(target, input.overwrite);
      if (recipe) {
        protectFromRecipe(recipe, [opened.path, target]);
        refuseExisting(recipe, input.overwrite);
      }
      const given = (path: string | undefined) => (path === undefined ? undefined : pathIn(path, context));
      const [html, markdown, folder] = [given(input.html), given(input.markdown), given(input.package)];
      const reports = [html, markdown].filter((path) => path !== undefined);
      for (const path of reports) {
        protectSource(opened, path);
        if (path === target || path === recipe) throw new ToolInputError(`${path} is asked for twice.`);
        refuseExisting(path, input.overwrite);
      }
      if (folder) await mustBeFree(folder);
      const tuned = await tuneModel(
        opened,
        {
          settings: settingsOf(input, context),
          p90,
          ...(maxMetricDrop === undefined ? {} : { maxMetricDrop }),
          ...(minSqnr === undefined ? {} : { minSqnr }),
          ...(calibration ? { calibration: pathIn(calibration, context) } : {}),
          ...(image === undefined ? {} : { image }),
          ...(labelled ? { labelled: pathIn(labelled, context) } : {}),
        },
        context,
      );
      const { report, close } = tuned;
      let recorded: boolean;
      try {
        const delivery = {
          output: target,
          ...(recipe ? { recipe } : {}),
          ...(html ? { html } : {}),
          ...(markdown ? { markdown } : {}),
          ...(folder ? { package: folder } : {}),
          ...(input.packageKind ? { packageKind: input.packageKind } : {}),
        };
        ({ recorded } = await deliver(opened, tuned, delivery, context));
      } finally {
        await close();
      }
      const { met, p90: percentiles, before, after, settings, metric, sqnrDb, advice } = report;
      return {
        output: target,
        ...(recorded ? { recipe } : {}),
        ...(html ? { html } : {}),
        ...(markdown ? { markdown } : {}),
        ...(folder ? { package: folder } : {}),
        met,
        p90Ms: [percentiles.before.median, percentiles.after.median],
        p90Intervals: [percentiles.before.interval, percentiles.after.interval],
        medianMs: [before.median, after.median],
        threads: settings.threads,
        order: report.order,
        steps: report.steps,
        ...(metric ? { metric } : {}),
        ...(sqnrDb === undefined ? {} : { sqnrDb }),
        advice,
      };
    }),
});

export const exportTool = defineTool({
  name: 'opscope_export',
  title: 'Pack an ONNX model for deployment',
  description:
    'Writes a folder with an ONNX model and what runs it: a model of a Triton repository, an MLflow model, or programs in Python, JavaScript and C#; with checksums and a model card.',
  input: z.strictObject({
    model: fields.model,
    kind: z.enum(['triton', 'mlflow', 'snippet']),
    output: z.string().min(1).describe('Path of the folder to write; its name becomes the name of the model.'),
    recipe: z.string().optional().describe('The recipe that made the model: its steps go along.'),
  }),
  writes: true,
  run: ({ model, kind, output, recipe }, context) =>
    withModel(model, context, async (opened) => {
      const request = {
        kind,
        folder: pathIn(output, context),
        sha256: await hashFile(opened.path),
        ...(recipe === undefined ? {} : { recipe: pathIn(recipe, context) }),
      };
      const report = await exportPackage(opened, request, context);
      return { output: report.output, files: report.files };
    }),
});
