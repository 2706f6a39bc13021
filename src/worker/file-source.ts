import { closeSync, constants, fstatSync, openSync, read as readFile, readSync } from 'node:fs';
import { english } from '../core/english.ts';
import { type ByteSource, checkRange } from '../core/graph/byte-source.ts';

/** A file as a byte source. The file stays open until `close`. */
export interface FileSource extends ByteSource {
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly modified: number;
  close(): void;
}

/** Opens a file for reading by ranges. Throws as `openSync` does, and for a folder. */
export function openFileSource(path: string): FileSource {
  // Without O_NONBLOCK, opening a pipe that someone put in the file's place would wait for ever.
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  const information = fstatSync(descriptor);
  if (!information.isFile()) {
    closeSync(descriptor);
    throw Object.assign(new Error(english`${path} is not a file.`), { code: 'EISDIR' });
  }
  let open = true;
  return {
    path,
    modified: information.mtimeMs,
    byteLength: information.size,
    read: (offset, length, into) => {
      checkRange(information.size, offset, length);
      if (!open) return Promise.reject(new Error(english`${path} has been closed.`));
      return readFully(descriptor, offset, into?.subarray(0, length) ?? new Uint8Array(length), path);
    },
    close: () => {
      if (open) closeSync(descriptor);
      open = false;
    },
  };
}

/** Up to here reading at once takes less time, and less memory, than handing the read to another thread. */
const atOnceBytes = 1 << 16;

async function readFully(descriptor: number, offset: number, bytes: Uint8Array, path: string): Promise<Uint8Array> {
  const { length } = bytes;
  if (length <= atOnceBytes && readSync(descriptor, bytes, 0, length, offset) === length) return bytes;
  for (let done = 0; done < length; ) {
    const got = await new Promise<number>((resolve, reject) => {
      // One read takes at most 2 GiB − 1.
      readFile(descriptor, bytes, done, Math.min(length - done, 2 ** 30), offset + done, (error, count) =>
        error ? reject(error) : resolve(count),
      );
    });
    if (got === 0) throw new Error(english`${path} became shorter while it was read. Open it again.`);
    done += got;
  }
  return bytes;
}
