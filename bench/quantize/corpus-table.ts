/** What came of one way; `broken` would be a fault of the quantizer's. */
export type Outcome = 'within' | 'said to differ' | 'not run' | 'refused' | 'unfinished' | 'broken';
const outcomes: readonly Outcome[] = ['within', 'said to differ', 'not run', 'refused', 'unfinished', 'broken'];

export interface Row {
  readonly model: string;
  readonly way: string;
  readonly outcome: Outcome;
  readonly sqnrDb?: number | null;
  readonly reason?: string;
}

/** The counts of every way, and what went wrong one by one. `usable`: least decibels with 8 and with 4 bits. */
export function markdown(
  rows: readonly Row[],
  {
    files,
    unreadable,
    ways,
    open,
    usable,
  }: {
    readonly files: number;
    readonly unreadable: number;
    readonly ways: readonly string[];
    /** Models that not every way was tried on yet. */
    readonly open: readonly string[];
    readonly usable: readonly [number, number];
  },
): string {
  const count = (way: string, outcome: Outcome) =>
    rows.filter((row) => row.way === way && row.outcome === outcome).length;
  const table = ways.map((way) => `| ${way} | ${outcomes.map((each) => count(way, each)).join(' | ')} |`);
  const section = (outcome: Outcome, title: string) => {
    const found = rows.filter((row) => row.outcome === outcome);
    const lines = found.map(({ model, way, reason }) => `- ${shortened(model)}, ${way}: ${reason}`);
    return found.length > 0 ? ['', `## ${title}`, '', ...lines] : [];
  };
  return [
    '# Quantizing every model of the corpus',
    '',
    `${files} models, ${unreadable} of them not readable; made-up data, so the decibels are of random inputs.`,
    `Each result was loaded and run beside the float model a second time, and its signal to noise worked out apart from the report's. *Within*: at least ${usable[0]} dB, ${usable[1]} dB with 4 bits, as the report states to 0.2 dB. *Said to differ*: below that, and the report and the exit code say so. *Not run*: the float model itself does not run on made-up inputs. *Refused*: with the reason, see the JSON. *auto* only where integers came to something.`,
    '',
    `| | ${outcomes.join(' | ')} |`,
    `|---|${outcomes.map(() => '--:').join('|')}|`,
    ...table,
    ...section('broken', 'Broken'),
    ...section('unfinished', 'Unfinished'),
    ...(open.length > 0
      ? ['', '## Not tried in every way yet', '', ...open.map((model) => `- ${shortened(model)}`)]
      : []),
    '',
  ].join('\n');
}

/** Folder and file: many models are called alike. */
const shortened = (model: string): string => model.split('/').slice(-2).join('/');
