// biome-ignore-all lint/suspicious/noTemplateCurlyInString: sources with template literals in them
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundleText, englishOf, textsOf } from '../../scripts/l10n.ts';
import { engineTranslator } from '../../src/core/english.ts';
import { catalog } from '../../src/core/passes/catalog.ts';
import { operatorSummary } from '../../src/core/report/operators.ts';

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

describe('what the engine says', () => {
  const translate = engineTranslator(texts('l10n/bundle.l10n.zh-cn.json'));
  const said = [
    ...catalog.flatMap(({ title, summary }) => [title, summary]),
    ...['Conv', 'MatMul', 'Softmax', 'Gather'].map((opType) => operatorSummary('', opType)!),
  ];

  it.each(said)('is marked and translated: %s', (text) => expect(translate(text)).toMatch(/[\u4e00-\u9fff]/));
});

describe('collecting', () => {
  it('reads the marked texts with their values as places, those inside values too', () => {
    const source =
      'english`a ${x} b ${y({ z: `}` })}`; english`it\\u00a0\\`is\\` ${n > 1 ? english`${n} nodes` : "}"}.`; other`c`';
    expect(englishOf('x.ts', source)).toEqual(['a {0} b {1}', 'it\u00a0`is` {0}.', '{0} nodes']);
  });

  it.each([
    ['english`a ${x}${y} b`', 'two values side by side in "a {0}{1} b"'],
    ['english`${x}: ${y}`', 'no word in "{0}: {1}"'],
  ])('refuses %s', (source, says) => {
    expect(() => englishOf('x.ts', source)).toThrow(`x.ts: ${says}.`);
  });

  it('that people see of the manifest stand in package.nls.json', () => {
    const shown =
      /^(?:title|shortTitle|displayName|name|description|markdownDescription|userDescription|altText|label|contents)$/;
    const visit = (value: unknown, path: string): string[] =>
      Object.entries((value ?? {}) as object).flatMap(([key, each]) => {
        // What a language model reads of a tool, and names for it, are no texts for people.
        if (
          key === 'inputSchema' ||
          key === 'modelDescription' ||
          (path.includes('languageModelTools') && key === 'name')
        )
          return [];
        if (typeof each === 'object') return visit(each, `${path}.${key}`);
        return shown.test(key) && !/^(?:%[\w.]+%|Opscope|ONNX)$/.test(each) ? [`${path}.${key}: ${each}`] : [];
      });
    expect(visit(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).contributes, 'contributes')).toEqual([]);
  });

  it('reads every kind of literal, and both texts of a plural', () => {
    const source = `t('a'); vscode.l10n.t("it's {0}", x); t(\n  'b\\'c',\n  y); plural(f(1), '{0} node', '{0} nodes');`;
    expect(textsOf('x.ts', source)).toEqual(['a', "it's {0}", "b'c", '{0} node', '{0} nodes']);
  });

  it.each(['t(text)', 't(`made of $' + '{x}`)', "plural(n, one, 'more')"])('refuses %s', (source) => {
    expect(() => textsOf('x.ts', source)).toThrow('x.ts: 1 calls of t() or plural() have no literal text.');
  });
});
