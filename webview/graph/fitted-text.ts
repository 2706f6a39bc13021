import type { Pen } from './svg-context.ts';

const fittedTexts = new Map<string, string>();

/** Text cut to a width, with an ellipsis; measured once a text and width. */
export function fitted(context: Pen, text: string, width: number): string {
  const key = `${context.font}|${width | 0}|${text}`;
  let result = fittedTexts.get(key);
  if (result === undefined) {
    result = text;
    if (context.measureText(text).width > width) {
      let length = text.length - 1;
      while (length > 1 && context.measureText(`${text.slice(0, length)}…`).width > width) length--;
      result = `${text.slice(0, length)}…`;
    }
    if (fittedTexts.size > 20_000) fittedTexts.clear();
    fittedTexts.set(key, result);
  }
  return result;
}
