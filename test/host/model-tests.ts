import { deepEqual, equal, match, notEqual, ok, rejects } from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import * as vscode from 'vscode';
import { type HostTest, testFolder, until } from './host-test.ts';
import { MemoryFiles } from './memory-files.ts';

const id = 'opscope.opscope';
const viewType = 'opscope.model';

/** Every process that this extension host has started since the suite was loaded. */
const children: ChildProcess[] = [];
subscribe('child_process', (message) => {
  children.push((message as { readonly process: ChildProcess }).process);
});

const uriOf = (name: string) => vscode.Uri.file(join(testFolder(), name));
const bytesOf = (name: string) => readFileSync(join(testFolder(), name));
const activeTab = () => vscode.window.tabGroups.activeTabGroup.activeTab;

/** The tab in front shows this model in Opscope's editor. */
function shows(name: string): boolean {
  const input = activeTab()?.input;
  return (
    input instanceof vscode.TabInputCustom &&
    input.viewType === viewType &&
    input.uri.toString() === uriOf(name).toString()
  );
}

async function open(name: string): Promise<void> {
  await vscode.commands.executeCommand('vscode.open', uriOf(name));
  await until(`${name} in front`, () => shows(name));
}

/** Runs a command that asks, and takes the first choice of everything it asks. */
async function runWithFirstChoices(command: string): Promise<void> {
  let done = false;
  const running = Promise.resolve(vscode.commands.executeCommand(command)).finally(() => {
    done = true;
  });
  await until(`the end of ${command}`, async () => {
    if (!done) await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
    return done;
  });
  await running;
}

/** Models of the open folder: a sample, one with problems, and a file that is no model. */
export const modelTests: readonly HostTest[] = [
  {
    name: 'Activation: nothing before it is needed; then all that the manifest names is there',
    run: async () => {
      const extension = vscode.extensions.getExtension(id);
      ok(extension, `${id} is not installed.`);
      equal(extension.isActive, false);
      equal(modelWorkers(), 0);
      await extension.activate();
      equal(extension.isActive, true);
      deepEqual(loadedFiles(extension.extensionPath), [join('dist', 'extension.cjs')]);
      equal(modelWorkers(), 0);
      const { commands, languageModelTools } = extension.packageJSON.contributes;
      const registered = new Set(await vscode.commands.getCommands(true));
      deepEqual(
        commands.map(nameOf).filter((name: string) => !registered.has(name)),
        [],
      );
      const tools = new Set(vscode.lm.tools.map(({ name }) => name));
      deepEqual(
        languageModelTools.map(nameOf).filter((name: string) => !tools.has(name)),
        [],
      );
    },
  },
  {
    name: 'Commands on a model do nothing without one',
    run: async () => {
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
      await vscode.commands.executeCommand('opscope.save');
      equal(activeTab(), undefined);
    },
  },
  {
    name: 'Custom editor: a model opens in it',
    run: async () => {
      await open('model.onnx');
      equal(activeTab()!.isDirty, false);
      await until('the worker', () => modelWorkers() === 1);
    },
  },
  {
    name: 'Open as Text shows the model as text, and leaves it alone',
    run: async () => {
      await vscode.commands.executeCommand('opscope.openAsText');
      const text = await until('the text', () => vscode.window.activeTextEditor?.document.getText() || undefined);
      match(text, /Conv/);
      await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
      await until('the model in front', () => shows('model.onnx'));
    },
  },
  {
    name: 'Commands: an optimized model is an unsaved change',
    run: async () => {
      const before = bytesOf('model.onnx');
      await runWithFirstChoices('opscope.optimize');
      await until('the change', () => activeTab()?.isDirty);
      ok(bytesOf('model.onnx').equals(before));
    },
  },
  {
    name: 'Undo takes it back, Redo makes it again',
    run: async () => {
      await vscode.commands.executeCommand('undo');
      await until('no change', () => activeTab()?.isDirty === false);
      await vscode.commands.executeCommand('redo');
      await until('the change', () => activeTab()?.isDirty);
    },
  },
  {
    name: 'Save writes the model and keeps what was there',
    run: async () => {
      const before = bytesOf('model.onnx');
      await vscode.commands.executeCommand('opscope.save');
      await until('no change', () => activeTab()?.isDirty === false);
      notEqual(bytesOf('model.onnx').length, before.length);
      ok(bytesOf('model.onnx.bak').equals(before));
    },
  },
  {
    name: 'Diagnostics: the problems of an open model, with code and severity',
    run: async () => {
      deepEqual(vscode.languages.getDiagnostics(uriOf('old.onnx')), []);
      await open('old.onnx');
      const problems = await until('problems', () => {
        const found = vscode.languages.getDiagnostics(uriOf('old.onnx'));
        return found.length > 0 && found;
      });
      ok(problems.some(({ message }) => /too old for per-channel quantization/.test(message)));
      ok(problems.every(({ source, code, message }) => source && code && message));
      await open('text.onnx');
      const unreadable = await until('the error', () => vscode.languages.getDiagnostics(uriOf('text.onnx'))[0]);
      equal(unreadable.severity, vscode.DiagnosticSeverity.Error);
    },
  },
  {
    name: 'Virtual workspaces: a model that is not on disk is read, and never written where a file of that name is',
    run: async () => {
      const files = new MemoryFiles();
      const registered = vscode.workspace.registerFileSystemProvider('opscope-memory', files, { isReadonly: true });
      const uri = uriOf('model.onnx').with({ scheme: 'opscope-memory' });
      files.writeFile(uri, bytesOf('old.onnx'));
      const onDisk = bytesOf('model.onnx');
      try {
        await vscode.commands.executeCommand('vscode.openWith', uri, viewType);
        await until('problems', () =>
          vscode.languages.getDiagnostics(uri).some(({ message }) => /too old for per-channel/.test(message)),
        );
        await vscode.commands.executeCommand('opscope.save', uri);
        ok(bytesOf('model.onnx').equals(onDisk));
        await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
      } finally {
        registered.dispose();
      }
    },
  },
  {
    name: 'Virtual workspace: a model is read with its weights, and Save brings it back with what was there',
    run: async () => {
      const files = new MemoryFiles();
      const registered = vscode.workspace.registerFileSystemProvider('opscope-test', files);
      const uri = vscode.Uri.from({ scheme: 'opscope-test', path: '/apart.onnx' });
      const before = bytesOf('apart.onnx');
      files.writeFile(uri, before);
      files.writeFile(uri.with({ path: '/apart.onnx.data' }), bytesOf('apart.onnx.data'));
      await vscode.commands.executeCommand('vscode.open', uri);
      const problems = await until('problems', () => {
        const found = vscode.languages.getDiagnostics(uri);
        return found.length > 0 && found;
      });
      ok(problems.some(({ message }) => /too old for per-channel quantization/.test(message)));
      deepEqual(
        problems.filter(({ message }) => /apart\.onnx\.data/.test(message)),
        [],
      );
      await runWithFirstChoices('opscope.optimize');
      await until('the change', () => activeTab()?.isDirty);
      await vscode.commands.executeCommand('opscope.save');
      await until('no change', () => activeTab()?.isDirty === false);
      ok(!before.equals(files.readFile(uri)));
      ok(before.equals(files.readFile(uri.with({ path: '/apart.onnx.bak' }))));
      await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
      registered.dispose();
    },
  },
  {
    name: 'Tools answer as an assistant calls them, with an error where there is no file',
    run: async () => {
      const inspected = await invoke('opscope_inspect', { model: 'old.onnx' });
      deepEqual(inspected.operators, { Conv: 1, Relu: 1 });
      const found = await invoke('opscope_find_nodes', { model: 'old.onnx', query: 'op:Conv' });
      equal(found.matches, 1);
      await rejects(invoke('opscope_inspect', { model: 'nowhere.onnx' }), /There is no file/);
      equal(existsSync(join(testFolder(), 'nowhere.onnx')), false);
    },
  },
  {
    name: 'Hot exit: what was saved is taken back and left unsaved',
    run: async () => {
      await open('model.onnx');
      equal(activeTab()!.isDirty, false);
      await vscode.commands.executeCommand('undo');
      await until('the change', () => activeTab()?.isDirty);
    },
  },
];

