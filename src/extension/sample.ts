import * as vscode from 'vscode';
import { viewType } from './model-editor.ts';

const files = ['image-classifier.onnx', 'calibration.npz'];

/** Opens a copy of the sample model in the extension's own storage, so that saving it changes nothing of the extension's. */
export function registerOpenSample({ extensionUri, globalStorageUri }: vscode.ExtensionContext): vscode.Disposable {
  return vscode.commands.registerCommand('opscope.openSample', async () => {
    const folder = vscode.Uri.joinPath(globalStorageUri, 'sample');
    await vscode.workspace.fs.createDirectory(folder);
    for (const name of files) {
      const target = vscode.Uri.joinPath(folder, name);
      const present = await vscode.workspace.fs.stat(target).then(
        () => true,
        () => false,
      );
      // A copy that was saved over stays as the user left it.
      if (!present) {
        await vscode.workspace.fs.copy(vscode.Uri.joinPath(extensionUri, 'samples/image-classifier', name), target);
      }
    }
    await vscode.commands.executeCommand('vscode.openWith', vscode.Uri.joinPath(folder, files[0]!), viewType);
  });
}
