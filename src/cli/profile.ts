import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { OptimizationLevel } from '../core/evaluator.ts';
import { mainKernel } from '../core/profile/roofline.ts';
import { samplesCsv } from '../core/profile/samples-csv.ts';
import type { SweepAxes } from '../core/profile/sweep.ts';
import { bytes, count, interval, percent, shape, significant, time } from '../core/report/format.ts';
import type { Ceilings, Latency, ProfileReport } from '../core/report/profile-report.ts';
import { withoutSamples } from '../core/report/runs.ts';
import {
  execute,
  heading,
  type Outcome,
  oneOf,
  type RunOptions,
  type Session,
  threadsText,
  count as wholeNumber,
  withRunOptions,
} from './command.ts';
import { careful, faint, pairs, shortened, strong, table } from './print.ts';
import { collectAxis, sweepText } from './sweep.ts';

interface ProfileOptions extends RunOptions {
  readonly runs: number;
  readonly warmup?: number;
  readonly level: OptimizationLevel;
  readonly trace?: string;
  readonly csv?: string;
  readonly samples?: string;
  readonly roofline?: boolean;
  readonly fromTrace?: string;
  readonly sweep?: SweepAxes;
}

/** `opscope profile MODEL` */
export function profileCommand(program: Command): void {
  withRunOptions(program.command('profile'))
    .description('measure latency, and where the time goes, node by node')
    .argument('<model>', 'an .onnx file')
    .option('--runs <n>', 'timed runs; 0: as many as a stable median needs', wholeNumber, 0)
    .option('--warmup <n>', 'runs before timing; without it until the times have settled', wholeNumber)
    .option(
      '--level <name>',
      "ONNX Runtime's optimizations: disabled, basic, extended, layout or all",
      oneOf('disabled', 'basic', 'extended', 'layout', 'all'),
      'all',
    )
    .option('--roofline', "measure the machine's ceilings too, and say what limits each node")
    .option(
      '--sweep <name=values>',
      'latency under every combination of threads, provider, level or a symbolic dimension: threads=1,2; repeat for more',
      collectAxis,
    )
    .option('--from-trace <file>', 'run nothing: put a profile that ONNX Runtime wrote earlier onto the model')
    .option('--trace <file>', 'write the profiled runs as a Chrome trace')
    .option('--csv <file>', 'write the nodes as a CSV table')
    .option('--samples <file>', 'write the time of every timed run as a CSV table')
    .action((model: string, options: ProfileOptions) =>
      execute(options, (session) => profile(model, options, session)),
    );
}

async function profile(path: string, options: ProfileOptions, session: Session): Promise<Outcome> {
  const { openModel } = await import('../worker/open-model.ts');
  const { profileModel } = await import('../worker/profile.ts');
  const { profileFromTrace } = await import('../worker/profile-from-trace.ts');
  const { measuredModel, measurementContext, settingsOf } = await import('./measuring.ts');
  const { runs, warmup = -1, level, trace: traceFile, csv, samples, roofline = false, fromTrace } = options;
  const opened = await openModel(path);
  try {
    const target = await measuredModel(opened);
    const context = await measurementContext(session);
    if (options.sweep) {
      const { sweepModel } = await import('../worker/sweep.ts');
      const swept = await sweepModel(target, { settings: settingsOf(options), level, axes: options.sweep }, context);
      return { report: swept, text: () => sweepText(swept) };
    }
    const { report, trace } =
      fromTrace === undefined
        ? await profileModel(
            target,
            { settings: settingsOf(options), runs, warmup, level, roofline, samples: samples !== undefined },
            context,
          )
        : await profileFromTrace(target, fromTrace, level, context);
    if (samples && report.latency.samples) await writeFile(samples, samplesCsv(report.latency.samples));
    if (csv) await writeFile(csv, nodesCsv(report));
    if (traceFile && trace) {
      const { toChromeTrace } = await import('../core/profile/chrome-trace.ts');
      await writeFile(traceFile, JSON.stringify(toChromeTrace(trace)));
    }
    return { report: { ...report, latency: withoutSamples(report.latency) }, text: () => profileText(report) };
  } finally {
    await opened.close();
  }
}

/** Nodes that the table for people names; the rest is in `--json` and `--csv`. */
const shownNodes = 25;

export function profileText(report: ProfileReport): string {
  const { environment, latency, inputs, nodes, problems } = report;
  const { cpu, provider, level, onnxruntime } = environment;
  const entries: [string, string][] = [
    ['latency', latencyText(latency)],
    ...latencyNotes(latency),
    ['session', `${time(report.sessionMs)} to create`],
    ['inputs', inputs.map((each) => `${each.name} ${each.dtype} ${shape(each.shape)} (${each.source})`).join(', ')],
    ['machine', `${cpu}, ${provider}, ${threadsText(environment)}, level ${level}`],
    ['runtime', `ONNX Runtime ${onnxruntime}`],
    ...memoryText(report),
    ...(report.roofline ? [['ceilings', ceilingsText(report.roofline)] as [string, string]] : []),
  ];
  const parts = [heading(report.model), pairs(entries)];
  if (nodes.length > 0) parts.push(nodesTable(report), restText(report));
  if (problems.length > 0) parts.push(problems.map((problem) => careful(problem)).join('\n'));
  return parts.join('\n\n');
}

