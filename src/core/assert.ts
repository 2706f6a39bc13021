/** Ends an exhaustive `switch`: the compiler rejects the call when a case is missing. */
export function assertUnreachable(value: never): never {
  throw new Error(`Unexpected value: ${String(value)}`);
}
