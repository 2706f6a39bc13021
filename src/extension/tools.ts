import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import * as vscode from 'vscode';
import { startOfPaths, writingTools, writtenBy } from './tool-paths.ts';
import type { WorkerProcess } from './worker-process.ts';

/** A tool as the manifest has it. */
interface ContributedTool {
  readonly name: string;
  readonly displayName: string;
}

/** Tools that run nothing and write nothing: they work where the workspace is not trusted. */
const readingOnly: ReadonlySet<string> = new Set(['opscope_inspect', 'opscope_find_nodes']);

/** Makes the tools that the manifest names callable by an assistant. */
export function registerTools(
  { packageJSON }: vscode.Extension<unknown>,
  workers: WorkerProcess,
): readonly vscode.Disposable[] {
  const { languageModelTools } = packageJSON.contributes as { languageModelTools: readonly ContributedTool[] };
  return languageModelTools.map((tool) => vscode.lm.registerTool(tool.name, implementation(tool, workers)));
}

function implementation(
  { name, displayName }: ContributedTool,
  workers: WorkerProcess,
): vscode.LanguageModelTool<Record<string, unknown>> {
  return {
    prepareInvocation: async ({ input }) => {
      const model = String(input.model ?? input.a ?? '');
      const invocationMessage = `${displayName}: ${model}`;
      if (!writingTools.has(name)) return { invocationMessage };
      const message = question(name, model, input);
      return { invocationMessage, confirmationMessages: { title: displayName, message } };
    },
    invoke: async ({ input }, token) => {
      if (!vscode.workspace.isTrusted && !readingOnly.has(name)) {
        throw new Error(vscode.l10n.t('This workspace is not trusted, so models are not run. Trust it to run them.'));
      }
      const controller = new AbortController();
      const subscription = token.onCancellationRequested(() => controller.abort());
      const folder = startOf(input);
      try {
        const { client } = workers.running();
        const result = await client.callTool({ name, input, folder }, { signal: controller.signal });
        return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(JSON.stringify(result))]);
      } finally {
        subscription.dispose();
      }
    },
  };
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

/** Where relative paths of a tool's input start. */
const startOf = ({ model, a }: Record<string, unknown>): string =>
  startOfPaths(String(model ?? a ?? ''), vscode.workspace.workspaceFolders?.map(({ uri }) => uri.fsPath) ?? [], isFile);

/** Asks about everything that a tool writes. */
function question(name: string, model: string, input: Record<string, unknown>): string {
  const written = writtenBy(name, input);
  const folder = startOf(input);
  const there = written.map((path) => existsSync(resolve(folder, path)));
  const replaced = input.overwrite === true ? written.filter((_, index) => there[index]) : [];
  const made = written.filter((path) => !replaced.includes(path));
  if (replaced.length === 0) return vscode.l10n.t('Read {0} and write {1}?', model, listed(made));
  if (made.length === 0)
    return vscode.l10n.t('Read {0} and replace {1}, which exists already?', model, listed(replaced));
  return vscode.l10n.t(
    'Read {0}, write {1} and replace {2}, which exists already?',
    model,
    listed(made),
    listed(replaced),
  );
}

const listed = (paths: readonly string[]): string => new Intl.ListFormat(vscode.env.language).format(paths);
