/**
 * A dimension as an expression in normal form: a polynomial with integer coefficients over atoms. An atom is a symbol,
 * a division that does not come out even, or `max(0, …)`, through which every minimum and maximum is written. Two
 * expressions are equal when their keys are; unequal symbols are never merged. Symbols are sizes, so at least 0.
 */
export interface DimExpression {
  /** Canonical text, also shown to people: `batch`, `2*seq + 1`, `floor(h/2)`. For a constant, its digits. */
  readonly key: string;
  /** The value, when the expression is a constant. */
  readonly constant?: number;
  /** Monomials: sorted product of atoms, joined by `·` → coefficient; the constant term under `''`. */
  readonly terms: ReadonlyMap<string, number>;
}

/** A dimension or an element of a shape; null when nothing is known. */
export type Axis = DimExpression | null;

/** Beyond these an expression says nothing to anyone and costs time: it becomes unknown. */
const maxTerms = 24;
const maxKeyLength = 320;

const smallConstants: DimExpression[] = [];
const anonymousMark = '?';

/** The constant `value`; also a fraction, for elements of float tensors that lead to shapes. */
export function constantDim(value: number): DimExpression {
  if (Number.isInteger(value) && value >= 0 && value < 4096) {
    smallConstants[value] ??= makeConstant(value);
    return smallConstants[value];
  }
  return makeConstant(value);
}

function makeConstant(value: number): DimExpression {
  return { key: String(value), constant: value, terms: new Map(value === 0 ? [] : [['', value]]) };
}

/** The symbol of this name. Names that are no plain identifiers are quoted, so that none looks like an expression. */
export function symbolDim(name: string): DimExpression {
  return atom(/^[A-Za-z_][\w.]*$/.test(name) ? name : `"${escaped(name)}"`);
}

/**
 * What a dimension's text stands for: exporters write sums and products of symbols, `past_length + length`, and mean
 * them. Any other text is one name. `sizeOf` gives each symbol its meaning.
 */
export function dimOfText(text: string, sizeOf: (symbol: string) => Axis): Axis {
  if (!/^\s*[A-Za-z_][\w.]*(?:(?:\s+[+*-]\s+|[+*])(?:[A-Za-z_][\w.]*|\d{1,9}))+\s*$/.test(text)) return sizeOf(text);
  const factorOf = (factor: string): Axis => (/^\d+$/.test(factor) ? constantDim(Number(factor)) : sizeOf(factor));
  let sum: Axis = constantDim(0);
  for (const [, sign, product] of text.matchAll(/([+-]?)\s*([\w.]+(?:\s*\*\s*[\w.]+)*)/g)) {
    const term = productOf(product!.split('*').map((factor) => factorOf(factor.trim())));
    sum = sign === '-' ? subtractDims(sum, term) : addDims(sum, term);
  }
  return sum;
}

/** The size of one axis of a value, which nothing else is known of: equal only to itself. */
export function anonymousDim(value: string, axis: number): DimExpression {
  return atom(`${anonymousMark}"${escaped(value)}[${axis}]"`);
}

/** An integer beyond ±2⁵³, such as INT64_MAX for "to the end"; it has no `constant`. */
export function hugeDim(value: bigint): DimExpression {
  const expression = atom(`${value < 0n ? -value : value}`);
  return value < 0n ? negate(expression)! : expression;
}

/** 1 or −1 for an integer beyond ±2⁵³, else 0. */
export function hugeSign(expression: DimExpression): number {
  if (expression.constant !== undefined || expression.terms.size !== 1) return 0;
  const [[monomial, coefficient]] = expression.terms as unknown as [[string, number]];
  return /^\d+$/.test(monomial) ? Math.sign(coefficient) : 0;
}

const escaped = (name: string): string =>
  name.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('·', '\\u00b7');

const atom = (text: string): DimExpression => ({ key: text, terms: new Map([[text, 1]]) });

/** An axis as reports show it: a number, a symbol or expression, `?` when unknown. */
export function dimText(axis: Axis): number | string {
  if (axis === null) return '?';
  if (axis.constant !== undefined) return axis.constant;
  if (axis.key.includes(anonymousMark)) return '?';
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(axis.key)?.[1];
  return quoted === undefined ? axis.key : quoted.replaceAll('\\"', '"').replaceAll('\\\\', '\\');
}

/** True when both are known and equal. */
export function sameDim(a: Axis | undefined, b: Axis | undefined): boolean {
  return a != null && b != null && (a === b || a.key === b.key);
}

/** True when the axis is the constant `value`. */
export function isConstant(axis: Axis | undefined, value: number): boolean {
  return axis?.constant === value;
}

export function addDims(a: Axis, b: Axis): Axis {
  if (a === null || b === null) return null;
  if (a.constant !== undefined && b.constant !== undefined) return safeConstant(a.constant + b.constant);
  return combine(a, b, 1);
}

