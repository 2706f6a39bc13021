// A window that just started opens a file as text, because it does not know yet which extension wants it. This opens
// the model again until it is shown in Opscope's editor. Part of `npm start` in the browser only.
const { commands, TabInputCustom, Uri, window } = require('vscode');

const viewType = 'opscope.model';

exports.activate = async () => {
  const model = Uri.file(process.env.OPSCOPE_START_MODEL);
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
    await commands.executeCommand('vscode.openWith', model, viewType);
    const tab = window.tabGroups.activeTabGroup.activeTab;
    if (tab?.input instanceof TabInputCustom && tab.input.viewType === viewType) return;
    if (tab) await window.tabGroups.close(tab);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
};
