/** The report of a model with all its versions: what was done to it, step by step, and what each step gained. */
import type { ReportDocument, ReportSection } from './document.ts';
import { bytes, count, interval, time } from './format.ts';
import type { ProfileReport } from './profile-report.ts';
import type { CompareReport, LatencyComparison, OptimizeReport, QuantizeReport, Verdict } from './report.ts';
import { compareDocument, optimizeDocument, profileDocument, quantizeDocument, table } from './sections.ts';
import { latencySentence, outputsSentence } from './sentences.ts';

export interface ReportedVersion {
  readonly label: string;
  /** Label of the version it was made from. */
  readonly parent?: string;
  readonly nodes: number;
  readonly bytes: number;
  readonly verdict?: Verdict;
  /** Against its parent. */
  readonly latency?: LatencyComparison;
  readonly profile?: ProfileReport;
  readonly optimize?: OptimizeReport;
  readonly quantize?: QuantizeReport;
  /** The graph as SVG. */
  readonly picture?: string;
}

/** The report of the versions, the original first, and of the last comparison. */
export function historyDocument(
  name: string,
  versions: readonly ReportedVersion[],
  comparison?: CompareReport,
): ReportDocument {
  const first = versions[0]!;
  const last = versions[versions.length - 1]!;
  return {
    title: name,
    lead:
      versions.length === 1
        ? `${count(first.nodes)} nodes, ${bytes(first.bytes)}.`
        : `${count(versions.length)} versions: ${count(first.nodes)} → ${count(last.nodes)} nodes, ${bytes(first.bytes)} → ${bytes(last.bytes)}.`,
    sections: [
      { heading: 'Versions', blocks: [versionTable(versions)] },
      ...versions.flatMap(versionSections),
      ...(comparison ? named('Comparison', compareDocument(comparison)) : []),
      ...versions.flatMap(graphSection),
    ],
  };
}

function versionTable(versions: readonly ReportedVersion[]) {
  return table(
    ['Version', 'Made from', '#Nodes', '#Size', 'Outputs', 'Latency'],
    versions.map(({ label, parent, nodes, bytes: size, verdict, latency, profile }) => [
      label,
      parent ?? '',
      count(nodes),
      bytes(size),
      verdict ? outputsSentence(verdict) : '',
      latency
        ? latencySentence(latency)
        : profile
          ? `${time(profile.latency.median)} (${interval(profile.latency.interval95, 'ms')})`
          : '',
    ]),
  );
}

function versionSections({ label, optimize, quantize, profile }: ReportedVersion): readonly ReportSection[] {
  return [
    ...(optimize ? named(label, optimizeDocument(optimize)) : []),
    ...(quantize ? named(label, quantizeDocument(quantize)) : []),
    ...(profile ? named(`${label}, profile`, profileDocument(profile)) : []),
  ];
}

const graphSection = ({ label, picture }: ReportedVersion): readonly ReportSection[] =>
  picture
    ? [
        {
          heading: `${label}: graph`,
          blocks: [{ kind: 'picture', svg: picture, caption: 'The graph, groups collapsed.' }],
        },
      ]
    : [];

/** The sections of a report within a larger one: the first begins with what it found, in a sentence. */
function named(name: string, { lead, sections }: ReportDocument): readonly ReportSection[] {
  return [
    { heading: name, blocks: [{ kind: 'text', text: lead }] },
    ...sections.map(({ heading, blocks }) => ({ heading: `${name}: ${heading}`, blocks })),
  ];
}
