const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const vscode = require('vscode');

/**
 * Calls the tools that calls.json names and writes what they answer to answers.json. A call with `cancelAfter` is
 * cancelled that many milliseconds after it was made.
 */
async function callTools() {
  const folder = vscode.workspace.workspaceFolders[0].uri.fsPath;
  const answers = [];
  for (const { name, input, cancelAfter } of JSON.parse(readFileSync(join(folder, 'calls.json'), 'utf8'))) {
    const cancellation = new vscode.CancellationTokenSource();
    if (cancelAfter !== undefined) setTimeout(() => cancellation.cancel(), cancelAfter);
    try {
      const options = { input, toolInvocationToken: undefined };
      const { content } = await vscode.lm.invokeTool(name, options, cancellation.token);
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
