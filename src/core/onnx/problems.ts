import { graphAttributes } from '../graph/attribute.ts';
import type { Graph, Model, Node } from '../graph/model.ts';
import type { Problem } from '../problem.ts';

/** What is odd about a model that ONNX Runtime loads all the same, and what it will refuse. */
export function findProblems(model: Model): Problem[] {
  const problems: Problem[] = [];
  if (model.irVersion === 0)
    problems.push({ severity: 'warning', code: 'missing-ir-version', message: 'The file states no IR version.' });
  const used = new Set<string>();
  const local = new Set(model.functions.map(({ domain }) => domain));
  visit(model.graph, new Set(), problems, used, model.irVersion);
  for (const definition of model.functions)
    for (const { domain } of definition.nodes) if (!definition.opsets.has(domain)) used.add(domain);
  for (const domain of used) {
    if (model.opsets.has(domain) || local.has(domain)) continue;
    problems.push({
      severity: 'warning',
      code: 'missing-opset',
      message: `Nodes use the operator set ${domain || 'ai.onnx'}, which the model does not import.`,
    });
  }
  return problems;
}

function visit(
  graph: Graph,
  outer: ReadonlySet<string>,
  problems: Problem[],
  used: Set<string>,
  irVersion: number,
): void {
  const known = new Set(outer);
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  for (const name of inputs) known.add(name);
  for (const tensor of graph.initializers.values()) {
    known.add(tensor.name);
    if (irVersion > 0 && irVersion < 4 && outer.size === 0 && !inputs.has(tensor.name)) {
      problems.push({
        severity: 'info',
        code: 'initializer-not-input',
        message: `The initializer ${tensor.name} is no graph input, which IR version ${irVersion} asks for.`,
      });
    }
  }
  for (const { values } of graph.sparseInitializers) known.add(values.name);
  const producers = new Map<string, Node>();
  for (const node of graph.nodes) {
    for (const output of node.outputs) {
      if (output === '') continue;
      if (producers.has(output) || inputs.has(output)) {
        problems.push({
          severity: 'error',
          code: 'duplicate-value',
          message: `The value ${output} is produced twice.`,
          node: node.id,
        });
      }
      producers.set(output, node);
    }
  }
  let unsorted: Node | undefined;
  for (const node of graph.nodes) {
    used.add(node.domain);
    for (const input of node.inputs) {
      if (input === '' || known.has(input)) continue;
      if (producers.has(input)) unsorted ??= node;
      else
        problems.push({
          severity: 'error',
          code: 'missing-value',
          message: `The node ${label(node)} reads ${input}, which nothing produces.`,
          node: node.id,
        });
    }
    for (const output of node.outputs) known.add(output);
    const inside = graphAttributes(node);
    if (inside.length > 0) {
      const visible = new Set([...known, ...producers.keys()]);
      for (const { graph: body } of inside) visit(body, visible, problems, used, irVersion);
    }
  }
  if (unsorted) {
    problems.push({
      severity: 'info',
      code: 'unsorted-nodes',
      message: `The nodes are not in topological order, beginning with ${label(unsorted)}. ONNX Runtime sorts them; the ONNX checker refuses the file.`,
      node: unsorted.id,
    });
  }
}

function label({ opType, name }: Node): string {
  return name ? `${opType} ${name}` : opType;
}
