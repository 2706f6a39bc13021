import { modelParameters, nodeCost } from '../core/cost/node-cost.ts';
import { Draft } from '../core/graph/draft.ts';
import type { Model, ValueInfo } from '../core/graph/model.ts';
import type { GraphView } from '../core/graph/view.ts';
import type { ModelIdentity } from '../core/report/profile-report.ts';
import { type InspectReport, type ReportedNode, type ReportedValue, reportSchema } from '../core/report/report.ts';
import { findRuleProblems } from '../core/rules/catalog.ts';
import type { Facts, ValueFacts } from '../core/shapes/facts.ts';
import { createFacts, shapeText } from '../core/shapes/infer.ts';
import { hashFile } from './hash-file.ts';
import type { OpenedModel } from './open-model.ts';
import { symbolicDims } from './symbolic-dims.ts';

export interface InspectOptions {
  /** List every node with shapes and cost. */
  readonly nodes?: boolean;
  /** Hash the file, which reads all of it. */
  readonly sha256?: boolean;
  readonly dims?: ReadonlyMap<string, number>;
  /** The execution provider whose kernels the problems are about; the CPU by default. */
  readonly provider?: string;
  /** What is known of the model already, with free dimensions and with sizes for them; not together with `dims`. */
  readonly known?: { readonly draft: Draft; readonly facts: Facts; readonly sized: Facts };
}

/**
 * Sizes for the symbolic dimensions that `given` leaves open, so that costs can be told: the suggestions that a run
 * would start from as well. Whoever shows such a cost shows these beside it.
 */
export function assumedDims(model: Model, given: ReadonlyMap<string, number> = new Map()): Map<string, number> {
  const open = symbolicDims(model).filter(({ name }) => !given.has(name));
  return new Map(open.map(({ name, suggestion }) => [name, suggestion]));
}

/** What there is to say about a model without running it. Reads no weights, except the whole file when it is to be hashed. */
export async function inspectModel(opened: OpenedModel, options: InspectOptions = {}): Promise<InspectReport> {
  const dims = options.dims ?? new Map<string, number>();
  const assumed = assumedDims(opened.model, dims);
  const draft = options.known?.draft ?? new Draft(opened.model);
  const facts = options.known?.facts ?? createFacts(draft, { dims });
  const sizes = new Map([...dims, ...assumed]);
  const sized = options.known?.sized ?? (assumed.size === 0 ? facts : createFacts(draft, { dims: sizes }));
  const operators = new Map<string, number>();
  const list: ReportedNode[] = [];
  let nodes = 0;
  let macs: number | null = null;
  let macsUnknown = 0;
  for (const graph of draft.graphs()) {
    for (const node of graph.nodes()) {
      nodes++;
      const operator = node.domain === '' ? node.opType : `${node.domain}.${node.opType}`;
      operators.set(operator, (operators.get(operator) ?? 0) + 1);
      const cost = nodeCost(graph, node, sized);
      if (cost.macs === null) macsUnknown++;
      else macs = (macs ?? 0) + cost.macs;
      if (!options.nodes) continue;
      const { macs: own, parameters, bytes } = cost;
      const { id, name, opType, domain } = node;
      const inputs = reportedValues(graph, facts, node.inputs);
      const outputs = reportedValues(graph, facts, node.outputs);
      list.push({ id, name, opType, domain, inputs, outputs, macs: own, parameters, bytes });
    }
  }
  return {
    schema: reportSchema,
    model: await modelIdentity(opened, options.sha256),
    nodes,
    operators: sorted(operators),
    parameters: modelParameters(draft),
    macs,
    macsUnknown,
    ...(assumed.size > 0 ? { assumedDims: Object.fromEntries(assumed) } : {}),
    inputs: graphValues(draft.main, facts, callerInputs(draft.main)),
    outputs: graphValues(draft.main, facts, draft.main.outputs),
    metadata: Object.fromEntries(opened.model.metadata),
    problems: [
      ...opened.problems,
      ...findRuleProblems({ draft, facts, ...(options.provider ? { provider: options.provider } : {}) }),
    ],
    ...(options.nodes ? { nodeList: list } : {}),
  };
}

/** What names a model in every report. */
export async function modelIdentity({ path, bytes, model }: OpenedModel, hash = false): Promise<ModelIdentity> {
  return {
    path,
    bytes,
    ...(hash ? { sha256: await hashFile(path) } : {}),
    irVersion: model.irVersion,
    producer: [model.producerName, model.producerVersion].filter(Boolean).join(' '),
    opsets: Object.fromEntries(Array.from(model.opsets, ([domain, version]) => [domain || 'ai.onnx', version])),
  };
}

/** Inputs that a caller gives; one with an initializer may be left out. */
function callerInputs(graph: GraphView): readonly ValueInfo[] {
  return graph.inputs.filter(({ name }) => !graph.initializer(name));
}

function graphValues(graph: GraphView, facts: Facts, values: readonly ValueInfo[]): ReportedValue[] {
  return reportedValues(
    graph,
    facts,
    values.map(({ name }) => name),
  );
}

function reportedValues(graph: GraphView, facts: Facts, names: readonly string[]): ReportedValue[] {
  return names.filter((name) => name !== '').map((name) => reportedValue(name, facts.of(graph, name)));
}

/** A value with type and shape, as reports have it. */
export function reportedValue(name: string, facts: ValueFacts): ReportedValue {
  return { name, dtype: typeText(facts), shape: facts.kind === 'tensor' ? shapeText(facts) : null };
}

function typeText(facts: ValueFacts): string {
  if (facts.kind === 'tensor') return facts.dtype ?? 'unknown';
  return facts.element ? `${facts.kind} of ${facts.element.dtype ?? facts.element.kind}` : facts.kind;
}

/** Most frequent first. */
const sorted = (counts: ReadonlyMap<string, number>): Record<string, number> =>
  Object.fromEntries([...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)));
