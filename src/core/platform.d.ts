/**
 * The few globals that Node, browsers and webviews share and `core` may use. Nothing else of a platform exists for the
 * compiler here: `src/core/tsconfig.json` loads no platform types.
 */
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes?: Uint8Array): string;
}

declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
}

interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
}

declare const performance: { now(): number };
