/**
 * A program to be killed: appends through the event store with concurrent writers, and says so on its standard output, one line per
 * acknowledged event. Arguments: data directory, then a JSON object of `AppenderOptions`.
 */
import { randomUUIDv7 } from 'node:crypto';
import { writeSync } from 'node:fs';
import { openEventStore } from '../../../infrastructure/event-store/event-store.ts';
import { copyToBackup } from '../../../infrastructure/runtime/backup-copy.ts';
import { systemClock } from '../../../infrastructure/runtime/clock.ts';
import { systemIds } from '../../../infrastructure/runtime/ids.ts';
import type { Synchronous } from '../../../infrastructure/runtime/sqlite-open.ts';
import { noted, sampleCodec, someCause, someStream } from '../../support/sample-events.ts';

export type AppenderOptions = Readonly<{
  writers: number;
  /** Appends of each writer; without it they never end. */
  appends?: number;
  checkpointFrames: number;
  synchronous?: Synchronous;
  /** The planted fault: an event is acknowledged when it is sent off, not when it is stored. */
  acknowledgeEarly?: boolean;
  /** Write a backup to this file half-way. */
  backup?: string;
}>;

const [dataDir, json] = process.argv.slice(2) as [string, string];
const { writers, appends = Number.POSITIVE_INFINITY, acknowledgeEarly = false, backup, ...settings } = JSON.parse(json) as AppenderOptions;

const onFatal = (error: Error): never => {
  writeSync(2, `${error.message}\n`);
  process.exit(70);
};

const { store, close } = await openEventStore({
  path: `${dataDir}/events.db`, codec: sampleCodec, clock: systemClock, ids: systemIds, onFatal, ...settings,
});

const isFull = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EAGAIN';

/** Whole lines, at once: what the store does next must not overtake them. A parent that is slow to listen is waited for. */
const say = (line: string): void => {
  for (let rest = Buffer.from(`${line}\n`); rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (!isFull(error)) throw error;
    }
  }
};

/** Each writer has a stream of its own and appends to it one by one: revisions show whether any is missing or doubled. */
const write = async (): Promise<void> => {
  const stream = someStream();
  for (let revision = 0; revision < appends; revision += 1) {
    const id = randomUUIDv7();
    if (acknowledgeEarly) say(`acknowledged ${id}`);
    await store.append(stream, revision === 0 ? 'none' : revision - 1, [noted('x'.repeat(20 + ((revision * 97) % 600)))], { ...someCause, ids: [id] });
    if (!acknowledgeEarly) say(`acknowledged ${id}`);
    if (backup !== undefined && revision === Math.floor(appends / 2)) takeBackup(backup);
  }
};

let taken = false;
const takeBackup = (out: string): void => {
  if (taken) return;
  taken = true;
  copyToBackup({ dataDir, out, kind: 'data' });
  say('backed-up');
};

say('ready');
await Promise.all(Array.from({ length: writers }, write));
await close();
