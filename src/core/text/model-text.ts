import type { DataType } from '../graph/data-type.ts';
import { elementCount } from '../graph/data-type.ts';
import type {
  Attribute,
  FunctionDefinition,
  Graph,
  Model,
  Node,
  Tensor,
  ValueInfo,
  ValueType,
} from '../graph/model.ts';
import { elementTexts } from './element-text.ts';

/**
 * A model in the ONNX text syntax (onnx/docs/Syntax.md), one node a line, so that a text diff shows what changed.
 * Stable: the same model gives the same text. Weights beyond a few elements are declared with type and shape, their
 * size behind them as a comment, so the text is for reading and comparing, not for making the model again.
 */
export function modelText(model: Model): string {
  const lines = ['<', `  ir_version: ${model.irVersion},`, `  opset_import: [${opsetText(model.opsets)}]`];
  const facts: (readonly [string, string])[] = [
    ['producer_name', model.producerName],
    ['producer_version', model.producerVersion],
    ['domain', model.domain],
    ['doc_string', model.docString],
  ];
  for (const [name, value] of facts) {
    if (value === '') continue;
    lines[lines.length - 1] += ',';
    lines.push(`  ${name}: ${quoted(value)}`);
  }
  lines.push('>', ...graphLines(model.graph, ''));
  for (const definition of model.functions) lines.push('', ...functionLines(definition));
  return `${lines.join('\n')}\n`;
}

const opsetText = (opsets: ReadonlyMap<string, number>): string =>
  Array.from(opsets, ([domain, version]) => `${quoted(domain)} : ${version}`).join(', ');

function graphLines(graph: Graph, indent: string): string[] {
  const { name, inputs, outputs, initializers, nodes } = graph;
  const lines = [`${indent}${identifier(name || 'graph')} (${infos(inputs)}) => (${infos(outputs)})`];
  if (initializers.size > 0) {
    lines.push(`${indent}<`);
    const last = initializers.size - 1;
    for (const [index, tensor] of [...initializers.values()].entries()) {
      lines.push(`${indent}  ${initializerText(tensor, index === last ? '' : ',')}`);
    }
    lines.push(`${indent}>`);
  }
  lines.push(`${indent}{`);
  for (const node of nodes) lines.push(...nodeLines(node, `${indent}  `));
  lines.push(`${indent}}`);
  return lines;
}

function functionLines({ domain, opsets, name, attributes, inputs, outputs, nodes }: FunctionDefinition): string[] {
  const parameters = attributes.length > 0 ? `<${attributes.map(identifier).join(', ')}> ` : '';
  return [
    '<',
    `  domain: ${quoted(domain)},`,
    `  opset_import: [${opsetText(opsets)}]`,
    '>',
    `${identifier(name)} ${parameters}(${inputs.map(identifier).join(', ')}) => (${outputs.map(identifier).join(', ')})`,
    '{',
    ...nodes.flatMap((node) => nodeLines(node, '  ')),
    '}',
  ];
}

