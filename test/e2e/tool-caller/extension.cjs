const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const vscode = require('vscode');

/** Calls the tools that calls.json names and writes what they answer to answers.json. */
async function callTools() {
  const folder = vscode.workspace.workspaceFolders[0].uri.fsPath;
  const answers = [];
  for (const { name, input } of JSON.parse(readFileSync(join(folder, 'calls.json'), 'utf8'))) {
    try {
      const options = { input, toolInvocationToken: undefined };
      const { content } = await vscode.lm.invokeTool(name, options, new vscode.CancellationTokenSource().token);
      answers.push({ name, answer: JSON.parse(content[0].value) });
    } catch (error) {
      answers.push({ name, error: error.message });
    }
  }
  writeFileSync(join(folder, 'answers.json'), JSON.stringify(answers));
}

exports.activate = (context) => {
  context.subscriptions.push(vscode.commands.registerCommand('toolCaller.call', callTools));
};
