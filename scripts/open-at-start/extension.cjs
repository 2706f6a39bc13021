// A window that just started opens a file as text, because it does not know yet which extension wants it. This waits
// until it does. Part of `npm start` in the browser only.
const { commands, Uri } = require('vscode');

exports.activate = () =>
  commands.executeCommand('vscode.openWith', Uri.file(process.env.OPSCOPE_START_MODEL), 'opscope.model');
