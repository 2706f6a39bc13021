/**
 * A written report before it is HTML or Markdown: one structure, two writers. Text is plain; the writers escape it.
 */
export interface ReportDocument {
  readonly title: string;
  /** The result in one sentence. */
  readonly lead: string;
  readonly sections: readonly ReportSection[];
}

export interface ReportSection {
  readonly heading: string;
  readonly blocks: readonly ReportBlock[];
}

export type ReportBlock =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | {
      readonly kind: 'table';
      readonly columns: readonly { readonly title: string; readonly numeric?: boolean }[];
      readonly rows: readonly (readonly string[])[];
    }
  /** One bar a row; `value` is a length in any unit, `text` the figure with its unit. */
  | {
      readonly kind: 'bars';
      readonly title: string;
      readonly bars: readonly { readonly label: string; readonly value: number; readonly text: string }[];
    }
  /** A picture as SVG markup that Opscope itself made; written as it is. */
  | { readonly kind: 'picture'; readonly svg: string; readonly caption: string }
  | { readonly kind: 'code'; readonly language: string; readonly text: string };
