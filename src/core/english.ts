/**
 * What the engine says, in English, and how a text of it becomes one of another language. The engine knows no
 * languages: its texts go through processes, errors, reports and the command line as plain English. It marks each with
 * the tag `english`, by which `scripts/l10n.ts` collects them, and an editor in another language recognizes a text by
 * its fixed parts.
 */

/** An English text for people, which gives the same string as without the tag. */
export function english(parts: TemplateStringsArray, ...values: readonly unknown[]): string {
  return parts.reduce((text, part, index) => `${text}${values[index - 1]}${part}`);
}

/** What stands behind the engine's texts in the keys of a bundle, as `@vscode/l10n` writes comments for translators. */
export const engineMark = '/engine';

/** A translated text whose values stand between fixed parts. */
interface Pattern {
  /** The fixed parts of the English text: one more than it has values. */
  readonly parts: readonly string[];
  readonly translation: string;
  /** Whether the value is a number. */
  readonly numbers: boolean;
}

/** A number of things: `{0} nodes` is no text that a name may be taken for. */
const countOf = /^\{0\}\s\p{L}+$/u;
const figure = /^[≈<>−-]?\d[\d., \u00a0\u202f]*[kMGTµ]?(B|s|ms|µs|%)?$/;

/**
 * Translates what the engine says by the texts of a bundle whose keys end with `engineMark`. Values that are texts of
 * the engine again are translated too. What is not known stays English.
 */
export function engineTranslator(bundle: Readonly<Record<string, unknown>>): (said: string) => string {
  const fixed = new Map<string, string>();
  const patterns: Pattern[] = [];
  for (const [key, translation] of Object.entries(bundle)) {
    if (!key.endsWith(engineMark) || typeof translation !== 'string') continue;
    const text = key.slice(0, -engineMark.length);
    const parts = text.split(/\{\d+\}/);
    if (parts.join('') === '') continue;
    if (parts.length === 1) fixed.set(text, translation);
    else patterns.push({ parts, translation, numbers: countOf.test(text) });
  }
  // Of two that fit, the one that says more is meant.
  patterns.sort((a, b) => b.parts.join('').length - a.parts.join('').length);

  const whole = (said: string): string | undefined => {
    const known = fixed.get(said);
    if (known !== undefined) return known;
    for (const { parts, translation, numbers } of patterns) {
      const values = valuesBetween(parts, said);
      if (!values || (numbers && !values.every((value) => figure.test(value)))) continue;
      return translation.replaceAll(/\{(\d+)\}/g, (_, index: string) => translate(values[Number(index)]!));
    }
    return undefined;
  };
  const translate = (said: string): string => {
    if (fixed.size + patterns.length === 0 || said.length > longest) return said;
    const found = whole(said);
    if (found !== undefined) return found;
    const sentences = said.split(/(?<=\.) (?=\p{Lu})/u);
    return sentences.length === 1
      ? said
      : withoutGaps(sentences.map((sentence) => whole(sentence) ?? sentence).join(' '));
  };
  return translate;
}

/** Sentences one behind the other: a full stop as wide as a character needs no space behind it. */
const withoutGaps = (text: string): string => text.replaceAll('。 ', '。');

/** Longer texts are output of another program, and stay as they are. */
const longest = 10_000;

/** The values of a text with these fixed parts, each as short as can be; undefined when it has other parts. */
function valuesBetween(parts: readonly string[], said: string): readonly string[] | undefined {
  const first = parts[0]!;
  const last = parts.at(-1)!;
  if (!said.startsWith(first) || said.length < first.length + last.length || !said.endsWith(last)) return undefined;
  const end = said.length - last.length;
  const values: string[] = [];
  let position = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = said.indexOf(part, position);
    if (found < 0 || found + part.length > end) return undefined;
    values.push(said.slice(position, found));
    position = found + part.length;
  }
  values.push(said.slice(position, end));
  return values;
}
