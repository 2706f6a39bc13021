import { escape as escapeXml } from 'html-escaper';

/** One gate of a check: what was asked, what was measured, whether it holds. */
export interface Gate {
  readonly name: string;
  readonly passed: boolean;
  /** The measured figure and the limit, in a sentence. */
  readonly message: string;
}

/** Gates as a JUnit XML file, which CI systems show as tests. `seconds` is how long the whole check took. */
export function toJunit(suite: string, gates: readonly Gate[], seconds: number): string {
  const failures = gates.filter(({ passed }) => !passed).length;
  const cases = gates.map(({ name, passed, message }) => {
    const open = `  <testcase classname="${escapeXml(suite)}" name="${escapeXml(name)}"`;
    const output = `    <system-out>${escapeXml(message)}</system-out>`;
    return passed
      ? `${open}>\n${output}\n  </testcase>`
      : `${open}>\n    <failure message="${escapeXml(message)}"/>\n  </testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="${escapeXml(suite)}" tests="${gates.length}" failures="${failures}" time="${seconds.toFixed(3)}">`,
    ...cases,
    '</testsuite>',
    '',
  ].join('\n');
}