export function subtractDims(a: Axis, b: Axis): Axis {
  if (a === null || b === null) return null;
  if (a.constant !== undefined && b.constant !== undefined) return safeConstant(a.constant - b.constant);
  return combine(a, b, -1);
}

export function negate(a: Axis): Axis {
  return subtractDims(constantDim(0), a);
}

export function multiplyDims(a: Axis, b: Axis): Axis {
  if (isConstant(a, 0) || isConstant(b, 0)) return constantDim(0);
  if (a === null || b === null) return null;
  if (a.constant !== undefined && b.constant !== undefined) return safeConstant(a.constant * b.constant);
  if (a.constant === 1) return b;
  if (b.constant === 1) return a;
  if (a.terms.size * b.terms.size > maxTerms * 4) return null;
  const terms = new Map<string, number>();
  for (const [left, x] of a.terms) {
    for (const [right, y] of b.terms) addTerm(terms, multiplyMonomials(left, right), x * y);
  }
  return normal(terms);
}

/** The product of all; 1 of none. */
export function productOf(axes: readonly Axis[]): Axis {
  let product: Axis = constantDim(1);
  for (const axis of axes) product = multiplyDims(product, axis);
  return product;
}

export function sumOf(axes: readonly Axis[]): Axis {
  let sum: Axis = constantDim(0);
  for (const axis of axes) sum = addDims(sum, axis);
  return sum;
}

/** ⌊a / b⌋. */
export function floorDivide(a: Axis, b: Axis): Axis {
  if (a === null || b === null || b.constant === 0) return null;
  if (a.constant !== undefined && b.constant !== undefined) return safeConstant(Math.floor(a.constant / b.constant));
  const exact = divideExactly(a, b);
  if (exact) return exact;
  return b.constant !== undefined && b.constant > 0 && Number.isInteger(b.constant)
    ? floorByConstant(a, b.constant)
    : limited(atom(`floor(${operand(a)}/${operand(b)})`));
}

/** ⌈a / b⌉ = −⌊−a / b⌋; for a constant divisor written as ⌊(a + b − 1) / b⌋. */
export function ceilDivide(a: Axis, b: Axis): Axis {
  if (b?.constant !== undefined && b.constant > 0) return floorDivide(addDims(a, constantDim(b.constant - 1)), b);
  return negate(floorDivide(negate(a), b));
}

/** Division of ONNX's `Div` on integers: towards zero. */
export function truncateDivide(a: Axis, b: Axis): Axis {
  if (a === null || b === null || b.constant === 0) return null;
  if (a.constant !== undefined && b.constant !== undefined)
    return safeConstant(Math.trunc(a.constant / b.constant) + 0);
  const exact = divideExactly(a, b);
  if (exact) return exact;
  if (isNonNegative(a) && isNonNegative(b)) return floorDivide(a, b);
  return limited(atom(`trunc(${operand(a)}/${operand(b)})`));
}

/** `a − b·⌊a / b⌋`: has the sign of `b`. */
export function moduloDims(a: Axis, b: Axis): Axis {
  return subtractDims(a, multiplyDims(b, floorDivide(a, b)));
}

export function maxDims(a: Axis, b: Axis): Axis {
  return addDims(a, positivePart(subtractDims(b, a)));
}

export function minDims(a: Axis, b: Axis): Axis {
  return subtractDims(a, positivePart(subtractDims(a, b)));
}

/** `a / b` when it comes out even for all values of the symbols; undefined when it does not. */
export function divideExactly(a: DimExpression, b: DimExpression): DimExpression | undefined {
  if (a.key === b.key) return constantDim(1);
  const lead = leadingTerm(b.terms);
  if (!lead) return undefined;
  let rest: Axis = a;
  let quotient: Axis = constantDim(0);
  for (let step = 0; step < maxTerms && rest; step++) {
    const top = leadingTerm(rest.terms);
    if (!top) return quotient ?? undefined;
    const monomial = divideMonomials(top[0], lead[0]);
    const coefficient = top[1] / lead[1];
    if (monomial === undefined || !Number.isInteger(coefficient)) return undefined;
    const part: Axis = normal(new Map([[monomial, coefficient]]));
    quotient = addDims(quotient, part);
    rest = subtractDims(rest, multiplyDims(part, b));
  }
  return undefined;
}

/** True when the expression cannot be below 0 whatever its symbols are. */
export function isNonNegative(a: DimExpression): boolean {
  if (a.constant !== undefined) return a.constant >= 0;
  return hasNoNegativeTerm(a) || isOppositePart(a);
}

const maxMark = 'max(0, ';

/** `max(0, x) − x`, which is max(0, −x) as `positivePart` writes it. */
function isOppositePart(a: DimExpression): boolean {
  for (const [monomial, coefficient] of a.terms) {
    if (coefficient !== 1 || !monomial.startsWith(maxMark) || factorsOf(monomial).length > 1) continue;
    const rest = subtractDims(atom(monomial), a);
    if (rest?.key === monomial.slice(maxMark.length, -1)) return true;
  }
  return false;
}

