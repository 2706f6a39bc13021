import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../scripts/processes.ts';
import { type Editor, extensionsFolder } from './editor.ts';

/** A tool with its input, as an assistant calls it. */
export interface ToolCall {
  readonly name: string;
  readonly input: object;
  /** Milliseconds after which the call is cancelled. */
  readonly cancelAfter?: number;
}

export interface ToolAnswer {
  readonly name: string;
  readonly answer?: Record<string, unknown>;
  readonly error?: string;
}

/** A folder of extensions with the packaged one, and one beside it that calls tools. The caller removes it. */
export function extensionsWithToolCaller(): string {
  const folder = mkdtempSync(join(tmpdir(), 'opscope-extensions-'));
  const opscope = readdirSync(extensionsFolder).find((name) => name.startsWith('opscope.opscope-'))!;
  symlinkSync(join(extensionsFolder, opscope), join(folder, opscope), 'junction');
  symlinkSync(join(root, 'test/e2e/tool-caller'), join(folder, 'opscope.tool-caller'), 'junction');
  return folder;
}

/** Calls tools one after the other and answers every question that VS Code asks before one. */
export async function callTools(
  { folder, page, runCommand }: Editor,
  calls: readonly ToolCall[],
  reply: 'Yes' | 'No' = 'Yes',
): Promise<{ readonly answers: readonly ToolAnswer[]; readonly questions: readonly string[] }> {
  const written = join(folder, 'answers.json');
  rmSync(written, { force: true });
  writeFileSync(join(folder, 'calls.json'), JSON.stringify(calls));
  await runCommand('Call Tools');
  const dialog = page.locator('.monaco-dialog-box');
  const button = dialog.getByRole('button', { name: reply === 'Yes' ? /^(Yes|OK|Continue)/ : /^(No|Cancel)/ }).first();
  const questions: string[] = [];
  while (!existsSync(written)) {
    if (await button.isVisible()) {
      questions.push(await dialog.innerText());
      await button.click();
      await dialog.waitFor({ state: 'detached' });
    }
    await page.waitForTimeout(200);
  }
  return { answers: JSON.parse(readFileSync(written, 'utf8')), questions };
}
