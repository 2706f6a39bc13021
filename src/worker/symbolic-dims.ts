import type { Dim, Model, ValueInfo } from '../core/graph/model.ts';
import type { SymbolicDim } from '../protocol/worker.ts';

/** The inputs a caller must feed: those of the graph that have no initializer. */
export function requiredInputs({ graph }: Model): readonly ValueInfo[] {
  return graph.inputs.filter(({ name }) => !graph.initializers.has(name));
}

/** The name under which the size of an axis is asked for: its symbol, or `input[axis]` when it has none. */
export function dimName(input: string, axis: number, dim: string | null): string {
  return dim === null || dim.trim() === '' ? `${input}[${axis}]` : dim;
}

/** Every symbolic dimension of the inputs, each once, with a size to use unless told otherwise. Sums and products of other symbols follow from those. */
export function symbolicDims(model: Model): readonly SymbolicDim[] {
  const found = new Map<string, { where: string[]; suggestion: number }>();
  for (const { name, type } of requiredInputs(model)) {
    if (type?.kind !== 'tensor' || !type.shape) continue;
    for (const [axis, dim] of type.shape.entries()) {
      if (typeof dim === 'number') continue;
      for (const symbol of symbolsIn(dimName(name, axis, dim))) {
        const place = `${name}[${axis}]`;
        const known = found.get(symbol);
        if (known) known.where.push(place);
        else found.set(symbol, { where: [place], suggestion: suggest(symbol, axis, type.shape) });
      }
    }
  }
  return [...found].map(([name, { where, suggestion }]) => ({ name, where, suggestion }));
}

const suggestions: readonly (readonly [pattern: RegExp, size: number])[] = [
  [/^(?:n|b|bs|bsz)$|batch/i, 1],
  // A cache from earlier steps: one that is not empty, so that what reads it has work to do.
  [/past|cache|history/i, 8],
  [/seq|len|token|^[lt]$|time|step|frame|word/i, 32],
  [/sample|audio|signal/i, 16000],
  [/channel|^c$/i, 3],
  [/height|width|^[hw]$|size|image/i, 224],
];

/** Elements of a picture; a volume, or what has still more axes, gets no more, so that an input fits in memory. */
const pictureElements = 224 ** 2;

/** A size by the symbol's name; without a telling name, by its place: 1 for the first axis, 224 for the two axes of pictures, equal sizes with as many elements for three or more, else 32. */
function suggest(symbol: string, axis: number, shape: readonly Dim[]): number {
  const unnamed = /\[\d+\]$/.test(symbol);
  for (const [pattern, size] of suggestions) if (!unnamed && pattern.test(symbol)) return size;
  if (axis === 0) return 1;
  if (shape.length < 4) return 32;
  const channelsLast = [1, 3, 4].includes(shape.at(-1) as number);
  if (axis === (channelsLast ? shape.length - 1 : 1)) return 3;
  return Math.max(2, Math.floor(pictureElements ** (1 / (shape.length - 2))));
}

const symbolPattern = /[A-Za-z_][\w.:/]*(?:\[\d+\])?/g;

function symbolsIn(expression: string): readonly string[] {
  return isExpression(expression) ? (expression.match(symbolPattern) ?? [expression]) : [expression];
}

/** Exporters write `past_sequence_length + sequence_length`; any other text is one name. */
function isExpression(text: string): boolean {
  return /^[\w.:/[\]\s]+(?:[+*-][\w.:/[\]\s]+)+$/.test(text) && /\s|^[\w]+[+*][\w]+$/.test(text);
}

/** Sizes of an input's axes. `dims` may name symbols that the model has not; those it leaves out get their suggestion. */
export function resolveShape(
  name: string,
  shape: readonly Dim[],
  dims: Readonly<Record<string, number>>,
  suggested: ReadonlyMap<string, number>,
): readonly number[] {
  return shape.map((dim, axis) => {
    if (typeof dim === 'number') return dim;
    const symbol = dimName(name, axis, dim);
    return Object.hasOwn(dims, symbol) ? dims[symbol]! : evaluate(symbol, dims, suggested);
  });
}

function evaluate(
  expression: string,
  dims: Readonly<Record<string, number>>,
  suggested: ReadonlyMap<string, number>,
): number {
  const sizeOf = (symbol: string) => (Object.hasOwn(dims, symbol) ? dims[symbol]! : (suggested.get(symbol) ?? 1));
  if (!isExpression(expression)) return sizeOf(expression);
  const term = (text: string): number =>
    text.split('*').reduce((product, factor) => {
      const symbol = factor.trim();
      return product * (/^\d+$/.test(symbol) ? Number(symbol) : sizeOf(symbol));
    }, 1);
  const terms = expression.match(/[+-]?[^+-]+/g) ?? [];
  const sum = terms.reduce(
    (total, text) => total + (text.startsWith('-') ? -term(text.slice(1)) : term(text.replace(/^\+/, ''))),
    0,
  );
  return Math.max(0, sum);
}
