/** Written reports from report objects: what was done, what it gained, how sure, on what machine. */
import type { ReportBlock, ReportDocument, ReportSection } from './document.ts';
import { bytes, change, count, dateTime, decibels, interval, large, percent, significant, time } from './format.ts';
import type { Environment, Latency, ProfileReport } from './profile-report.ts';
import type {
  CompareReport,
  LatencyComparison,
  MetricPair,
  ModelSize,
  OptimizeReport,
  QuantizeReport,
  Verdict,
} from './report.ts';
import { compareHeadline, latencySentence, optimizeHeadline, outputsSentence, quantizeHeadline } from './sentences.ts';

const topNodes = 25;

/** The report of an optimization; `picture` is the graph after it, as SVG. */
export function optimizeDocument(report: OptimizeReport, picture?: string): ReportDocument {
  return {
    title: `Optimized: ${fileName(report.model.path)}`,
    lead: sentence(optimizeHeadline(report)),
    sections: [
      sizeSection(report.before, report.after),
      verdictSection(report.verdict),
      ...latencySections(report.latency),
      {
        heading: 'What was done',
        blocks: [
          table(
            ['Pass', '#Rewrites', '#Removed', '#Added', '#ms'],
            report.passes
              .filter(({ rewrites }) => rewrites > 0)
              .map((pass) => [
                pass.name,
                count(pass.rewrites),
                count(pass.removed),
                count(pass.added),
                significant(pass.milliseconds),
              ]),
          ),
          ...(report.rolledBack.length > 0
            ? [list(report.rolledBack.map(({ pass, reason }) => `Rolled back ${pass}: ${reason}`))]
            : []),
        ],
      },
      ...problemSections(report.problems),
      ...pictureSections(picture),
      ...environmentSections(report.latency?.environment),
    ],
  };
}

/** The report of a quantization; `picture` is the graph after it, as SVG. */
export function quantizeDocument(report: QuantizeReport, picture?: string): ReportDocument {
  const { quantized, fused, calibration, metric } = report;
  return {
    title: `Quantized (${report.scheme}): ${fileName(report.model.path)}`,
    lead: sentence(quantizeHeadline(report)),
    sections: [
      {
        heading: 'What was quantized',
        blocks: [
          table(
            ['', '#Nodes', '#Of'],
            [
              ['Quantized', count(quantized.nodes), count(quantized.of)],
              ['Run by an integer kernel', count(fused.nodes), count(fused.of)],
            ],
          ),
          ...(calibration
            ? [
                text(
                  `Calibrated on ${count(calibration.samples)} samples of ${calibration.source} by ${calibration.method}.`,
                ),
              ]
            : []),
          ...(report.kept.length > 0
            ? [
                table(
                  ['Kept in float', 'Why'],
                  report.kept.map(({ node, reason }) => [node, reason]),
                ),
              ]
            : []),
        ],
      },
      sizeSection(report.before, report.after),
      ...metricSections(metric),
      verdictSection(report.verdict),
      ...latencySections(report.latency),
      ...(report.advice.length > 0 ? [{ heading: 'Advice', blocks: [list(report.advice)] }] : []),
      ...problemSections(report.problems),
      ...pictureSections(picture),
      ...environmentSections(report.latency?.environment),
    ],
  };
}

