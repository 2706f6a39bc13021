/** Tells whether a value read from JSON is what a program relies on. */

/** What a value must be: a test, a list of such, or an object with these fields; `?` ends the name of one that may be absent. */
export type Shape = ((value: unknown) => boolean) | readonly [Shape] | { readonly [name: string]: Shape };

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const text = (value: unknown) => typeof value === 'string' && value !== '';
export const yesNo = (value: unknown) => typeof value === 'boolean';
export const number = (value: unknown) => typeof value === 'number' && Number.isFinite(value);
export const whole = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
export const hash = (value: unknown) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
export const oneOf =
  (...words: readonly string[]) =>
  (value: unknown) =>
    words.includes(value as string);
export const sizes = (value: unknown) => isObject(value) && Object.values(value).every(whole);

/** The path of the first thing that is not as it must be. */
export function firstWrong(value: unknown, shape: Shape, path: string): string | undefined {
  if (typeof shape === 'function') return shape(value) ? undefined : path;
  if (isList(shape)) {
    if (!Array.isArray(value)) return path;
    for (const [index, each] of value.entries()) {
      const wrong = firstWrong(each, shape[0], `${path}[${index}]`);
      if (wrong) return wrong;
    }
    return undefined;
  }
  if (!isObject(value)) return path;
  for (const [field, inner] of Object.entries(shape)) {
    const name = field.replace(/\?$/, '');
    const found = Object.hasOwn(value, name) ? value[name] : undefined;
    if (found === undefined && name !== field) continue;
    const wrong = firstWrong(found, inner, `${path}.${name}`);
    if (wrong) return wrong;
  }
  return undefined;
}

const isList = (shape: Shape): shape is readonly [Shape] => Array.isArray(shape);