function latencyText({ median, interval95, runs, warmup }: Latency): string {
  return `${strong(time(median))} median of ${count(runs)} runs ${faint(`(95 % within ${interval(interval95, 'ms')}; ${count(warmup)} warm-up runs)`)}`;
}

function latencyNotes({ p90, p99, stable, problems }: Latency): [string, string][] {
  const tail = [...(p90 === undefined ? [] : [`p90 ${time(p90)}`]), ...(p99 === undefined ? [] : [`p99 ${time(p99)}`])];
  return [
    ...(tail.length > 0 ? [['', tail.join(', ')] as [string, string]] : []),
    ...(stable ? [] : [['', careful(`not stable: ${problems.join(' ')}`)] as [string, string]]),
  ];
}

/** Measured where the trace says so; else what shapes say. */
function memoryText({ memory, peakActivationBytes }: ProfileReport): [string, string][] {
  if (memory) {
    const { peakBytes, beforeBytes } = memory;
    return [['memory', `${bytes(peakBytes)} allocated at most, ${bytes(beforeBytes)} of it before the first kernel`]];
  }
  if (peakActivationBytes === undefined) return [];
  return [['memory', `${bytes(peakActivationBytes)} of activations at most, from shapes`]];
}

function ceilingsText({ gflops, fp16Gflops, int8Gops, gbPerSecond, callMs }: Ceilings): string {
  const half = fp16Gflops === undefined ? '' : `${significant(fp16Gflops)} GFLOP/s in float16, `;
  const int8 = int8Gops === undefined ? '' : `${significant(int8Gops)} GOP/s in int8, `;
  return `${significant(gflops)} GFLOP/s in float32, ${half}${int8}${significant(gbPerSecond)} GB/s, ${time(callMs)} a kernel at least`;
}

function nodesTable(report: ProfileReport): string {
  const right = 'right' as const;
  const { nodes, roofline } = report;
  const placed = new Map(roofline?.kernels.map((kernel) => [kernel.kernel, kernel]));
  const slowest = nodes.toSorted((a, b) => b.milliseconds - a.milliseconds).slice(0, shownNodes);
  return table(
    [
      { title: 'time', align: right },
      { title: '±', align: right },
      { title: 'share', align: right },
      { title: 'operator' },
      { title: 'node' },
      { title: 'provider' },
      ...(roofline ? [{ title: 'limited by' }, { title: 'of the ceiling', align: right }] : []),
    ],
    slowest.map((node) => {
      const under = placed.get(mainKernel(node, report));
      return [
        time(node.milliseconds),
        time(node.spread),
        percent(node.share),
        node.opType,
        shortened(node.name, 60),
        node.provider.replace('ExecutionProvider', ''),
        ...(roofline ? [under?.bound ?? 'not judged', under ? percent(under.attained) : ''] : []),
      ];
    }),
  );
}

function restText(report: ProfileReport): string {
  const { nodes, kernels, kernelMs, unattributedMs, insertedMs, transferMs, overheadRatio, profiledRuns } = report;
  const { interruptedMs = 0, gapsMs, frameworkMs, callMs, wallMs } = report;
  const interrupted = interruptedMs > 0.005 * wallMs ? `, interrupted by other work ${time(interruptedMs)}` : '';
  const more = nodes.length > shownNodes ? `the ${shownNodes} slowest of ${count(nodes.length)} nodes; ` : '';
  const beside = overheadRatio === 1 ? '' : ` took ${overheadRatio.toFixed(2)} × the time of plain ones`;
  const ofThem = [
    ...(unattributedMs > 0 ? [`${time(unattributedMs)} belong to no node`] : []),
    ...(insertedMs > 0 ? [`${time(insertedMs)} convert layouts and types`] : []),
    ...(transferMs > 0 ? [`${time(transferMs)} copy between devices and count with no node`] : []),
  ];
  return faint(
    [
      `${more}${count(profiledRuns)} profiled runs${beside}`,
      `a run of ${time(wallMs)}: ${count(kernels.length)} kernels ${time(kernelMs)}${ofThem.length > 0 ? ` (of these ${ofThem.join(', ')})` : ''}${interrupted}, between kernels ${time(gapsMs)}, before and after the graph ${time(frameworkMs)}, the call ${time(callMs)}`,
    ].join('\n'),
  );
}

function nodesCsv({ nodes }: ProfileReport): string {
  const cell = (value: string | number) => {
    const text = String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const rows = nodes.map(({ id, name, opType, milliseconds, spread, share, calls, provider }) =>
    [id, name, opType, milliseconds, spread, share, calls, provider].map(cell).join(','),
  );
  return ['id,name,operator,milliseconds,spread,share,calls,provider', ...rows, ''].join('\n');
}
