import { escape as escapeHtml } from 'html-escaper';
import { assertUnreachable } from '../assert.ts';
import type { ReportBlock, ReportDocument } from './document.ts';

/** The report as one HTML file that needs nothing else: no script, no font, no network; light and dark by the reader's setting. */
export function toHtml({ title, lead, sections }: ReportDocument): string {
  const body = sections
    .map(
      ({ heading, blocks }) => `<section><h2>${escapeHtml(heading)}</h2>${blocks.map(writeBlock).join('')}</section>`,
    )
    .join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
<p class="lead">${escapeHtml(lead)}</p>
${body}
<footer>Made by Opscope.</footer>
</main>
</body>
</html>
`;
}

function writeBlock(block: ReportBlock): string {
  switch (block.kind) {
    case 'text':
      return `<p>${escapeHtml(block.text)}</p>`;
    case 'list':
      return `<ul>${block.items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`;
    case 'table':
      return writeTable(block.columns, block.rows);
    case 'bars':
      return writeBars(block.title, block.bars);
    case 'picture':
      return `<figure>${block.svg}<figcaption>${escapeHtml(block.caption)}</figcaption></figure>`;
    case 'code':
      return `<pre><code>${escapeHtml(block.text)}</code></pre>`;
    default:
      return assertUnreachable(block);
  }
}

function writeTable(
  columns: readonly { readonly title: string; readonly numeric?: boolean }[],
  rows: readonly (readonly string[])[],
): string {
  const kind = columns.map(({ numeric }) => (numeric ? ' class="number"' : ''));
  const head = columns.some(({ title }) => title !== '')
    ? `<thead><tr>${columns.map(({ title }, index) => `<th scope="col"${kind[index]}>${escapeHtml(title)}</th>`).join('')}</tr></thead>`
    : '';
  const lines = rows.map(
    (row) => `<tr>${row.map((cell, index) => `<td${kind[index]}>${escapeHtml(cell)}</td>`).join('')}</tr>`,
  );
  return `<div class="scroll"><table>${head}<tbody>${lines.join('')}</tbody></table></div>`;
}

function writeBars(
  title: string,
  bars: readonly { readonly label: string; readonly value: number; readonly text: string }[],
): string {
  const longest = Math.max(Number.MIN_VALUE, ...bars.map(({ value }) => value));
  const rows = bars.map(
    ({ label, value, text }) =>
      `<tr><td>${escapeHtml(label)}</td><td class="bar"><span style="width:${((value / longest) * 100).toFixed(1)}%"></span></td><td class="number">${escapeHtml(text)}</td></tr>`,
  );
  return `<div class="scroll"><table class="bars"><caption>${escapeHtml(title)}</caption><tbody>${rows.join('')}</tbody></table></div>`;
}

const style = `
:root { color-scheme: light dark; --text: #1f2328; --quiet: #59636e; --line: #d1d9e0; --page: #ffffff; --mark: #0969da; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --quiet: #9198a1; --line: #3d444d; --page: #0d1117; --mark: #4493f8; } }
body { margin: 0; background: var(--page); color: var(--text); font: 14px/1.5 system-ui, sans-serif; }
main { max-width: 880px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 24px; font-weight: 600; margin: 0 0 8px; overflow-wrap: anywhere; }
h2 { font-size: 16px; font-weight: 600; margin: 32px 0 8px; }
.lead { font-size: 16px; margin: 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 8px 0 16px; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--quiet); padding-bottom: 4px; }
th { text-align: left; font-weight: 600; color: var(--quiet); }
th, td { padding: 4px 16px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.number { text-align: right; white-space: nowrap; }
.bars { width: 100%; }
.bars td:first-child { width: 45%; overflow-wrap: anywhere; }
.bar span { display: block; height: 12px; margin-top: 4px; background: var(--mark); min-width: 1px; }
figure { margin: 16px 0; overflow-x: auto; }
figure svg { max-width: 100%; height: auto; }
figcaption, footer { color: var(--quiet); }
footer { margin-top: 48px; }
pre { overflow-x: auto; padding: 12px; border: 1px solid var(--line); }
@media print { main { max-width: none; padding: 0; } }
`;