function nodeLines({ name, domain, opType, inputs, outputs, attributes }: Node, indent: string): string[] {
  const label = name === '' ? '' : `[${quoted(name)}] `;
  const operator = domain === '' ? opType : `${domain}.${opType}`;
  const plain: string[] = [];
  const bodies: string[] = [];
  for (const [key, attribute] of [...attributes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const graphs = attribute.type === 'graph' ? [attribute.value] : attribute.type === 'graphs' ? attribute.value : [];
    if (graphs.length === 0) plain.push(attributeText(key, attribute));
    for (const body of graphs)
      bodies.push(`${indent}  ${identifier(key)}: graph =`, ...graphLines(body, `${indent}  `));
  }
  const call = `${indent}${label}${outputs.map(identifier).join(', ')} = ${operator}`;
  const values = `(${inputs.map(identifier).join(', ')})`;
  if (bodies.length === 0) return [`${call}${plain.length > 0 ? ` <${plain.join(', ')}>` : ''} ${values}`];
  return [`${call} <${plain.join(', ')}`, ...bodies, `${indent}> ${values}`];
}

/** Elements of a tensor that are written out. */
const shownElements = 16;

function initializerText(tensor: Tensor, separator: string): string {
  const declared = `${tensorType(tensor.dtype, tensor.dims)} ${identifier(tensor.name)}`;
  const elements = elementsText(tensor);
  return elements ? `${declared} = {${elements}}${separator}` : `${declared}${separator} ${sizeComment(tensor)}`;
}

const elementsText = (tensor: Tensor): string | undefined =>
  elementCount(tensor.dims) <= shownElements ? elementTexts(tensor)?.join(', ') : undefined;

const sizeComment = ({ data }: Tensor): string => `# ${data.byteLength} bytes`;

/** An attribute as the syntax writes it; bodies are left out. */
export function attributeText(name: string, attribute: Attribute): string {
  const [type, value] = attributeParts(attribute);
  return `${identifier(name)}: ${type} = ${value}`;
}

function attributeParts(attribute: Attribute): readonly [type: string, value: string] {
  const list = (items: readonly unknown[], text: (item: never) => string) =>
    `[${items.map((item) => text(item as never)).join(', ')}]`;
  switch (attribute.type) {
    case 'int':
      return ['int', String(attribute.value)];
    case 'float':
      return ['float', floatText(attribute.value)];
    case 'string':
      return ['string', bytesText(attribute.value)];
    case 'ints':
      return ['ints', list(attribute.value, String)];
    case 'floats':
      return ['floats', list(attribute.value, floatText)];
    case 'strings':
      return ['strings', list(attribute.value, bytesText)];
    case 'tensor':
      return ['tensor', tensorText(attribute.value)];
    case 'tensors':
      return ['tensors', list(attribute.value, tensorText)];
    case 'type':
      return ['type_proto', typeText(attribute.value)];
    case 'types':
      return ['type_protos', list(attribute.value, typeText)];
    case 'reference':
      return ['ref', `@${identifier(attribute.value)}`];
    default:
      return [attribute.type, '{}'];
  }
}

const tensorText = (tensor: Tensor): string =>
  `${tensorType(tensor.dtype, tensor.dims)} {${elementsText(tensor) ?? `${tensor.data.byteLength} bytes`}}`;

const infos = (values: readonly ValueInfo[]): string =>
  values.map(({ name, type }) => `${type ? `${typeText(type)} ` : ''}${identifier(name)}`).join(', ');

/** A type as the syntax writes it; nested types from the inside out. */
function typeText(type: ValueType): string {
  const wrappers: string[] = [];
  let inner: ValueType | undefined = type;
  while (inner && (inner.kind === 'sequence' || inner.kind === 'optional')) {
    wrappers.push(inner.kind === 'sequence' ? 'seq' : 'optional');
    inner = inner.element;
  }
  let text = '?';
  if (inner?.kind === 'tensor') text = tensorType(inner.dtype, inner.shape);
  else if (inner?.kind === 'sparse-tensor') text = `sparse_tensor(${tensorType(inner.dtype, inner.shape)})`;
  else if (inner?.kind === 'map') text = `map(${elementType(inner.key)}, …)`;
  else if (inner?.kind === 'opaque') text = `opaque(${quoted(inner.domain)}, ${quoted(inner.name)})`;
  for (const wrapper of wrappers.reverse()) text = `${wrapper}(${text})`;
  return text;
}

/** A tensor type as the syntax writes it. */
export function tensorType(dtype: DataType, shape: readonly (number | string | null)[] | undefined): string {
  if (!shape) return `${elementType(dtype)}[]`;
  if (shape.length === 0) return elementType(dtype);
  const dims = shape.map((dim) => (dim === null ? '?' : typeof dim === 'number' ? String(dim) : identifier(dim)));
  return `${elementType(dtype)}[${dims.join(', ')}]`;
}

/** The syntax names the two common float types as C does. */
const elementType = (dtype: DataType): string =>
  dtype === 'float32' ? 'float' : dtype === 'float64' ? 'double' : dtype;

const floatText = (value: number): string =>
  Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : String(value);

const decoder = new TextDecoder();
const bytesText = (bytes: Uint8Array): string => quoted(decoder.decode(bytes));

const identifier = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) || name === '' ? name || '""' : quoted(name));

const quoted = (text: string): string => JSON.stringify(text);
