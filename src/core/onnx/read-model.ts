import { english } from '../english.ts';
import type { ByteSource } from '../graph/byte-source.ts';
import type {
  Attribute,
  FunctionDefinition,
  Graph,
  Model,
  Node,
  NodeId,
  QuantizationAnnotation,
  SparseTensor,
  Tensor,
  ValueInfo,
} from '../graph/model.ts';
import type { Problem } from '../problem.ts';
import { decodeEntry, type ExternalFiles, Leftovers, plainDomain, type ReadContext, text, unsigned } from './fields.ts';
import { memoryOf } from './memory.ts';
import { nameText, ProblemList } from './problem-list.ts';
import { findProblems } from './problems.ts';
import { decodeAttribute, decodeSparse } from './read-attribute.ts';
import { decodeValueInfo } from './read-types.ts';
import { loadStructure, MalformedError, maxDepth } from './resident.ts';
import { rememberSpan } from './spans.ts';
import { fieldSource, readTensor } from './tensor-data.ts';
import { type Field, WireReader } from './wire.ts';

const noAttributes: ReadonlyMap<string, Attribute> = new Map();

/** A model as it was read. */
export interface ReadModel {
  readonly model: Model;
  /** Its oddities; looked for when they are asked for, which takes about half as long as reading. */
  readonly problems: readonly Problem[];
  /** All weights are there. */
  readonly isWhole: boolean;
}

/**
 * Reads a model's structure; weights stay byte ranges of `source` and of the external files.
 * Rejects with `MalformedError` when the bytes are not an ONNX model.
 */
export async function readModel(source: ByteSource, external: ExternalFiles): Promise<ReadModel> {
  const chunks = await loadStructure(source);
  const context: ReadContext = {
    source,
    wire: new WireReader(chunks),
    external,
    problems: new ProblemList(),
    graph: decodeGraph,
    nextNodeId: 0,
    depth: 0,
  };
  for (const { bytes } of chunks) context.wire.spend(bytes.length);
  const model = decodeModel(context, source.byteLength);
  const found = context.problems;
  const isWhole = !found.has('external-data');
  let problems: readonly Problem[] | undefined;
  const find = () => {
    findProblems(model, found);
    return found.all();
  };
  return {
    model,
    isWhole,
    get problems() {
      problems ??= find();
      return problems;
    },
  };
}

function decodeModel(context: ReadContext, length: number): Model {
  const { wire } = context;
  const opsets = new Map<string, number>();
  const metadata = new Map<string, string>();
  const functions: FunctionDefinition[] = [];
  const trainingInfo: ByteSource[] = [];
  const unknown = new Leftovers(wire);
  let irVersion = 0;
  let modelVersion = 0n;
  let graph: Graph | undefined;
  const texts = { producerName: '', producerVersion: '', domain: '', docString: '' };
  for (const field of wire.fields(0, length)) {
    if (field.number === 1 && field.wire === 0) irVersion = Number(unsigned(wire, field));
    else if (field.number === 2 && field.wire === 2) texts.producerName = text(wire, field);
    else if (field.number === 3 && field.wire === 2) texts.producerVersion = text(wire, field);
    else if (field.number === 4 && field.wire === 2) texts.domain = text(wire, field);
    else if (field.number === 5 && field.wire === 0) modelVersion = BigInt.asIntN(64, unsigned(wire, field));
    else if (field.number === 6 && field.wire === 2) texts.docString = text(wire, field);
    else if (field.number === 7 && field.wire === 2) graph = decodeGraph(context, field);
    else if (field.number === 8 && field.wire === 2) decodeOpset(context, field, opsets);
    else if (field.number === 14 && field.wire === 2) decodeEntry(wire, field, metadata);
    else if (field.number === 20 && field.wire === 2) trainingInfo.push(fieldSource(context, field));
    else if (field.number === 25 && field.wire === 2) functions.push(decodeFunction(context, field));
    else unknown.add(field);
  }
  if (!graph) throw new MalformedError(english`There is no graph in the file.`);
  const model: Model = {
    irVersion,
    ...texts,
    modelVersion,
    opsets,
    graph,
    functions,
    metadata,
    ...(trainingInfo.length > 0 ? { trainingInfo } : {}),
    ...unknown.property(),
    nextNodeId: context.nextNodeId,
  };
  return rememberSpan(model, { source: context.source, field: 0, start: 0, from: 0, to: length });
}