/** The report of a profile; `picture` is the graph coloured by time, as SVG. */
export function profileDocument(report: ProfileReport, picture?: string): ReportDocument {
  const { latency } = report;
  const nodes = [...report.nodes].sort((a, b) => b.milliseconds - a.milliseconds).slice(0, topNodes);
  return {
    title: `Profile: ${fileName(report.model.path)}`,
    lead: `Median latency ${time(latency.median)} (${interval(latency.interval95, 'ms')}, ${count(latency.runs)} runs)${latency.stable ? '' : '; the times were not stable'}.`,
    sections: [
      {
        heading: 'Latency',
        blocks: [
          latencyTable([['Plain runs', latency]]),
          ...(latency.problems.length > 0 ? [list(latency.problems)] : []),
        ],
      },
      {
        heading: 'Where the time goes',
        blocks: [
          bars(
            `The ${count(nodes.length)} slowest of ${count(report.nodes.length)} nodes, milliseconds a run over ${count(report.profiledRuns)} profiled runs`,
            nodes.map((node) => ({
              label: `${node.opType} ${node.name}`,
              value: node.milliseconds,
              text: `${time(node.milliseconds)} · ${percent(node.share)}`,
            })),
          ),
          table(
            ['Part of a profiled run', '#Time'],
            [
              ['Kernels', time(report.kernelMs)],
              ['of these without a node of the model', time(report.unattributedMs)],
              ['of these conversions that ONNX Runtime put in', time(report.insertedMs)],
              ['of these copies between devices', time(report.transferMs)],
              ['Kernels interrupted by other work', time(report.interruptedMs ?? 0)],
              ['Between kernels', time(report.gapsMs)],
              ['Before and after the graph', time(report.frameworkMs)],
              ['The call from outside', time(report.callMs)],
              ['Whole run, by the clock outside', time(report.wallMs)],
            ],
          ),
          text(
            `Profiling makes a run ${significant(report.overheadRatio)} times as long; the latency above is from runs without it.`,
          ),
        ],
      },
      {
        heading: 'Inputs',
        blocks: [
          table(
            ['Input', 'Type', 'Shape', 'Data'],
            report.inputs.map(({ name, dtype, shape, source }) => [name, dtype, shape.join('×') || 'scalar', source]),
          ),
        ],
      },
      ...problemSections(report.problems),
      ...pictureSections(picture),
      ...environmentSections(report.environment),
    ],
  };
}

/** The report of a comparison of two models. */
export function compareDocument(report: CompareReport, picture?: string): ReportDocument {
  const { graph } = report;
  return {
    title: `${fileName(report.a.path)} against ${fileName(report.b.path)}`,
    lead: sentence(compareHeadline(report)),
    sections: [
      {
        heading: 'Graph',
        blocks: [
          table(
            ['#Same', '#Changed', '#Added', '#Removed'],
            [[graph.same, graph.changed, graph.added, graph.removed].map(count)],
          ),
        ],
      },
      sizeSection(report.before, report.after),
      verdictSection(report.verdict),
      ...metricSections(report.metric),
      ...latencySections(report.latency),
      ...problemSections(report.problems),
      ...pictureSections(picture),
      ...environmentSections(report.environment),
    ],
  };
}

function sizeSection(before: ModelSize, after: ModelSize): ReportSection {
  const operators = [
    ...new Set([...Object.keys(before.operators ?? {}), ...Object.keys(after.operators ?? {})]),
  ].sort();
  const changed = operators
    .map((name) => [name, before.operators?.[name] ?? 0, after.operators?.[name] ?? 0] as const)
    .filter(([, was, is]) => was !== is);
  return {
    heading: 'Before and after',
    blocks: [
      table(
        ['', '#Before', '#After', '#Change'],
        [
          ['Nodes', count(before.nodes), count(after.nodes), change(before.nodes, after.nodes)],
          ['Size', bytes(before.bytes), bytes(after.bytes), change(before.bytes, after.bytes)],
          ...activationRow(before, after),
        ],
      ),
      ...(changed.length > 0
        ? [
            table(
              ['Operator', '#Before', '#After'],
              changed.map(([name, was, is]) => [name, count(was), count(is)]),
            ),
          ]
        : []),
    ],
  };
}

function activationRow({ activationBytes: before }: ModelSize, { activationBytes: after }: ModelSize): string[][] {
  if (before === undefined || after === undefined) return [];
  return [['Activations at most', bytes(before), bytes(after), change(before, after)]];
}

function metricSections(metric: MetricPair | undefined): ReportSection[] {
  if (!metric) return [];
  const row = [metric.name, percent(metric.before), percent(metric.after), count(metric.samples)];
  return [{ heading: 'Accuracy', blocks: [table(['', '#Before', '#After', '#Samples'], [row])] }];
}

