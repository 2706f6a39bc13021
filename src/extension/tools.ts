import * as vscode from 'vscode';
import type { WorkerProcess } from './worker-process.ts';

/** A tool as the manifest has it. */
interface ContributedTool {
  readonly name: string;
  readonly displayName: string;
}

/** Tools that run nothing and write nothing: they work where the workspace is not trusted. */
const readingOnly: ReadonlySet<string> = new Set(['opscope_inspect', 'opscope_find_nodes']);
const writing: ReadonlySet<string> = new Set([
  'opscope_optimize',
  'opscope_quantize',
  'opscope_tune',
  'opscope_export',
]);

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
    prepareInvocation: ({ input }) => {
      const model = String(input.model ?? input.a ?? '');
      const invocationMessage = `${displayName}: ${model}`;
      if (!writing.has(name)) return { invocationMessage };
      const message = vscode.l10n.t('Read {0} and write {1}?', model, String(input.output ?? ''));
      return { invocationMessage, confirmationMessages: { title: displayName, message } };
    },
    invoke: async ({ input }, token) => {
      if (!vscode.workspace.isTrusted && !readingOnly.has(name)) {
        throw new Error(vscode.l10n.t('This workspace is not trusted, so models are not run. Trust it to run them.'));
      }
      const controller = new AbortController();
      const subscription = token.onCancellationRequested(() => controller.abort());
      const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
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
