/** ELF's `e_machine`, PE's `Machine` and Mach-O's `cputype`, by the platform that they stand for. */
const machines: Readonly<Record<string, ReadonlyMap<number, string>>> = {
  elf: new Map([
    [0x3e, 'linux-x64'],
    [0xb7, 'linux-arm64'],
  ]),
  pe: new Map([
    [0x8664, 'win32-x64'],
    [0xaa64, 'win32-arm64'],
  ]),
  machO: new Map([
    [0x01000007, 'darwin-x64'],
    [0x0100000c, 'darwin-arm64'],
  ]),
};

/** The platform that a library or an addon was built for, by its header; undefined when it is no such file. */
export function binaryPlatform(bytes: Uint8Array): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < 64) return undefined;
  if (view.getUint32(0) === 0x7f454c46) return machines.elf!.get(view.getUint16(18, true));
  if (view.getUint32(0, true) === 0xfeedfacf) return machines.machO!.get(view.getUint32(4, true));
  const header = view.getUint32(60, true);
  if (view.getUint16(0) !== 0x4d5a || header + 6 > bytes.byteLength) return undefined;
  return view.getUint32(header) === 0x50450000 ? machines.pe!.get(view.getUint16(header + 4, true)) : undefined;
}
