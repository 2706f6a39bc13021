/**
 * How a command ends: 0 done, 1 the verdict failed, 2 the request or the file is not usable, 3 the runtime failed; 130,
 * as shells have it, when it was interrupted with Ctrl-C.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 130;

/** The request cannot be met; the message says what to write instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Errors that lie with the request or the file, by name: modules are loaded only when needed, so classes are not at hand. */
const unusable = new Set([
  'UsageError',
  'UnreadableModelError',
  'InputError',
  'UnknownPassError',
  'RecipeError',
  'ProtectedFileError',
  'ExportError',
  'BaselineError',
  'CommanderError',
]);

const interrupted = new Set(['InterruptedError', 'CancelledError', 'AbortError']);

/** System errors that mean that a path was wrong, and what to say. */
const pathErrors: Readonly<Record<string, string>> = {
  ENOENT: 'There is no such file or folder',
  EACCES: 'No permission for',
  EPERM: 'No permission for',
  EISDIR: 'This is a folder, not a file',
  ENOTDIR: 'A part of this path is a file, not a folder',
  ENOSPC: 'The disk is full; could not write',
  EROFS: 'The disk is read-only; could not write',
};

/** The exit code and the one line that an error becomes. */
export function explainError(error: unknown): { readonly code: ExitCode; readonly message: string } {
  if (!(error instanceof Error)) return { code: 3, message: String(error) };
  if (interrupted.has(error.name)) return { code: 130, message: 'Interrupted.' };
  const { code, path } = error as NodeJS.ErrnoException;
  const known = code ? pathErrors[code] : undefined;
  if (known) return { code: 2, message: `${known}: ${path ?? error.message}.` };
  const exit = error.name === 'QuantizeError' || error.name === 'PruneError' ? 1 : unusable.has(error.name) ? 2 : 3;
  return { code: exit, message: oneLine(error.message) };
}

const oneLine = (message: string): string => message.trim().replaceAll(/\s*\n\s*/g, ' ');
