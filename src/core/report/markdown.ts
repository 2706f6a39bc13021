import { assertUnreachable } from '../assert.ts';
import type { ReportBlock, ReportDocument } from './document.ts';

/** The report as GitHub-flavoured Markdown. Pictures are left out: Markdown renderers refuse inline SVG. */
export function toMarkdown({ title, lead, sections }: ReportDocument): string {
  const parts = [`# ${escaped(title)}`, `**${escaped(lead)}**`];
  for (const { heading, blocks } of sections) {
    const written = blocks.map(writeBlock).filter((block) => block !== '');
    if (written.length > 0) parts.push(`## ${escaped(heading)}`, ...written);
  }
  return `${parts.join('\n\n')}\n`;
}

function writeBlock(block: ReportBlock): string {
  switch (block.kind) {
    case 'text':
      return escaped(block.text);
    case 'list':
      return block.items.map((item) => `- ${escaped(item)}`).join('\n');
    case 'table':
      return writeTable(block.columns, block.rows);
    case 'bars':
      return `${escaped(block.title)}\n\n${writeTable(
        [{ title: '' }, { title: '', numeric: true }],
        block.bars.map(({ label, text }) => [label, text]),
      )}`;
    case 'picture':
      return '';
    case 'code':
      return `\`\`\`${block.language}\n${block.text}\n\`\`\``;
    default:
      return assertUnreachable(block);
  }
}

function writeTable(
  columns: readonly { readonly title: string; readonly numeric?: boolean }[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map(({ title }) => escaped(title))),
    line(columns.map(({ numeric }) => (numeric ? '---:' : '---'))),
    ...rows.map((row) => line(row.map(escaped))),
  ].join('\n');
}

/** Names come out of models and can hold anything: what Markdown or HTML would read as markup is taken literally. */
function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]<>#|!]/g, '\\$&').replace(/\s+/g, ' ');
}
