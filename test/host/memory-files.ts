import * as vscode from 'vscode';

/** A read-only file system of VS Code's with nothing on disk behind it, as virtual workspaces and Git have. */
export function memoryFiles(files: Readonly<Record<string, Uint8Array>>): vscode.FileSystemProvider {
  const find = (uri: vscode.Uri): Uint8Array => {
    const content = files[uri.path];
    if (!content) throw vscode.FileSystemError.FileNotFound(uri);
    return content;
  };
  const refuse = (): never => {
    throw vscode.FileSystemError.NoPermissions('This file system cannot be written.');
  };
  return {
    onDidChangeFile: new vscode.EventEmitter<vscode.FileChangeEvent[]>().event,
    watch: () => new vscode.Disposable(() => {}),
    stat: (uri) => ({ type: vscode.FileType.File, ctime: 0, mtime: 0, size: find(uri).length }),
    readDirectory: () => [],
    readFile: find,
    createDirectory: refuse,
    writeFile: refuse,
    delete: refuse,
    rename: refuse,
  };
}
