// Collects the texts of the extension host, the view and the engine into l10n/bundle.l10n.json: node scripts/l10n.ts.
// test/l10n/bundle.test.ts fails while the file is not current or a translation does not fit it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { engineMark } from '../src/core/english.ts';

const root = resolve(import.meta.dirname, '..');

/** A string literal without values in it, in any of the three quotes. */
const literal = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\$]|\\.)*`/.source;

/** `vscode.l10n.t('…'` and the view's `t('…'`. */
const single = new RegExp(`(?<![\\w.])(?:vscode\\.l10n\\.)?t\\(\\s*(${literal})`, 'g');
/** The view's `plural(value, '…', '…'`. */
const plural = new RegExp(`(?<![\\w.])plural\\([^'"\`;]*?,\\s*(${literal}),\\s*(${literal})`, 'g');
/** Any call, to find the ones whose text is no literal. */
const calls = /(?<![\w.])(?:(?:vscode\.l10n\.)?t|plural)\(/g;

/** The texts in one file. Throws for a call whose text is not a literal: nobody could translate it. */
export function textsOf(path: string, source: string): readonly string[] {
  const singles = [...source.matchAll(single)];
  const plurals = [...source.matchAll(plural)];
  const found = [...source.matchAll(calls)].filter(({ index }) => !source.slice(0, index).endsWith('function ')).length;
  if (found !== singles.length + plurals.length) {
    throw new Error(
      `${path}: ${found - singles.length - plurals.length} calls of t() or plural() have no literal text.`,
    );
  }
  return [...singles, ...plurals].flatMap(([, ...texts]) => texts.map(unquoted));
}

/**
 * The texts that one file marks with the tag `english`, their values as `{0}`, `{1}` … Throws for one with two values
 * side by side, of which nobody could tell where the one ends, and for one without a word.
 */
export function englishOf(path: string, source: string): readonly string[] {
  const found: string[] = [];
  for (const { index } of source.matchAll(/(?<![\w.`])english`/g)) {
    const parts = partsAt(source, index + 'english`'.length);
    const text = parts.map((part, number) => (number === 0 ? part : `{${number - 1}}${part}`)).join('');
    if (parts.slice(1, -1).includes('')) throw new Error(`${path}: two values side by side in "${text}".`);
    if (parts.length > 1 && !/\p{L}/u.test(parts.join(''))) throw new Error(`${path}: no word in "${text}".`);
    found.push(text);
  }
  return found;
}

/** The fixed parts of the template literal whose content starts at `start`. */
function partsAt(source: string, start: number): readonly string[] {
  const parts: string[] = [];
  let from = start;
  for (let at = start; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === '`') return [...parts, unquoted(source.slice(from - 1, at + 1))];
    else if (source.startsWith('${', at)) {
      parts.push(unquoted(source.slice(from - 1, at + 1)));
      at = endOfValue(source, at + 2);
      from = at + 1;
    }
  }
  throw new Error(`A template literal does not end: ${source.slice(start, start + 50)}`);
}

/** Where the brace stands that ends the value which starts at `start`. */
function endOfValue(source: string, start: number): number {
  let depth = 0;
  for (let at = start; at < source.length; at++) {
    const character = source[at]!;
    if (character === '{') depth++;
    else if (character === '}' && depth-- === 0) return at;
    else if (/['"`]/.test(character)) at = endOfQuoted(source, at);
  }
  throw new Error(`A value does not end: ${source.slice(start, start + 50)}`);
}

function endOfQuoted(source: string, start: number): number {
  for (let at = start + 1; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === source[start]) return at;
    else if (source[start] === '`' && source.startsWith('${', at)) at = endOfValue(source, at + 2);
  }
  return source.length;
}

/** What `read` finds in the files of some folders, each text once. */
function collect(folders: readonly string[], read: typeof textsOf): ReadonlySet<string> {
  return new Set(
    folders.flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((path) => /\.tsx?$/.test(path))
        .flatMap((path) => read(`${folder}/${path}`, readFileSync(join(root, folder, path), 'utf8'))),
    ),
  );
}

/** Every text by its key, in order of the alphabet. The key of a text of the engine ends with a mark. */
export function collectTexts(): readonly (readonly [key: string, text: string])[] {
  const shown = collect(['src/extension', 'webview'], textsOf);
  const engine = collect(['src/core', 'src/worker', 'src/runtime'], englishOf);
  return [
    ...[...shown].sort().map((text) => [text, text] as const),
    ...[...engine].sort().map((text) => [`${text}${engineMark}`, text] as const),
  ];
}

/** What l10n/bundle.l10n.json has to hold. */
export function bundleText(): string {
  return `${JSON.stringify(Object.fromEntries(collectTexts()), undefined, 2)}\n`;
}

function unquoted(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(u[\da-fA-F]{4}|.)/g, (_, escaped: string) => {
    if (escaped.length > 1) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return escaped === 'n' ? '\n' : escaped;
  });
}

if (import.meta.main) writeFileSync(join(root, 'l10n/bundle.l10n.json'), bundleText());
