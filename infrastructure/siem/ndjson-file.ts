/**
 * OCSF events in files, one a line (NDJSON), on the disk before the sink's position moves. Files are numbered; when one has reached its size the next
 * begins, and the oldest beyond those that are kept goes.
 */
import { open, mkdir, readdir, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileTarget } from '../../domain/delivery/siem-sink.events.ts';
import { sinkFailed, type SinkTransport } from '../../application/delivery/siem-ports.ts';
import { createTurns } from '../../application/kernel/turns.ts';

const FILE = /^events-(\d{10})\.ndjson$/u;
const DIGITS = 10;
const LINE_END = 0x0a;
const TAIL_OCTETS = 65_536;

const filesIn = async (directory: string): Promise<readonly string[]> => (await readdir(directory)).filter((name) => FILE.test(name)).toSorted();

/** Names are lost with their directory unless it is synced; on Windows it cannot be, and need not. */
const syncDirectory = async (directory: string): Promise<void> => {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** The length up to the last line that is whole: what a crash tore off comes again. */
const wholeLength = async (file: FileHandle): Promise<number> => {
  let end = (await file.stat()).size;
  while (end > 0) {
    const from = Math.max(0, end - TAIL_OCTETS);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - from), 0, end - from, from);
    const last = buffer.subarray(0, bytesRead).lastIndexOf(LINE_END);
    if (last >= 0) return from + last + 1;
    end = from;
  }
  return 0;
};

type Current = Readonly<{ file: FileHandle; size: number }>;

/** A file for appending, as far as `look` finds it good; else it is closed again: a handle that nobody closes ends the process once it is collected. */
const openedWith = async (path: string, look: (file: FileHandle) => Promise<number>): Promise<Current> => {
  const file = await open(path, 'a+', 0o600);
  try {
    return { file, size: await look(file) };
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
};

/** The newest file, made whole again; undefined when there is none yet. */
const openNewest = async (directory: string): Promise<Current | undefined> => {
  const newest = (await filesIn(directory)).at(-1);
  if (newest === undefined) return undefined;
  return openedWith(join(directory, newest), async (file) => {
    const [size, whole] = [(await file.stat()).size, await wholeLength(file)];
    if (whole < size) await file.truncate(whole);
    return whole;
  });
};

const nextName = (newest: string | undefined): string => `events-${String(Number(FILE.exec(newest ?? '')?.[1] ?? 0) + 1).padStart(DIGITS, '0')}.ndjson`;

const begin = async (directory: string, keepFiles: number): Promise<Current> => {
  const next = nextName((await filesIn(directory)).at(-1));
  return openedWith(join(directory, next), async (file) => {
    await syncDirectory(directory);
    for (const old of (await filesIn(directory)).slice(0, -keepFiles - 1)) await rm(join(directory, old), { force: true });
    return (await file.stat()).size;
  });
};

const append = async ({ file, size }: Current, octets: Buffer): Promise<Current> => {
  await file.appendFile(octets);
  await file.datasync();
  return { file, size: size + octets.length };
};

/** The sink's worker and a test send write the same files: one at a time. */
const inTurn = createTurns();

/** Line ends of Unicode may stand raw in JSON, and only inside of strings; many readers end a line at them. */
const escaped = (json: string): string => json.replaceAll(/[\u0085\u2028\u2029]/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

export const createFileTransport = (directory: string, { rotateBytes, keepFiles }: FileTarget): SinkTransport => {
  let current: Current | undefined;

  const place = async (): Promise<Current> => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    current ??= await openNewest(directory);
    if (current !== undefined && current.size < rotateBytes) return current;
    await current?.file.close();
    current = undefined;
    current = await begin(directory, keepFiles);
    return current;
  };

  /** Whatever is in doubt is opened again, and looked at, the next time. */
  const drop = async (): Promise<void> => {
    const before = current;
    current = undefined;
    await before?.file.close().catch(() => undefined);
  };

  const write = async (octets: Buffer): Promise<void> => {
    try {
      current = await append(await place(), octets);
    } catch {
      await drop();
      throw sinkFailed({ reason: 'storage' });
    }
  };

  return {
    send: (records) => inTurn(directory, () => write(Buffer.from(records.map(({ body }) => `${escaped(body)}\n`).join(''), 'utf8'))),
    close: () => inTurn(directory, drop),
  };
};
