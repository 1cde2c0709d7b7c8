/** Bytes that can be read from any place: a file that need not fit in memory, or a buffer. */
import type { FileHandle } from 'node:fs/promises';

export interface ByteSource {
  readonly size: number;
  /** Exactly `length` bytes from `offset`; rejects when they are not there. */
  read(offset: number, length: number): Promise<Buffer>;
}

export const bufferSource = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: async (offset, length) => {
    if (offset < 0 || offset + length > bytes.length) throw new RangeError('read past the end');
    return Buffer.from(bytes.subarray(offset, offset + length));
  },
});

export const fileSource = async (file: FileHandle): Promise<ByteSource> => {
  const { size } = await file.stat();
  return {
    size,
    read: async (offset, length) => {
      if (offset < 0 || offset + length > size) throw new RangeError('read past the end');
      const bytes = Buffer.alloc(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
        if (bytesRead === 0) throw new RangeError('the file became shorter while it was read');
        done += bytesRead;
      }
      return bytes;
    },
  };
};

const CHUNK = 1 << 20;

/** The bytes from `from` up to `to`, in chunks of at most a mebibyte. */
export async function* chunksOf(source: ByteSource, from: number, to: number): AsyncGenerator<Buffer> {
  for (let offset = from; offset < to; offset += CHUNK) yield await source.read(offset, Math.min(CHUNK, to - offset));
}