function decodeGraph(context: ReadContext, { number, start, from, to }: Field): Graph {
  if (++context.depth > maxDepth) throw new MalformedError(english`Graphs are nested deeper than ${maxDepth}.`);
  const { wire } = context;
  wire.spend(memoryOf.graph);
  const nodes: Node[] = [];
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  const valueInfo: ValueInfo[] = [];
  const initializers = new Map<string, Tensor>();
  const sparseInitializers: SparseTensor[] = [];
  const quantizationAnnotations: QuantizationAnnotation[] = [];
  const metadata = new Map<string, string>();
  const unknown = new Leftovers(wire);
  let name = '';
  let docString = '';
  for (const field of wire.fields(from, to)) {
    if (field.wire !== 2) unknown.add(field);
    else if (field.number === 1) nodes.push(decodeNode(context, field));
    else if (field.number === 2) name = text(wire, field);
    else if (field.number === 5) {
      const tensor = readTensor(context, field);
      if (initializers.has(tensor.name)) {
        context.problems.add(
          'duplicate-initializer',
          () => english`The initializer ${nameText(tensor.name)} stands twice in the file; the last one counts.`,
        );
      }
      initializers.set(tensor.name, tensor);
    } else if (field.number === 10) docString = text(wire, field);
    else if (field.number === 11) inputs.push(decodeValueInfo(context, field));
    else if (field.number === 12) outputs.push(decodeValueInfo(context, field));
    else if (field.number === 13) valueInfo.push(decodeValueInfo(context, field));
    else if (field.number === 14) quantizationAnnotations.push(decodeAnnotation(context, field));
    else if (field.number === 15) sparseInitializers.push(decodeSparse(context, field));
    else if (field.number === 16) decodeEntry(wire, field, metadata);
    else unknown.add(field);
  }
  context.depth--;
  const graph: Graph = {
    name,
    docString,
    nodes,
    inputs,
    outputs,
    valueInfo,
    initializers,
    sparseInitializers,
    quantizationAnnotations,
    metadata,
    ...unknown.property(),
  };
  return rememberSpan(graph, { source: context.source, field: number, start, from, to });
}

function decodeNode(context: ReadContext, { number, start, from, to }: Field): Node {
  const { wire } = context;
  wire.spend(memoryOf.node);
  const id = context.nextNodeId++ as NodeId;
  const inputs: string[] = [];
  const outputs: string[] = [];
  let attributes: Map<string, Attribute> | undefined;
  let metadata: Map<string, string> | undefined;
  const unknown = new Leftovers(wire);
  const texts = { name: '', opType: '', domain: '', docString: '', overload: '' };
  for (const field of wire.fields(from, to)) {
    if (field.wire !== 2) unknown.add(field);
    else if (field.number === 1) inputs.push(text(wire, field));
    else if (field.number === 2) outputs.push(text(wire, field));
    else if (field.number === 3) texts.name = text(wire, field);
    else if (field.number === 4) texts.opType = text(wire, field);
    else if (field.number === 5) {
      attributes ??= new Map();
      const [name, attribute] = decodeAttribute(context, field);
      if (attributes.has(name)) {
        context.problems.add(
          'duplicate-attribute',
          () => english`The attribute ${nameText(name)} stands twice at a node; the last one counts.`,
          id,
        );
      }
      attributes.set(name, attribute);
    } else if (field.number === 6) texts.docString = text(wire, field);
    else if (field.number === 7) texts.domain = plainDomain(text(wire, field));
    else if (field.number === 8) texts.overload = text(wire, field);
    else if (field.number === 9) {
      metadata ??= new Map();
      decodeEntry(wire, field, metadata);
    } else unknown.add(field);
  }
  const node: Node = {
    id,
    opType: texts.opType,
    domain: texts.domain,
    name: texts.name,
    inputs,
    outputs,
    attributes: attributes ?? noAttributes,
    ...(texts.docString ? { docString: texts.docString } : {}),
    ...(texts.overload ? { overload: texts.overload } : {}),
    ...(metadata ? { metadata } : {}),
    ...unknown.property(),
  };
  return rememberSpan(node, { source: context.source, field: number, start, from, to });
}

