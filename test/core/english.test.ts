import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { engineTranslator, english } from '../../src/core/english.ts';

const translate = engineTranslator({
  'The value {0} is produced twice./engine': '值 {0} 被产生了两次。',
  'The file states no IR version./engine': '文件未注明 IR 版本。',
  '{0} nodes/engine': '{0} 个节点',
  '{0} and {1}/engine': '{0} 和 {1}',
  'Removed {0} of {1}./engine': '从 {1} 中移除了 {0}。',
  'Cannot read {0}: {1}/engine': '无法读取 {0}：{1}',
  'A text of the view {0}': 'never',
});

describe('a text of the engine', () => {
  it('is plain English', () => {
    expect(english`Removes ${2} of ${'x'}.`).toBe('Removes 2 of x.');
  });

  it.each([
    ['The file states no IR version.', '文件未注明 IR 版本。'],
    [english`The value ${'a b'} is produced twice.`, '值 a b 被产生了两次。'],
    [english`Removed ${'12 nodes'} of ${'1,400 nodes'}.`, '从 1,400 个节点 中移除了 12 个节点。'],
    [english`Cannot read ${'m.onnx'}: ${'The file states no IR version.'}`, '无法读取 m.onnx：文件未注明 IR 版本。'],
    ['The file states no IR version. The value x is produced twice.', '文件未注明 IR 版本。值 x 被产生了两次。'],
  ])('is recognized with its values: %s', (said, translated) => {
    expect(translate(said)).toBe(translated);
  });

  it.each(['', 'A text of the view x', 'other nodes', 'The value x is produced', 'Removed of x.'])(
    'stays as it is where it is not known: %s',
    (said) => expect(translate(said)).toBe(said),
  );

  it('with names that look like texts, however deep, is translated in time', () => {
    const name = 'The value '.repeat(450) + ' is produced twice.'.repeat(250);
    expect(translate(english`The value ${name} is produced twice.`)).toContain('值');
  });

  it('is one that the Chinese bundle knows again, with the values where they belong', () => {
    const bundle: Record<string, string> = JSON.parse(readFileSync('l10n/bundle.l10n.zh-cn.json', 'utf8'));
    const inChinese = engineTranslator(bundle);
    const values = (text: string) => [...text.matchAll(/\{(\d)\}/g)].map(([, index]) => Number(index));
    const filled = (text: string) => text.replaceAll(/\{(\d)\}/g, (_, index) => `${index}${index}`);
    const texts = Object.entries(bundle).filter(([key]) => key.endsWith('/engine'));
    expect(texts.length).toBeGreaterThan(50);
    for (const [key, translation] of texts) {
      const text = key.slice(0, -'/engine'.length);
      expect({ text, is: inChinese(filled(text)) }).toEqual({ text, is: filled(translation) });
      expect(values(translation).sort()).toEqual(values(text).sort());
    }
  });
});
