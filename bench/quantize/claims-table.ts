import type { QuantizeReport } from '../../src/core/report/report.ts';

export interface Claim {
  readonly model: string;
  readonly claim: string;
  readonly holds: boolean;
  readonly figures: string;
  readonly candidates?: QuantizeReport['candidates'];
}

/** Claims that were looked at together, and where. */
export interface Part {
  readonly machine: string;
  readonly date: string;
  readonly claims: readonly Claim[];
  /** Why they could not be looked at. */
  readonly failure?: string;
}

/** Every part with its machine, then the trade-offs. `timeLimit`: seconds that a comparison took at most. */
export function claimsTable(parts: Readonly<Record<string, Part>>, timeLimit: number): string {
  const all = Object.values(parts);
  const section = ([name, { machine, claims, failure }]: readonly [string, Part]) => [
    '',
    `## ${name}`,
    '',
    machine,
    '',
    ...(failure === undefined ? [] : [`Not measured: ${failure}`]),
    '| model | claim | | figures |',
    '|---|---|---|---|',
    ...claims.map(
      ({ model, claim, holds, figures }) => `| ${model} | ${claim} | ${holds ? 'holds' : '**fails**'} | ${figures} |`,
    ),
  ];
  const lines = [
    '# Claims of quantization',
    '',
    `Single-threaded; times A/B with 95 % interval, at most ${timeLimit} s each.`,
    ...Object.entries(parts).flatMap(section),
    ...all.flatMap(({ claims }) => claims).flatMap(tradeOff),
  ];
  return `${lines.join('\n')}\n`;
}

/** The trade-off, candidate by candidate. */
function tradeOff({ model, candidates = [] }: Claim): string[] {
  if (candidates.length === 0) return [];
  const metric = candidates.some((each) => each.metric !== undefined);
  const rows = candidates.map((each) => {
    const time = each.ratio === undefined ? '–' : each.ratio.toFixed(2);
    const share = each.metric === undefined ? '' : `${(each.metric * 100).toFixed(1)}`;
    const note = [each.chosen && 'chosen', each.front && 'front', !each.within && 'beyond the budget'];
    const cells = [each.label, each.sqnrDb?.toFixed(1) ?? 'equal', ...(metric ? [share] : []), time];
    return `| ${[...cells, (each.bytes / 1e6).toFixed(2), note.filter(Boolean).join(', ')].join(' | ')} |`;
  });
  const heads = ['candidate', 'dB', ...(metric ? ['accuracy, %'] : []), 'time / float', 'MB', ''];
  const table = [`| ${heads.join(' | ')} |`, `|${heads.map(() => '---').join('|')}|`, ...rows];
  return ['', `## What was tried on ${model}`, '', ...table];
}
