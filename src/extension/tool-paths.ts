import { basename, dirname, isAbsolute, join } from 'node:path';

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
