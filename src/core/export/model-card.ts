/** The section of a model card that Opscope can vouch for: what the model takes and gives, how it was made, how fast it is. */
import { assertUnreachable } from '../assert.ts';
import type { ReportDocument, ReportSection } from '../report/document.ts';
import { bytes, count, dateTime, large, shape } from '../report/format.ts';
import type { ModelRecipe, RecipeStep } from '../report/recipe.ts';
import { environmentSections, latencyTable, table } from '../report/sections.ts';
import type { ExportedMeasurement, ExportedModel } from './exported-model.ts';

export function modelCard(model: ExportedModel): ReportDocument {
  const { name, inputs, outputs, files, parameters, opsets, irVersion, measured, recipe, opscope, date } = model;
  const size = files.reduce((sum, each) => sum + each.bytes, 0);
  const sets = Object.entries(opsets).map(([domain, version]) => `${domain} ${version}`);
  const values = [
    ...inputs.map((value) => ['input', value] as const),
    ...outputs.map((value) => ['output', value] as const),
  ];
  return {
    title: name,
    lead: `An ONNX model of ${large(parameters)} parameters, ${bytes(size)}.`,
    sections: [
      {
        heading: 'Inputs and outputs',
        blocks: [
          table(
            ['', 'Name', 'Type', 'Shape'],
            values.map(([kind, value]) => [kind, value.name, value.dtype, shape(value.shape)]),
          ),
        ],
      },
      ...(measured ? measuredSections(measured) : []),
      ...(recipe ? [recipeSection(recipe)] : []),
      {
        heading: 'Files',
        blocks: [
          table(
            ['File', '#Size', 'SHA-256'],
            files.map((file) => [file.name, bytes(file.bytes), file.sha256]),
          ),
          {
            kind: 'text',
            text: `ONNX IR version ${irVersion}; operator sets: ${sets.join(', ')}. Packed by Opscope ${opscope}, ${dateTime(date)}.`,
          },
        ],
      },
    ],
  };
}

function measuredSections({ settings, latency, environment }: ExportedMeasurement): readonly ReportSection[] {
  const dims = Object.entries(settings.dims).map(([symbol, size]) => `${symbol} = ${count(size)}`);
  return [
    {
      heading: 'Latency',
      blocks: [
        latencyTable([[dims.length > 0 ? `With ${dims.join(', ')}` : 'One run', latency]]),
        ...(latency.stable ? [] : [{ kind: 'list', items: latency.problems } as const]),
      ],
    },
    ...environmentSections(environment),
  ];
}

function stepText(step: RecipeStep): string {
  switch (step.command) {
    case 'optimize':
      return `Optimized, preset ${step.preset}`;
    case 'quantize':
      return `Quantized, ${step.scheme}, calibration ${step.method}`;
    case 'prune':
      return `Pruned, ${step.pattern}, ${Math.round(step.ratio * 100)} %`;
    default:
      return assertUnreachable(step);
  }
}

function recipeSection({ source, steps, opscope, onnxruntime }: ModelRecipe): ReportSection {
  return {
    heading: 'How it was made',
    blocks: [
      {
        kind: 'list',
        items: [
          `Source: ${source.path.replace(/^.*[/\\]/, '')}, SHA-256 ${source.sha256}`,
          ...steps.map(stepText),
          `With Opscope ${opscope} and ONNX Runtime ${onnxruntime}`,
        ],
      },
    ],
  };
}
