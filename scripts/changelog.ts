/**
 * The changes of one version: the text under its heading (`## 1.2.3`, with or without a date after it), without the
 * heading. Throws when there is no such heading, or nothing under it.
 */
export function changesOf(changelog: string, version: string): string {
  const lines = changelog.replaceAll('\r\n', '\n').split('\n');
  const headings = lines.flatMap((line, index) => (line.startsWith('## ') ? [{ name: line.slice(3), index }] : []));
  const own = headings.findIndex(({ name }) => name.split(/[\s(]/)[0]?.replace(/[[\]]/g, '') === version);
  const heading = headings[own];
  if (!heading) throw new Error(`CHANGELOG.md has no section "## ${version}"; it has ${names(headings)}.`);
  const text = lines
    .slice(heading.index + 1, headings[own + 1]?.index)
    .join('\n')
    .trim();
  if (text === '') throw new Error(`The section "## ${version}" of CHANGELOG.md is empty.`);
  return text;
}

function names(headings: readonly { readonly name: string }[]): string {
  return headings.map(({ name }) => `"## ${name}"`).join(', ') || 'none';
}
