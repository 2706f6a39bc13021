import { exportTool, tuneTool } from './deploying-tools.ts';
import { compareTool, explainNodeTool, profileTool } from './measuring-tools.ts';
import { pruneTool } from './prune-tool.ts';
import { findNodesTool, inspectTool } from './reading-tools.ts';
import type { Tool } from './tool.ts';
import { optimizeTool, quantizeTool } from './transforming-tools.ts';

/** Every tool there is: for assistants in VS Code, and for other programs through `opscope mcp`. */
export const tools: readonly Tool<unknown>[] = [
  inspectTool,
  findNodesTool,
  profileTool,
  explainNodeTool,
  compareTool,
  optimizeTool,
  quantizeTool,
  pruneTool,
  tuneTool,
  exportTool,
] as readonly Tool<unknown>[];
