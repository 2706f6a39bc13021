import { describe, expect, test } from 'vitest';
import { historyDocument, type ReportedVersion } from '../../../src/core/report/history.ts';
import { toHtml } from '../../../src/core/report/html.ts';
import { toMarkdown } from '../../../src/core/report/markdown.ts';
import type { OptimizeReport } from '../../../src/core/report/report.ts';

const optimize: OptimizeReport = {
  schema: 1,
  model: { path: '/models/a.onnx', bytes: 3000, irVersion: 8, producer: 'test', opsets: { 'ai.onnx': 17 } },
  before: { nodes: 12, bytes: 3000, operators: { Conv: 10, Identity: 2 } },
  after: { nodes: 10, bytes: 2900, operators: { Conv: 10 } },
  passes: [{ name: 'eliminate-identity', removed: 2, added: 0, rewrites: 2, milliseconds: 1 }],
  rolledBack: [],
  rewrites: [],
  verdict: { status: 'equal', runs: 5, outputs: [] },
  problems: [],
  milliseconds: 9,
};
const versions: readonly ReportedVersion[] = [
  { label: 'Original', nodes: 12, bytes: 3000, picture: '<svg><title>before</title></svg>' },
  {
    label: 'Simplified <1>',
    parent: 'Original',
    nodes: 10,
    bytes: 2900,
    verdict: optimize.verdict,
    optimize,
    picture: '<svg><title>after</title></svg>',
  },
];

describe('the report of a history', () => {
  test('says what every version is and what its job found', () => {
    const { lead, sections } = historyDocument('a.onnx', versions);
    expect(lead).toBe('2 versions: 12 → 10 nodes, 3.00\u00a0KB → 2.90\u00a0KB.');
    expect(sections.map(({ heading }) => heading)).toEqual([
      'Versions',
      'Simplified <1>',
      'Simplified <1>: Before and after',
      'Simplified <1>: Outputs',
      'Simplified <1>: What was done',
      'Original: graph',
      'Simplified <1>: graph',
    ]);
    expect(sections[0]!.blocks[0]).toMatchObject({
      rows: [
        ['Original', '', '12', '3.00\u00a0KB', '', ''],
        ['Simplified <1>', 'Original', '10', '2.90\u00a0KB', expect.stringContaining('equal'), ''],
      ],
    });
  });

  test('is HTML with the graphs and without a link, and Markdown without the graphs', () => {
    const document = historyDocument('a.onnx', versions);
    const html = toHtml(document);
    expect(html).toContain('<title>before</title>');
    expect(html).toContain('Simplified &lt;1&gt;: What was done');
    expect(html).not.toMatch(/<script|src=|href=/);
    expect(toMarkdown(document)).toContain('eliminate-identity');
    expect(toMarkdown(document)).not.toContain('<svg');
  });

  test('of a model with one version has that alone', () => {
    expect(historyDocument('a.onnx', [{ label: 'Original', nodes: 12, bytes: 3000 }])).toMatchObject({
      lead: '12 nodes, 3.00\u00a0KB.',
      sections: [{ heading: 'Versions' }],
    });
  });
});
