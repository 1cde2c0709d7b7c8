/**
 * The node's one file: frames that are only ever added, on disk before anybody hears of them. Its byte offsets are the positions
 * of the log. Without a path nothing is kept, and the offsets are counted all the same.
 *
 * A frame is its payload's length and CRC-32 (4 bytes each, big endian) and the payload; a file that ends within one lost its end in a crash.
 */
import { closeSync, fdatasync, fstatSync, ftruncateSync, openSync, readFileSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';

const HEADER_BYTES = 8;
/** Where the first frame stands: offset 0 is nobody's position. */
const FIRST_OFFSET = 64;

export type Frame = Readonly<{ offset: number; payload: Buffer }>;

export interface Journal {
  /** Takes the payloads for writing, one behind the other; answers the offset of each at once. */
  add(payloads: readonly Buffer[]): readonly number[];
  /** Resolves once everything added before is on disk. */
  flushed(): Promise<void>;
  /** Gives up what was found from `offset` on; before anything is added. */
  cut(offset: number): void;
  /** What the file held when it was opened. */
  readonly frames: readonly Frame[];
  /** Writes what was added, then closes. */
  close(): Promise<void>;
}

const framed = (payload: Buffer): Buffer => {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(payload.length, 0);
  header.writeUInt32BE(crc32(payload), 4);
  return Buffer.concat([header, payload]);
};

const frameAt = (file: Buffer, offset: number): Frame | undefined => {
  if (offset + HEADER_BYTES > file.length) return undefined;
  const payload = file.subarray(offset + HEADER_BYTES, offset + HEADER_BYTES + file.readUInt32BE(offset));
  const isWhole = payload.length === file.readUInt32BE(offset) && crc32(payload) === file.readUInt32BE(offset + 4);
  return isWhole ? { offset, payload } : undefined;
};

const readFrames = (file: Buffer): readonly Frame[] => {
  const frames: Frame[] = [];
  for (let at = FIRST_OFFSET; ; ) {
    const frame = frameAt(file, at);
    if (frame === undefined) return frames;
    frames.push(frame);
    at += HEADER_BYTES + frame.payload.length;
  }
};

const endOf = (frames: readonly Frame[]): number => {
  const last = frames.at(-1);
  return last === undefined ? FIRST_OFFSET : last.offset + HEADER_BYTES + last.payload.length;
};

const writeAt = promisify(write) as (...args: [fd: number, bytes: Buffer, from: number, length: number, at: number]) => Promise<{ bytesWritten: number }>;
const syncAll = promisify(fdatasync);

/** One write and one sync for all that came while the last one was under way. */
class FileWriter {
  private pending: Buffer[] = [];
  private running: Promise<void> | undefined;
  private readonly fd: number;
  private end: number;

  constructor(fd: number, end: number) {
    this.fd = fd;
    this.end = end;
  }

  cut(offset: number): void {
    ftruncateSync(this.fd, offset);
    this.end = offset;
  }

  push(frame: Buffer): void {
    this.pending.push(frame);
  }

  /** Resolves once what has been pushed so far is on disk. */
  async flush(): Promise<void> {
    if (this.running !== undefined) await this.running;
    if (this.pending.length === 0) return this.running;
    this.running ??= this.writeOut();
    return this.running;
  }

  private async writeOut(): Promise<void> {
    const bytes = Buffer.concat(this.pending);
    this.pending = [];
    try {
      for (let done = 0; done < bytes.length; ) done += (await writeAt(this.fd, bytes, done, bytes.length - done, this.end + done)).bytesWritten;
      this.end += bytes.length;
      await syncAll(this.fd);
    } finally {
      this.running = undefined;
    }
  }
}

const openFile = (path: string): { fd: number; frames: readonly Frame[] } => {
  const fd = openSync(path, 'a+');
  closeSync(fd);
  const writable = openSync(path, 'r+');
  const file = readFileSync(writable);
  const frames = readFrames(file);
  if (fstatSync(writable).size > endOf(frames)) ftruncateSync(writable, endOf(frames));
  return { fd: writable, frames };
};

/** `path`: the file, made when it is not there; undefined: nothing is kept. */
export const openJournal = (path: string | undefined): Journal => {
  const opened = path === undefined ? undefined : openFile(path);
  const frames = opened?.frames ?? [];
  let end = endOf(frames);
  const writer = opened && new FileWriter(opened.fd, end);
  const add = (payload: Buffer): number => {
    const offset = end;
    end += HEADER_BYTES + payload.length;
    writer?.push(framed(payload));
    return offset;
  };
  return {
    add: (payloads) => payloads.map(add),
    flushed: async () => writer?.flush(),
    cut: (offset) => {
      end = offset;
      writer?.cut(offset);
    },
    frames,
    close: async () => {
      await writer?.flush();
      if (opened !== undefined) closeSync(opened.fd);
    },
  };
};
