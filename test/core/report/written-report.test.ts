import { describe, expect, it } from 'vitest';
import type { ReportDocument } from '../../../src/core/report/document.ts';
import { toHtml } from '../../../src/core/report/html.ts';
import { toJunit } from '../../../src/core/report/junit.ts';
import { toMarkdown } from '../../../src/core/report/markdown.ts';
import type { Latency } from '../../../src/core/report/profile-report.ts';
import type { OptimizeReport, QuantizeReport } from '../../../src/core/report/report.ts';
import { optimizeDocument, quantizeDocument } from '../../../src/core/report/sections.ts';

const hostile = '<script>alert("x")</script> | `*_[a](b)_*`';

const latency = (median: number): Latency => ({
  runs: 60,
  warmup: 5,
  median,
  interval95: [median * 0.99, median * 1.01],
  mean: median,
  min: median,
  max: median,
  stable: true,
  problems: [],
});

const comparison = {
  a: latency(2),
  b: latency(1.5),
  ratio: 0.75,
  interval95: [0.74, 0.77],
  verdict: 'faster',
  resolutionPercent: 1.5,
  control95: [0.99, 1.01],
  rounds: 30,
} as const;

const model = { path: `/models/${hostile}.onnx`, bytes: 1000, irVersion: 8, producer: 'test', opsets: { '': 17 } };

const optimized: OptimizeReport = {
  schema: 1,
  model,
  before: { nodes: 1262, bytes: 3000, operators: { Conv: 10, BatchNormalization: 10 } },
  after: { nodes: 402, bytes: 2000, operators: { Conv: 10 } },
  passes: [{ name: 'fuse-conv-bn', removed: 20, added: 10, rewrites: 10, milliseconds: 3 }],
  rolledBack: [{ pass: hostile, reason: 'outputs differ' }],
  rewrites: [],
  verdict: {
    status: 'close',
    runs: 6,
    outputs: [{ name: hostile, maxAbs: 3e-6, maxRel: 1e-6, sqnrDb: 120, cosine: 1 }],
  },
  latency: comparison,
  problems: [],
  milliseconds: 900,
};

const quantized: QuantizeReport = {
  schema: 1,
  model,
  scheme: 'static-int8',
  options: {},
  quantized: { nodes: 52, of: 54 },
  fused: { nodes: 52, of: 52 },
  kept: [{ node: hostile, reason: 'named in --exclude' }],
  before: { nodes: 100, bytes: 4000 },
  after: { nodes: 200, bytes: 1000 },
  verdict: { status: 'different', runs: 6, outputs: [] },
  sqnrDb: 33.2,
  metric: { name: 'accuracy', before: 0.918, after: 0.914, samples: 500 },
  latency: comparison,
  advice: [],
  problems: [],
  milliseconds: 1000,
};

describe('written reports', () => {
  it('leads with the result in one sentence', () => {
    const text = toMarkdown(optimizeDocument(optimized)).replaceAll('\u00a0', ' ');
    expect(text).toContain('1,262 → 402 nodes');
    expect(text).toContain('1.33 × faster (1.30–1.35, 60 runs)');
    expect(toMarkdown(quantizeDocument(quantized)).replaceAll('\u00a0', ' ')).toContain('91.8 % → 91.4 %');
  });

  it('lists operators whose number changed, and only those', () => {
    const text = toMarkdown(optimizeDocument(optimized));
    expect(text).toContain('| BatchNormalization | 10 | 0 |');
    expect(text).not.toContain('| Conv |');
  });

  it.each([optimizeDocument(optimized), quantizeDocument(quantized)])(
    'takes names from models literally in HTML',
    (document: ReportDocument) => {
      const html = toHtml(document);
      expect(html).not.toContain('<script');
      expect(html).toContain('&lt;script&gt;');
    },
  );

  it('takes names from models literally in Markdown', () => {
    const text = toMarkdown(quantizeDocument(quantized));
    expect(text).not.toContain('<script>');
    const row = text.split('\n').find((line) => line.includes('named in --exclude'))!;
    expect(row.match(/(?<!\\)\|/g)).toHaveLength(3);
  });

  it('needs nothing from the network', () => {
    const html = toHtml(optimizeDocument(optimized));
    expect(html).not.toMatch(/(?:src|href)=|url\(|@import/);
    expect(html).toContain("default-src 'none'");
  });
});

describe('JUnit', () => {
  it('counts failures and escapes what models say', () => {
    const xml = toJunit(
      'opscope',
      [
        { name: 'latency', passed: true, message: 'no difference above 1.4 %' },
        { name: hostile, passed: false, message: `"${hostile}"` },
      ],
      1.5,
    );
    expect(xml).toContain('tests="2" failures="1" time="1.500"');
    expect(xml).not.toContain('<script');
    expect(xml.match(/<testcase/g)).toHaveLength(2);
    expect(xml.match(/<failure message=/g)).toHaveLength(1);
  });
});