/** In the same folder, after the window went away and came back. */
export const testsAfterRestart: readonly HostTest[] = [
  {
    name: 'Hot exit: the unsaved change is there again, and can be saved',
    run: async () => {
      // Which tabs a window comes back with is VS Code's to remember.
      await open('model.onnx');
      await until('the change', () => activeTab()?.isDirty);
      const before = bytesOf('model.onnx');
      await vscode.commands.executeCommand('opscope.save');
      await until('no change', () => activeTab()?.isDirty === false);
      ok(!bytesOf('model.onnx').equals(before));
    },
  },
];

/** The files of an extension that are loaded as code, relative to its folder. */
function loadedFiles(folder: string): string[] {
  const real = realpathSync(folder);
  return Object.keys(createRequire(join(real, 'package.json')).cache)
    .map((file) => relative(real, file))
    .filter((file) => /^(dist|node_modules)[\\/]/.test(file));
}

/** How many model workers run. The extension host also starts processes for others, such as Git, at any time. */
function modelWorkers(): number {
  return children.filter(
    ({ spawnargs, exitCode, signalCode }) =>
      spawnargs.some((argument) => /[\\/]dist[\\/]worker\.cjs$/.test(argument)) &&
      exitCode === null &&
      signalCode === null,
  ).length;
}

function nameOf(contribution: { readonly command?: string; readonly name?: string }): string {
  return contribution.command ?? contribution.name ?? '';
}

async function invoke(name: string, input: object): Promise<Record<string, unknown>> {
  const { content } = await vscode.lm.invokeTool(name, { input, toolInvocationToken: undefined });
  const [part] = content;
  ok(part instanceof vscode.LanguageModelTextPart);
  return JSON.parse(part.value);
}
