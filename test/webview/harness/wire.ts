/**
 * Messages as text, typed arrays kept and everything else as JSON has it, which is what VS Code does between a webview
 * and its host. Both functions stand alone, since they are also sent to the page as source.
 */

type ArrayName = 'Int32Array' | 'Uint32Array' | 'Float32Array' | 'Float64Array' | 'Uint8Array';

export function encode(message: unknown): string {
  return JSON.stringify(message, (_key, value) => {
    if (!ArrayBuffer.isView(value)) return value;
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte);
    return { $array: value.constructor.name, base64: btoa(text) };
  });
}

export function decode(text: string): unknown {
  return JSON.parse(text, (_key, value) => {
    if (value === null || typeof value !== 'object' || !('$array' in value)) return value;
    const binary = atob(value.base64);
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
    const types = { Int32Array, Uint32Array, Float32Array, Float64Array, Uint8Array };
    return new types[value.$array as ArrayName](bytes.buffer);
  });
}
