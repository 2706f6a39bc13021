/**
 * The texts of the page with three English words in a row, those of closed parts included: what is left to translate.
 * Runs in the page. Names are no texts: of the model's parts, of machines and of libraries.
 */
export async function englishRuns(): Promise<readonly string[]> {
  const named = /ONNX Runtime|Intel.*|AMD.*|Linux.*|[A-Z]\w*(?:\/\w+)+/g;
  const names = 'code, .path, .node-name, .graph-canvas, .data-table tbody, script, style';
  for (const details of document.querySelectorAll('details')) details.open = true;
  // What a part holds comes when it is open.
  await new Promise((resolve) => setTimeout(resolve, 200));
  const found: (string | null)[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { parentElement, textContent } = walker.currentNode;
    if (parentElement?.checkVisibility() && !parentElement.closest(names)) found.push(textContent);
  }
  for (const element of document.querySelectorAll('[title], [aria-label]')) {
    if (!element.closest(names)) found.push(element.getAttribute('title'), element.getAttribute('aria-label'));
  }
  return found
    .map((text) => (text ?? '').replaceAll(named, '§'))
    .filter((text) => /(?:\b[A-Za-z’']{2,}[,;:]? ){2}[a-z]{2,}/.test(text));
}
