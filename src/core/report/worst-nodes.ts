import type { QuantizedNode, QuantizeReport } from './report.ts';

export interface WorstNode extends QuantizedNode {
  /** What the outputs gain when it alone stays float, in dB; infinite when nothing is lost then. */
  readonly gainDb?: number;
}

/** Nodes by what they cost the outputs, where that was found out, else by the error of what they give; worst first. */
export function worstNodes({
  nodes = [],
  sensitivity,
  sqnrDb,
}: Pick<QuantizeReport, 'nodes' | 'sensitivity' | 'sqnrDb'>): readonly WorstNode[] {
  const base = sensitivity?.baseDb ?? sqnrDb ?? 0;
  const rank = ({ gainDb = Number.NEGATIVE_INFINITY }: WorstNode) => gainDb;
  const noise = ({ output, weight }: WorstNode) => output?.sqnrDb ?? weight?.sqnrDb ?? 140;
  return nodes
    .map((node) => {
      const { withoutDb } = node;
      return withoutDb === undefined ? node : { ...node, gainDb: (withoutDb ?? Number.POSITIVE_INFINITY) - base };
    })
    .sort((a, b) => (rank(a) === rank(b) ? 0 : rank(b) - rank(a)) || noise(a) - noise(b));
}
