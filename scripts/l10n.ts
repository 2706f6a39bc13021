// Collects the texts of the extension host and the view into l10n/bundle.l10n.json: node scripts/l10n.ts.
// test/l10n/bundle.test.ts fails while the file is not current or a translation does not fit it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

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

/** Every text of the extension host and the view, each once, in order of the alphabet. */
export function collectTexts(): readonly string[] {
  const texts = ['src/extension', 'webview'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.tsx?$/.test(path))
      .flatMap((path) => textsOf(`${folder}/${path}`, readFileSync(join(root, folder, path), 'utf8'))),
  );
  return [...new Set(texts)].sort();
}

/** What l10n/bundle.l10n.json has to hold. */
export function bundleText(): string {
  return `${JSON.stringify(Object.fromEntries(collectTexts().map((text) => [text, text])), undefined, 2)}\n`;
}

function unquoted(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(u[\da-fA-F]{4}|.)/g, (_, escaped: string) => {
    if (escaped.length > 1) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return escaped === 'n' ? '\n' : escaped;
  });
}

if (import.meta.main) writeFileSync(join(root, 'l10n/bundle.l10n.json'), bundleText());
