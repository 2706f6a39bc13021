import { basename, dirname, isAbsolute, join } from 'node:path';

/** The tools that write, with the fields of their input that name what they write: export reads a recipe, tune writes it. */
export const writingTools: ReadonlyMap<string, readonly string[]> = new Map([
  ['opscope_optimize', ['output']],
  ['opscope_quantize', ['output']],
  ['opscope_prune', ['output']],
  ['opscope_tune', ['output', 'recipe', 'html', 'markdown', 'package']],
  ['opscope_export', ['output']],
]);

/** The files and folders that a call of a tool writes, as its input names them. */
export const writtenBy = (name: string, input: Readonly<Record<string, unknown>>): string[] =>
  (writingTools.get(name) ?? []).map((field) => input[field]).filter((path) => typeof path === 'string');

/**
 * Where the relative paths of a tool's input start, of the workspace's folders: the first that has the model. Where
 * there are several, VS Code writes a path with the folder's name in front; then it is the folder around that one.
 */
export function startOfPaths(model: string, folders: readonly string[], isFile: (path: string) => boolean): string {
  const first = folders[0] ?? '';
  if (model === '' || isAbsolute(model)) return first;
  const starts = folders.length > 1 ? [...folders, ...folders.filter(named).map((folder) => dirname(folder))] : folders;
  return starts.find((start) => isFile(join(start, model))) ?? first;

  function named(folder: string): boolean {
    return model.split(/[/\\]/)[0] === basename(folder);
  }
}
