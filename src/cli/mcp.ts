import type { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };

/** `opscope mcp` */
export function mcpCommand(program: Command): void {
  program
    .command('mcp')
    .description('serve the tools to an assistant, over standard input and output (Model Context Protocol)')
    .action(serveTools);
}

/** Answers until standard input ends. Tools run one after another: two measurements at once would spoil each other. */
async function serveTools(): Promise<void> {
  const { Server } = await import('@modelcontextprotocol/sdk/server/index.js');
  const { StdioServerTransport } = await import('@modelcontextprotocol/sdk/server/stdio.js');
  const { CallToolRequestSchema, ListToolsRequestSchema, McpError, ErrorCode } = await import(
    '@modelcontextprotocol/sdk/types.js'
  );
  const { createRuntimeManager } = await import('../worker/runtime-client.ts');
  const { tools } = await import('../worker/tools/catalog.ts');
  const { callTool, canOverwrite, inputSchema } = await import('../worker/tools/tool.ts');
  const { toJson } = await import('./command.ts');

  const manager = createRuntimeManager();
  const server = new Server({ name: 'opscope', version: manifest.version }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: tools.map((tool) => ({
      name: tool.name,
      title: tool.title,
      description: tool.description,
      inputSchema: inputSchema(tool) as { type: 'object' },
      annotations: { readOnlyHint: !tool.writes, destructiveHint: canOverwrite(tool), openWorldHint: false },
    })),
  }));
  let last: Promise<unknown> = Promise.resolve();
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal, sendNotification }) => {
    const tool = tools.find(({ name }) => name === params.name);
    if (!tool) {
      const known = tools.map(({ name }) => name).join(', ');
      throw new McpError(ErrorCode.InvalidParams, `There is no tool ${params.name}. There are: ${known}.`);
    }
    const progressToken = params._meta?.progressToken;
    let steps = 0;
    const context = {
      manager,
      opscope: manifest.version,
      folder: process.cwd(),
      signal,
      onProgress: ({ message }: { message: string }) => {
        if (progressToken === undefined) return;
        const progress = { progressToken, progress: ++steps, message };
        sendNotification({ method: 'notifications/progress', params: progress }).catch(() => {});
      },
    };
    const answer = last.then(() => callTool(tool, params.arguments ?? {}, context));
    last = answer.catch(() => {});
    try {
      const result = await answer;
      const text = toJson(result);
      return { content: [{ type: 'text', text }], structuredContent: JSON.parse(text) as Record<string, unknown> };
    } catch (error) {
      // What a model did wrong is told to it, so that it can do better; only unknown tools are errors of the protocol.
      return {
        isError: true,
        content: [{ type: 'text', text: error instanceof Error ? error.message : String(error) }],
      };
    }
  });
  const closed = new Promise<void>((resolve) => {
    server.onclose = resolve;
    process.stdin.once('end', resolve);
  });
  await server.connect(new StdioServerTransport());
  await closed;
  manager.dispose();
}