function hasNoNegativeTerm(a: DimExpression): boolean {
  for (const [monomial, coefficient] of a.terms) {
    if (coefficient < 0) return false;
    for (const factor of factorsOf(monomial)) {
      const division = factor.startsWith('floor(') || factor.startsWith('trunc(');
      if (division && factor.includes('-')) return false;
    }
  }
  return true;
}

/** max(0, a), with the sign of `a` chosen so that `min` and `max` of the same things meet: max(0, a) = a + max(0, −a). */
function positivePart(a: Axis): Axis {
  if (a === null) return null;
  if (a.constant !== undefined) return constantDim(Math.max(0, a.constant));
  if (isNonNegative(a)) return a;
  const opposite = negate(a);
  if (opposite === null) return null;
  if (isNonNegative(opposite)) return constantDim(0);
  const [first] = a.terms.values();
  if (first! > 0) return limited(atom(`${maxMark}${a.key})`));
  return addDims(a, limited(atom(`${maxMark}${opposite.key})`)));
}

/** ⌊a / d⌋ with what divides evenly taken out, and the common factor of the rest cancelled. */
function floorByConstant(a: DimExpression, divisor: number): Axis {
  const whole = new Map<string, number>();
  const rest = new Map<string, number>();
  let common = divisor;
  for (const [monomial, coefficient] of a.terms) {
    const quotient = Math.floor(coefficient / divisor);
    const remainder = coefficient - quotient * divisor;
    if (quotient !== 0) whole.set(monomial, quotient);
    if (remainder === 0) continue;
    rest.set(monomial, remainder);
    if (monomial !== '') common = greatestCommonDivisor(common, remainder);
  }
  if (rest.size === 0 || (rest.size === 1 && rest.has(''))) return normal(whole);
  const reduced = new Map<string, number>();
  for (const [monomial, coefficient] of rest) {
    const value = Math.floor(coefficient / common);
    if (value !== 0) reduced.set(monomial, value);
  }
  const numerator = normal(reduced);
  if (numerator === null) return null;
  const quotient = divisor === common ? numerator : limited(atom(`floor(${operand(numerator)}/${divisor / common})`));
  return addDims(normal(whole), quotient);
}

function combine(a: DimExpression, b: DimExpression, sign: 1 | -1): Axis {
  const terms = new Map(a.terms);
  for (const [monomial, coefficient] of b.terms) addTerm(terms, monomial, sign * coefficient);
  return normal(terms);
}

function addTerm(terms: Map<string, number>, monomial: string, coefficient: number): void {
  const sum = (terms.get(monomial) ?? 0) + coefficient;
  if (sum === 0) terms.delete(monomial);
  else terms.set(monomial, sum);
}

/** The expression of these terms, put into canonical order: higher degree first, then by name, the constant last. */
function normal(terms: Map<string, number>): Axis {
  if (terms.size === 0) return constantDim(0);
  if (terms.size === 1 && terms.has('')) return safeConstant(terms.get('')!);
  if (terms.size > maxTerms) return null;
  const sorted = [...terms].sort(([a], [b]) => compareMonomials(a, b));
  let key = '';
  for (const [monomial, coefficient] of sorted) {
    if (!Number.isSafeInteger(coefficient)) return null;
    const size = Math.abs(coefficient);
    const text = monomial === '' ? `${size}` : `${size === 1 ? '' : `${size}*`}${monomial.replaceAll('·', '*')}`;
    key += key === '' ? `${coefficient < 0 ? '-' : ''}${text}` : ` ${coefficient < 0 ? '-' : '+'} ${text}`;
  }
  return limited({ key, terms: new Map(sorted) });
}

const limited = (expression: DimExpression): Axis => (expression.key.length > maxKeyLength ? null : expression);

const safeConstant = (value: number): Axis =>
  Math.abs(value) <= Number.MAX_SAFE_INTEGER ? constantDim(value === 0 ? 0 : value) : null;

const operand = ({ key }: DimExpression): string => (/^[\w.?]*$/.test(key) ? key : `(${key})`);

const factorsOf = (monomial: string): string[] => (monomial === '' ? [] : monomial.split('·'));

function compareMonomials(a: string, b: string): number {
  return factorsOf(b).length - factorsOf(a).length || (a < b ? -1 : a > b ? 1 : 0);
}

function multiplyMonomials(a: string, b: string): string {
  if (a === '') return b;
  if (b === '') return a;
  return [...factorsOf(a), ...factorsOf(b)].sort().join('·');
}

function divideMonomials(a: string, b: string): string | undefined {
  const rest = factorsOf(a);
  for (const factor of factorsOf(b)) {
    const at = rest.indexOf(factor);
    if (at < 0) return undefined;
    rest.splice(at, 1);
  }
  return rest.join('·');
}

/** Terms are kept in canonical order, so the first is the leading one. */
function leadingTerm(terms: ReadonlyMap<string, number>): [string, number] | undefined {
  for (const term of terms) return term;
  return undefined;
}

function greatestCommonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
