/**
 * The texts of the view in the language of the editor. The extension host puts the translations into the page; a page
 * without them is English. Every module with a text imports this one, so tables of texts are translated as they load.
 */
import * as l10n from '@vscode/l10n';
import { count } from '../src/core/report/format.ts';

/** The element of the page that holds the translations, as JSON. */
const bundleElement = 'opscope-l10n';

/** The translations by their English texts; none in English. */
export const bundle: Readonly<Record<string, unknown>> = JSON.parse(
  globalThis.document?.getElementById(bundleElement)?.textContent || '{}',
);
l10n.config({ contents: bundle as l10n.l10nJsonFormat });

/**
 * A text in the language of the editor. `text` is a literal: `scripts/l10n.ts` collects it. `{0}`, `{1}` … stand for
 * the values that follow.
 */
export function t(text: string, ...values: (string | number)[]): string {
  return l10n.t(text, ...values);
}

/** A text about `value` things, which stands in the text as `{0}`: `one` for exactly one, else `other`. */
export function plural(value: number, one: string, other: string, ...values: (string | number)[]): string {
  return l10n.t(value === 1 ? one : other, count(value), ...values);
}
