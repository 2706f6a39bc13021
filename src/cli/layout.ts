import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { count, time } from '../core/report/format.ts';
import { reportSchema } from '../core/report/report.ts';
import { execute, type Outcome, type OutputOptions, withOutputOptions } from './command.ts';
import { pairs, strong } from './print.ts';

interface LayoutOptions extends OutputOptions {
  readonly svg?: string;
  readonly collapsed?: boolean;
}

/** `opscope layout MODEL` */
export function layoutCommand(program: Command): void {
  withOutputOptions(program.command('layout'))
    .description('lay the graph out, and draw it')
    .argument('<model>', 'an .onnx file')
    .option('--svg <file>', 'write the picture')
    .option('--collapsed', 'leave groups closed as a window would, instead of laying all nodes out')
    .action((model: string, options: LayoutOptions) =>
      execute(options, ({ signal }) => layout(model, options, signal)),
    );
}

async function layout(path: string, options: LayoutOptions, signal: AbortSignal): Promise<Outcome> {
  const { openModel } = await import('../worker/open-model.ts');
  const { Draft } = await import('../core/graph/draft.ts');
  const { createFacts } = await import('../core/shapes/infer.ts');
  const { layoutGraph } = await import('../core/layout/layout-graph.ts');
  const { lineRoutes, routeCrossings } = await import('../core/layout/crossings.ts');
  const opened = await openModel(path);
  try {
    const draft = new Draft(opened.model);
    const facts = createFacts(draft, { dims: new Map(Object.entries(options.dim)) });
    const open = options.collapsed ? 'auto' : 'all';
    const scene = layoutGraph({ main: draft.main, functions: draft.functions, facts, open, signal });
    if (options.svg) {
      const { sceneToSvg } = await import('../core/layout/svg.ts');
      await writeFile(options.svg, sceneToSvg(scene));
    }
    const report = {
      schema: reportSchema,
      nodes: scene.nodes.count,
      edges: scene.edges.count,
      milliseconds: scene.milliseconds,
      width: scene.width,
      height: scene.height,
      crossings: routeCrossings(lineRoutes(scene.edges)),
    };
    const text = () =>
      [
        strong(path),
        pairs([
          ['boxes', count(report.nodes)],
          ['lines', count(report.edges)],
          ['crossings', count(report.crossings)],
          ['size', `${count(Math.ceil(report.width))} × ${count(Math.ceil(report.height))} pixels`],
          ['time', time(report.milliseconds)],
        ]),
      ].join('\n\n');
    return { report, text };
  } finally {
    await opened.close();
  }
}