function verdictSection(verdict: Verdict): ReportSection {
  return {
    heading: 'Outputs',
    blocks: [
      text(
        sentence(
          `${outputsSentence(verdict)}, on ${count(verdict.runs)} sets of inputs${verdict.reason ? `: ${verdict.reason}` : ''}`,
        ),
      ),
      ...(verdict.outputs.length > 0
        ? [
            table(
              ['Output', '#Max absolute', '#Max relative', '#Signal to noise', '#Cosine'],
              verdict.outputs.map((output) => [
                output.name,
                significant(output.maxAbs),
                significant(output.maxRel),
                decibels(output.sqnrDb),
                output.cosine.toFixed(6),
              ]),
            ),
          ]
        : []),
    ],
  };
}

function latencySections(comparison: LatencyComparison | undefined): ReportSection[] {
  if (!comparison) return [];
  const { control95 } = comparison;
  return [
    {
      heading: 'Latency',
      blocks: [
        text(sentence(latencySentence(comparison))),
        latencyTable([
          ['Before', comparison.a],
          ['After', comparison.b],
        ]),
        ...(control95
          ? [
              text(
                `Control, the first model against itself: ratio ${significant(control95[0], 4)} to ${significant(control95[1], 4)}. Both ran in ${count(comparison.rounds)} interleaved rounds in random order.`,
              ),
            ]
          : []),
      ],
    },
  ];
}

export function latencyTable(rows: readonly (readonly [string, Latency])[]): ReportBlock {
  return table(
    ['', '#Median', '#95 % interval', '#p90', '#p99', '#Runs'],
    rows.map(([name, each]) => [
      name,
      time(each.median),
      interval(each.interval95, 'ms'),
      time(each.p90),
      time(each.p99),
      count(each.runs),
    ]),
  );
}

function problemSections(problems: readonly string[]): ReportSection[] {
  return problems.length > 0 ? [{ heading: 'Problems', blocks: [list(problems)] }] : [];
}

function pictureSections(picture: string | undefined): ReportSection[] {
  return picture
    ? [{ heading: 'Graph', blocks: [{ kind: 'picture', svg: picture, caption: 'The graph, groups collapsed.' }] }]
    : [];
}

/** The machine that a measurement is from. */
export function environmentSections(environment: Environment | undefined): ReportSection[] {
  if (!environment) return [];
  const {
    cpu,
    features,
    cores,
    governor,
    load,
    memory,
    os,
    provider,
    threads,
    defaultThreads,
    level,
    onnxruntime,
    opscope,
    modelSha256,
    date,
  } = environment;
  const rows: [string, string][] = [
    ['Processor', `${cpu}, ${count(cores)} cores`],
    ['Instructions', features === null ? 'not known' : features.join(', ') || 'none of note'],
    ['Governor', governor ?? 'not known'],
    ['Load when it began', significant(load)],
    ['Memory', bytes(memory)],
    ['System', os],
    ['Execution provider', provider],
    [
      'Threads',
      threads > 0
        ? count(threads)
        : `as ONNX Runtime chooses${defaultThreads === undefined ? '' : ` (${defaultThreads})`}`,
    ],
    ['Optimization level', level],
    ['ONNX Runtime', onnxruntime],
    ['Opscope', opscope],
    ['Date', dateTime(date)],
  ];
  if (modelSha256) rows.push(['SHA-256 of the model', modelSha256]);
  return [{ heading: 'Measured on', blocks: [table(['', ''], rows)] }];
}

/** A table whose numeric columns are marked by `#` before the title. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): ReportBlock {
  return {
    kind: 'table',
    columns: titles.map((title) => (title.startsWith('#') ? { title: title.slice(1), numeric: true } : { title })),
    rows,
  };
}

const text = (value: string): ReportBlock => ({ kind: 'text', text: value });
const list = (items: readonly string[]): ReportBlock => ({ kind: 'list', items });
const bars = (title: string, items: readonly { label: string; value: number; text: string }[]): ReportBlock => ({
  kind: 'bars',
  title,
  bars: items,
});

function sentence(value: string): string {
  return `${value.charAt(0).toUpperCase()}${value.slice(1)}.`;
}

function fileName(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? path;
}

/** Totals that a model card quotes. */
export function costLine(parameters: number, macs: number | null): string {
  return `${large(parameters)} parameters, ${large(macs)} multiply-accumulates a run`;
}
