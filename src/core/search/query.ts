/**
 * The language of the search box: terms joined by spaces, all of which must hold, `or` between alternatives, `-` or
 * `not` before a term. A bare word is looked for in names and operators.
 *
 *   op:Conv   name:~attn   type:int8   shape:[*,64,*,*]   ms>1   attr:group=1   input:pixels
 *
 * Fields and the names of attributes are read in any case; a list may stand in brackets: attr:kernel_shape=[3,3].
 */

import { english } from '../english.ts';

/** One condition on a node. */
export type Term =
  | {
      readonly kind: 'word' | 'op' | 'name' | 'dtype' | 'input' | 'output' | 'domain';
      readonly text: string;
      readonly exact: boolean;
    }
  | { readonly kind: 'shape'; readonly dims: readonly string[] }
  /** `name` in small letters; `value` as typed, null for any. */
  | { readonly kind: 'attribute'; readonly name: string; readonly value: string | null }
  | {
      readonly kind: 'figure';
      readonly overlay: string;
      readonly compare: '<' | '<=' | '>' | '>=' | '=';
      readonly value: number;
    };

/** Alternatives, each a list of terms that must all hold. */
export type Query = readonly (readonly { readonly term: Term; readonly negated: boolean }[])[];

/** The query cannot be read; the message says which part and what is possible. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
}

const textFields: Readonly<Record<string, Extract<Term, { text: string }>['kind']>> = {
  op: 'op',
  name: 'name',
  dtype: 'dtype',
  type: 'dtype',
  input: 'input',
  output: 'output',
  domain: 'domain',
};

/** Names people use for overlays, and the factor from what they type to the overlay's unit. */
const figures: Readonly<Record<string, readonly [overlay: string, factor: number]>> = {
  ms: ['time', 1],
  us: ['time', 1e-3],
  time: ['time', 1],
  macs: ['macs', 1],
  bytes: ['bytes', 1],
  kb: ['bytes', 1e3],
  mb: ['bytes', 1e6],
  parameters: ['parameters', 1],
  params: ['parameters', 1],
  error: ['error', 1],
  db: ['error', 1],
};

/** Reads a query. Throws `QueryError`. An empty text gives no alternatives: it matches nothing. */
export function parseQuery(text: string): Query {
  const alternatives: { term: Term; negated: boolean }[][] = [[]];
  let negated = false;
  for (const token of tokens(text)) {
    const lower = token.toLowerCase();
    if (lower === 'and') continue;
    if (lower === 'or' || token === '|') {
      alternatives.push([]);
      negated = false;
    } else if (lower === 'not') negated = !negated;
    else {
      const minus = token.length > 1 && token.startsWith('-');
      alternatives.at(-1)!.push({ term: parseTerm(minus ? token.slice(1) : token), negated: negated !== minus });
      negated = false;
    }
  }
  return alternatives.filter((terms) => terms.length > 0);
}

/** Splits at spaces outside quotes and brackets; quotes are taken off. */
function tokens(text: string): string[] {
  const found: string[] = [];
  let current = '';
  let quoted = false;
  let depth = 0;
  for (const character of text) {
    if (character === '"') quoted = !quoted;
    else if (!quoted && depth === 0 && /\s/.test(character)) {
      if (current !== '') found.push(current);
      current = '';
    } else {
      if (character === '[') depth++;
      if (character === ']') depth = Math.max(0, depth - 1);
      current += character;
    }
  }
  if (current !== '') found.push(current);
  return found;
}

function parseTerm(token: string): Term {
  const figure = /^([a-z]+)\s*(<=|>=|<|>|=)\s*(.*)$/i.exec(token);
  if (figure && !token.includes(':')) {
    const [, name, compare, number] = figure as unknown as [string, string, '<' | '<=' | '>' | '>=' | '=', string];
    const known = figures[name.toLowerCase()];
    if (!known)
      throw new QueryError(english`"${name}" is no figure of a node. Try ms, macs, bytes, mb, parameters or error.`);
    const value = /^[\d.]+(?:e-?\d+)?$/i.test(number) ? Number(number) : Number.NaN;
    if (Number.isNaN(value))
      throw new QueryError(english`After "${`${name}${compare}`}" comes a number, as in ${`${name}${compare}1.5`}.`);
    return { kind: 'figure', overlay: known[0], compare, value: value * known[1] };
  }
  const field = /^([a-z]+):(.*)$/is.exec(token);
  if (!field) return { kind: 'word', text: token.toLowerCase(), exact: false };
  const [, written, rest] = field as unknown as [string, string, string];
  const name = written.toLowerCase();
  if (name === 'shape') return { kind: 'shape', dims: parseShape(rest) };
  if (name === 'attr') {
    const at = rest.indexOf('=');
    return at < 0
      ? { kind: 'attribute', name: rest.toLowerCase(), value: null }
      : { kind: 'attribute', name: rest.slice(0, at).toLowerCase(), value: rest.slice(at + 1) };
  }
  const kind = textFields[name];
  // A scope or a value's name may hold a colon itself.
  if (!kind) return { kind: 'word', text: token.toLowerCase(), exact: false };
  const loose = rest.startsWith('~');
  const text = (loose ? rest.slice(1) : rest).toLowerCase();
  return { kind, text, exact: !loose && kind !== 'name' && kind !== 'input' && kind !== 'output' };
}

function parseShape(text: string): string[] {
  const inner = /^\[(.*)\]$/.exec(text)?.[1];
  if (inner === undefined)
    throw new QueryError(english`A shape is written in brackets, with * for any size: shape:[*,64,*,*].`);
  return inner.trim() === '' ? [] : inner.split(/[,×x]/).map((dim) => dim.trim());
}