function decodeFunction(context: ReadContext, { number, start, from, to }: Field): FunctionDefinition {
  const { wire } = context;
  wire.spend(memoryOf.graph);
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: string[] = [];
  const attributeDefaults = new Map<string, Attribute>();
  const nodes: Node[] = [];
  const opsets = new Map<string, number>();
  const valueInfo: ValueInfo[] = [];
  const metadata = new Map<string, string>();
  const unknown = new Leftovers(wire);
  const texts = { name: '', domain: '', overload: '', docString: '' };
  for (const field of wire.fields(from, to)) {
    if (field.wire !== 2) unknown.add(field);
    else if (field.number === 1) texts.name = text(wire, field);
    else if (field.number === 4) inputs.push(text(wire, field));
    else if (field.number === 5) outputs.push(text(wire, field));
    else if (field.number === 6) attributes.push(text(wire, field));
    else if (field.number === 7) nodes.push(decodeNode(context, field));
    else if (field.number === 8) texts.docString = text(wire, field);
    else if (field.number === 9) decodeOpset(context, field, opsets);
    else if (field.number === 10) texts.domain = plainDomain(text(wire, field));
    else if (field.number === 11) attributeDefaults.set(...decodeAttribute(context, field));
    else if (field.number === 12) valueInfo.push(decodeValueInfo(context, field));
    else if (field.number === 13) texts.overload = text(wire, field);
    else if (field.number === 14) decodeEntry(wire, field, metadata);
    else unknown.add(field);
  }
  const definition: FunctionDefinition = {
    ...texts,
    inputs,
    outputs,
    attributes,
    attributeDefaults,
    opsets,
    nodes,
    valueInfo,
    metadata,
    ...unknown.property(),
  };
  return rememberSpan(definition, { source: context.source, field: number, start, from, to });
}

function decodeAnnotation(context: ReadContext, { number, start, from, to }: Field): QuantizationAnnotation {
  const { wire } = context;
  wire.spend(memoryOf.values);
  let tensorName = '';
  const parameters = new Map<string, string>();
  for (const field of wire.fields(from, to)) {
    if (field.number === 1) tensorName = text(wire, field);
    else if (field.number === 2) decodeEntry(wire, field, parameters);
  }
  return rememberSpan({ tensorName, parameters }, { source: context.source, field: number, start, from, to });
}

function decodeOpset({ wire, problems }: ReadContext, { from, to }: Field, opsets: Map<string, number>): void {
  wire.spend(memoryOf.entry);
  let domain = '';
  let version = 0;
  for (const field of wire.fields(from, to)) {
    if (field.number === 1) domain = plainDomain(text(wire, field));
    else if (field.number === 2) version = Number(unsigned(wire, field));
  }
  const before = opsets.get(domain);
  if (before !== undefined) {
    problems.add(
      'duplicate-opset',
      () =>
        english`The operator set ${nameText(domain) || 'ai.onnx'} is imported twice, as version ${before} and ${version}; the higher one counts.`,
    );
  }
  opsets.set(domain, Math.max(version, before ?? 0));
}
