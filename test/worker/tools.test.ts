import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
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
