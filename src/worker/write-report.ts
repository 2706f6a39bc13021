import { writeFile } from 'node:fs/promises';
import { layoutGraph } from '../core/layout/layout-graph.ts';
import { sceneToSvg } from '../core/layout/svg.ts';
import { historyDocument, type ReportedVersion } from '../core/report/history.ts';
import { toHtml } from '../core/report/html.ts';
import { toMarkdown } from '../core/report/markdown.ts';
import type { WriteReportRequest } from '../protocol/worker.ts';
import type { Documents } from './documents.ts';

/** Writes the report of a document's versions as one HTML file with their graphs, or as Markdown without. */
export async function writeReport(
  documents: Documents,
  { document, name, path, format, versions, comparison }: WriteReportRequest,
  signal: AbortSignal,
): Promise<void> {
  const labels = new Map(versions.map(({ version }) => [version, labelOf(documents, { document, version })]));
  const reported = versions.map(({ version, reports }): ReportedVersion => {
    const found = documents.version({ document, version });
    const { label, parent, nodes, bytes, verdict, latency } = found.info;
    const { draft, facts } = documents.analysis(found);
    const scene = () => layoutGraph({ main: draft.main, functions: draft.functions, facts, open: 'auto', signal });
    const from = parent === null ? undefined : labels.get(parent);
    return {
      label,
      ...(from === undefined ? {} : { parent: from }),
      nodes,
      bytes,
      ...(verdict ? { verdict } : {}),
      ...(latency ? { latency } : {}),
      ...reports,
      ...(format === 'html' ? { picture: sceneToSvg(scene()) } : {}),
    };
  });
  const report = historyDocument(name, reported, comparison);
  signal.throwIfAborted();
  await writeFile(path, format === 'html' ? toHtml(report) : toMarkdown(report));
}

const labelOf = (documents: Documents, ref: Parameters<Documents['version']>[0]) => documents.version(ref).info.label;
