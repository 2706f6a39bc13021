import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import texts from '../../package.nls.json' with { type: 'json' };
import { tools } from '../../src/worker/tools/catalog.ts';
import { inputSchema } from '../../src/worker/tools/tool.ts';

test('the manifest tells assistants in VS Code what the tools take', () => {
  expect(
    manifest.contributes.languageModelTools.map(({ name, modelDescription, inputSchema }) => ({
      name,
      modelDescription,
      inputSchema,
    })),
  ).toEqual(
    tools.map((tool) => ({ name: tool.name, modelDescription: tool.description, inputSchema: inputSchema(tool) })),
  );
});

test('people see the names of the tools in their language', () => {
  const { languageModelTools } = manifest.contributes;
  const seen = languageModelTools.flatMap(({ displayName, userDescription }) => [displayName, userDescription]);
  for (const text of seen) expect(text).toMatch(/^%tool\..*%$/);
  const english = texts as Record<string, string>;
  expect(languageModelTools.map(({ displayName }) => english[displayName.slice(1, -1)])).toEqual(
    tools.map(({ title }) => title),
  );
});

test('the agent is given the tools there are, by the names that chat has for them', () => {
  const [{ path }] = manifest.contributes.chatAgents as [{ path: string }];
  const text = readFileSync(join(import.meta.dirname, '../..', path), 'utf8');
  const listed = [...text.matchAll(/^ {2}- (\S+)$/gm)].map(([, name]) => name);
  expect(listed).toEqual(manifest.contributes.languageModelTools.map(({ toolReferenceName }) => toolReferenceName));
});
