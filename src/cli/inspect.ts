import type { Command } from 'commander';
import { bytes, count, large, shape } from '../core/report/format.ts';
import type { InspectReport, ReportedNode, ReportedValue } from '../core/report/report.ts';
import { execute, heading, type Outcome, type OutputOptions, withOutputOptions } from './command.ts';
import { UsageError } from './exit.ts';
import { bad, careful, faint, pairs, shortened, strong, table } from './print.ts';

interface InspectOptions extends OutputOptions {
  readonly nodes?: boolean;
  readonly sha256?: boolean;
  readonly provider: string;
  readonly explain?: string;
}

/** `opscope inspect MODEL` */
export function inspectCommand(program: Command): void {
  withOutputOptions(program.command('inspect'))
    .description('say what is in a model and what is wrong with it')
    .argument('[model]', 'an .onnx file')
    .option('--nodes', 'list every node with shapes, multiply-accumulates and bytes')
    .option('--provider <name>', 'execution provider that is to run the model: its kernels are looked at', 'cpu')
    .option('--sha256', 'hash the file, which reads all of it')
    .option('--explain <code>', 'say what a problem of this code means, without a model')
    .action((model: string | undefined, options: InspectOptions, command: Command) =>
      execute(options, async () => {
        if (options.explain !== undefined) return explained(options.explain);
        if (model === undefined) return command.error("error: missing required argument 'model'");
        const { openModel } = await import('../worker/open-model.ts');
        const { inspectModel } = await import('../worker/inspect.ts');
        const opened = await openModel(model);
        try {
          const { nodes = false, sha256 = false, provider } = options;
          const report = await inspectModel(opened, {
            nodes,
            sha256,
            provider,
            dims: new Map(Object.entries(options.dim)),
          });
          return { report, text: () => inspectText(report) };
        } finally {
          await opened.close();
        }
      }),
    );
}

async function explained(code: string): Promise<Outcome> {
  const { problemKinds } = await import('../core/report/problem-kinds.ts');
  const kind = problemKinds.find((each) => each.code === code);
  if (!kind) {
    const codes = problemKinds.map((each) => each.code).join(', ');
    throw new UsageError(`There is no problem with the code ${code}. There are: ${codes}.`);
  }
  const { title, severity, documentation, fix = null } = kind;
  const mends = fix === null ? '' : `\n\nMended by the pass ${fix}: opscope optimize MODEL --pass ${fix} -o OUT`;
  return {
    report: { code, title, severity, documentation, fix },
    text: () => `${strong(title)}  ${faint(severity)}\n\n${documentation}${mends}`,
  };
}

/** Operators that are named; the rest is counted. */
const shownOperators = 12;

export function inspectText(report: InspectReport): string {
  const { nodes, parameters, inputs, outputs, nodeList, problems } = report;
  const entries: [string, string][] = [
    ['nodes', `${count(nodes)}  ${faint(operatorsText(report.operators))}`],
    ['parameters', large(parameters)],
    ['MACs', macsText(report)],
    ...inputs.map((value, index): [string, string] => [index === 0 ? 'inputs' : '', valueText(value)]),
    ...outputs.map((value, index): [string, string] => [index === 0 ? 'outputs' : '', valueText(value)]),
  ];
  if (report.model.sha256) entries.push(['SHA-256', report.model.sha256]);
  const parts = [heading(report.model), pairs(entries)];
  if (nodeList) parts.push(nodesText(nodeList));
  if (problems.length > 0) parts.push(problemsText(report));
  return parts.join('\n\n');
}

function operatorsText(operators: Readonly<Record<string, number>>): string {
  const all = Object.entries(operators);
  const named = all.slice(0, shownOperators).map(([name, times]) => `${name} ${times}`);
  return [...named, ...(all.length > shownOperators ? [`and ${all.length - shownOperators} more operators`] : [])].join(
    ', ',
  );
}

function macsText({ macs, macsUnknown, assumedDims }: InspectReport): string {
  const at = Object.entries(assumedDims ?? {}).map(([name, size]) => `${name}=${size}`);
  const notes = [
    ...(at.length > 0 ? [`at ${at.join(', ')}`] : []),
    ...(macsUnknown > 0 ? [`without ${count(macsUnknown)} nodes of unknown cost`] : []),
  ];
  return [large(macs), ...(notes.length > 0 ? [faint(`(${notes.join('; ')})`)] : [])].join(' ');
}

const valueText = ({ name, dtype, shape: dims }: ReportedValue): string => `${name}  ${dtype}  ${shape(dims)}`;

function nodesText(nodes: readonly ReportedNode[]): string {
  const right = 'right' as const;
  return table(
    [
      { title: 'id', align: right },
      { title: 'operator' },
      { title: 'name' },
      { title: 'output' },
      { title: 'MACs', align: right },
      { title: 'parameters', align: right },
      { title: 'bytes', align: right },
    ],
    nodes.map(({ id, opType, domain, name, outputs, macs, parameters, bytes: moved }) => [
      String(id),
      domain ? `${domain}.${opType}` : opType,
      shortened(name, 48),
      outputs[0] ? `${outputs[0].dtype} ${shape(outputs[0].shape)}` : '',
      large(macs),
      large(parameters),
      bytes(moved),
    ]),
  );
}

function problemsText({ problems }: InspectReport): string {
  const paint = { error: bad, warning: careful, info: faint };
  return [
    strong('problems'),
    table(
      [{ title: '' }, { title: '' }, { title: '' }],
      problems.map(({ severity, code, message }) => [paint[severity](severity), code, message]),
    ),
  ].join('\n');
}
