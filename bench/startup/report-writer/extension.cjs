const { renameSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const vscode = require('vscode');

/** Opens "Startup Performance" and writes its text to startup.md in the open folder. */
async function writeReport() {
  await vscode.commands.executeCommand('perfview.show');
  const path = join(vscode.workspace.workspaceFolders[0].uri.fsPath, 'startup.md');
  for (;;) {
    const text = vscode.workspace.textDocuments.find(({ uri }) => uri.scheme === 'perf')?.getText();
    if (text?.includes('Extension Activation Stats')) {
      writeFileSync(`${path}.part`, text);
      renameSync(`${path}.part`, path);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

exports.activate = (context) => {
  context.subscriptions.push(vscode.commands.registerCommand('reportWriter.write', writeReport));
};
