// Writes docs/problems.md from the rules and from what reading a file may report.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readingProblems } from '../src/core/onnx/reading-problems.ts';
import type { ProblemKind } from '../src/core/problem.ts';
import { rules } from '../src/core/rules/catalog.ts';
import { root } from './processes.ts';

/** The documentation of all problems, in Markdown. */
export function problemsText(): string {
  return `# Problems

What the Problems panel, the summary of a model and \`opscope inspect\` report, by code. \`opscope inspect --explain CODE\` prints one of them. Written by \`node scripts/problems.ts\` from \`src/core/rules\` and \`src/core/onnx/reading-problems.ts\`.

## Of the file

${readingProblems.map(kindText).join('\n')}
## Of what it computes

${rules.map(kindText).join('\n')}`;
}

function kindText({ code, title, severity, documentation, fix }: ProblemKind): string {
  const mends = fix === undefined ? '' : `; mended by the pass \`${fix}\``;
  return `### ${code}

**${title}** (${severity}${mends}). ${documentation}
`;
}

if (import.meta.main) writeFileSync(join(root, 'docs/problems.md'), problemsText());
