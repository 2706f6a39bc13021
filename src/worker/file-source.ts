import { closeSync, constants, fstatSync, openSync, read as readFile } from 'node:fs';
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
    read: (offset, length) => {
      checkRange(information.size, offset, length);
      if (!open) return Promise.reject(new Error(english`${path} has been closed.`));
      return readFully(descriptor, offset, length, path);
    },
    close: () => {
      if (open) closeSync(descriptor);
      open = false;
    },
  };
}

async function readFully(descriptor: number, offset: number, length: number, path: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
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
