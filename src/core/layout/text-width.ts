/**
 * Widths of characters in em, from DejaVu Sans Bold: the widest of the fonts that VS Code's views are set in, so a text
 * that fits by these fits in Segoe UI, San Francisco and Ubuntu, too. The layout runs where no font can be measured.
 */
const widths: Readonly<Record<number, string>> = {
  0.31: "'",
  0.35: 'ijl ',
  0.38: '/IJ\\|,.',
  0.42: ':;-',
  0.46: 'f!()[]',
  0.5: 'tr_`',
  0.58: '"*?z',
  0.6: 'cs',
  0.65: 'Lvxy',
  0.7: 'akEFTeo$0123456789',
  0.73: 'hnu{}SYbdgpqCPZ',
  0.78: 'BAKRVX',
  0.83: 'UGD',
  0.87: '#+<=>HN^~×OQ&',
  0.93: 'w',
  1.04: '%@Mm',
  1.11: 'W',
};

const widthOf = new Map(
  Object.entries(widths).flatMap(([width, characters]) =>
    [...characters].map((each) => [each, Number(width)] as const),
  ),
);

/** Pixels that a text takes at a font size in pixels, at most; a character that is not in the table counts 1 em. */
export function textWidth(text: string, size: number): number {
  let width = 0;
  for (const character of text) width += widthOf.get(character) ?? 1;
  return width * size;
}
