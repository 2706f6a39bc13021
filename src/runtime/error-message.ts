const sourceLocation = /(?:\b[A-Za-z]:)?[/\\][^\s:]*\.(?:cc|cpp|cu|h|hpp|inc):\d+\s*/;

/**
 * The text of an ONNX Runtime error as a person needs it: without the places in its source code, function signatures,
 * memory addresses and stack traces that come with it.
 */
export function cleanMessage(text: string): string {
  let message = text.replace(/\s*Stacktrace:[\s\S]*$/i, '');
  for (let at = message.match(sourceLocation); at !== null; at = message.match(sourceLocation)) {
    const start = at.index!;
    const end = skipSignature(message, start + at[0].length);
    message = `${message.slice(0, start).replace(/[\s:]+$/, ': ')}${message.slice(end).replace(/^[\s:]+/, '')}`;
  }
  return (
    message
      .replace(/<lambda\(\)>\s*/g, '')
      .replace(/\b0x[0-9a-f]{6,}\b/gi, '(address)')
      .replace(/^(?:Error:\s*)?(?:\[ONNXRuntimeError\]\s*:\s*\d+\s*:\s*\w+\s*:\s*)?/, '')
      .replace(/[^\S\n]+/g, ' ')
      // A failure in a body is told once for every node around it; the innermost says what happened.
      .replace(
        /(?:Non-zero status code returned while running (\S+) node\. Name:'([^']*)' Status Message: )+/g,
        nodeFailed,
      )
      .replace(/^[\s:]+|[\s:]+$/g, '')
  );
}

const nodeFailed = (_: string, opType: string, name: string) =>
  `${opType} node${name ? ` ${name}` : ''} failed while running: `;

/** Where the C++ function signature that starts at `start` ends; `start` when there is none on this line. */
function skipSignature(text: string, start: number): number {
  const line = text.slice(start).split('\n', 1)[0]!;
  const open = line.search(/[\w>\])]\(/);
  const scope = line.indexOf('::');
  if (open < 0 || scope < 0 || scope > open) {
    return start + (/^(?:\w+::)+\w+/.exec(line)?.[0].length ?? 0);
  }
  let depth = 0;
  for (let index = open + 1; index < line.length; index++) {
    if (line[index] === '(') depth++;
    else if (line[index] === ')' && --depth === 0) {
      const rest = /^\s*(?:const\b)?(?:\s*\[with [^\]]*\])?\s*/.exec(line.slice(index + 1))![0];
      return start + index + 1 + rest.length;
    }
  }
  return start + line.length;
}
