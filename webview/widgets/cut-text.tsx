/** Letters at the end that are never cut. */
const tailLength = 14;

/** Text that loses its middle where room is short: names of nodes differ at both ends. */
export function CutText({ text }: { readonly text: string }) {
  const cut = Math.max(0, text.length - tailLength);
  return (
    <span class="cut-text" title={text}>
      <span class="cut-head">{text.slice(0, cut)}</span>
      <span>{text.slice(cut)}</span>
    </span>
  );
}
