import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundleText, textsOf } from '../../scripts/l10n.ts';

const root = resolve(import.meta.dirname, '../..');
const texts = (path: string): Record<string, string> => JSON.parse(readFileSync(join(root, path), 'utf8'));
const languages = (folder: string, start: string) =>
  readdirSync(join(root, folder))
    .filter((name) => name.startsWith(start) && name.endsWith('.json'))
    .map((name) => join(folder, name));

/** `{0}`, `{name}` and the commands of links: what a translation must keep. */
const fixedParts = (text: string) => [...(text.match(/\{\w+\}|\(command:[^)]*\)|`[^`]*`/g) ?? [])].sort();

function expectSameTexts(translated: Record<string, string>, english: Record<string, string>) {
  expect(Object.keys(translated).sort()).toEqual(Object.keys(english).sort());
  for (const [key, text] of Object.entries(translated)) {
    expect(text.trim(), key).not.toBe('');
    expect({ key, parts: fixedParts(text) }).toEqual({ key, parts: fixedParts(english[key]!) });
  }
}

describe('the texts', () => {
  it('are collected in l10n/bundle.l10n.json; else run node scripts/l10n.ts', () => {
    expect(readFileSync(join(root, 'l10n/bundle.l10n.json'), 'utf8')).toBe(bundleText());
  });

  it.each(languages('l10n', 'bundle.l10n.'))('%s has each once, with the same placeholders', (path) => {
    expectSameTexts(texts(path), texts('l10n/bundle.l10n.json'));
  });

  it.each(languages('.', 'package.nls.'))('%s has each once, with the same placeholders', (path) => {
    expectSameTexts(texts(path), texts('package.nls.json'));
  });

  it('are in Chinese', () => {
    expect(languages('l10n', 'bundle.l10n.zh-cn')).toHaveLength(1);
    expect(languages('.', 'package.nls.zh-cn')).toHaveLength(1);
  });
});

describe('collecting', () => {
  it('reads every kind of literal, and both texts of a plural', () => {
    const source = `t('a'); vscode.l10n.t("it's {0}", x); t(\n  'b\\'c',\n  y); plural(f(1), '{0} node', '{0} nodes');`;
    expect(textsOf('x.ts', source)).toEqual(['a', "it's {0}", "b'c", '{0} node', '{0} nodes']);
  });

  it.each(['t(text)', 't(`made of $' + '{x}`)', "plural(n, one, 'more')"])('refuses %s', (source) => {
    expect(() => textsOf('x.ts', source)).toThrow('x.ts: 1 calls of t() or plural() have no literal text.');
  });
});
