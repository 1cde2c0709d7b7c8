/** Ends of moves for tests: data directories, and an EventStoreDB node with keys in memory and state in a directory of its own. */
import { randomBytes, randomUUID, randomUUIDv7 } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import type { EventStore, KeyRecord, KeyVault } from '../../application/kernel/ports.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { createEventStoreDbLog } from '../../infrastructure/moving/event-store-db-log.ts';
import { openSide } from '../../infrastructure/moving/open-side.ts';
import type { Side } from '../../infrastructure/moving/side.ts';
import { systemClock } from '../../infrastructure/runtime/clock.ts';
import { openEmbedded } from '../../infrastructure/runtime/embedded.ts';
import { openStateStore } from '../../infrastructure/state/state-store.ts';
import { startEventStoreNode } from './eventstore-node/node.ts';
import { closing } from './leavings.ts';
import { openOwnEventStoreDb } from './own-event-store-db.ts';
import { counted, noted, sampleCodec, someCause, someStream, someTenant } from './sample-events.ts';
import { failOnFatal, silentLogger } from './silent.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const tools = { codec: sampleCodec, clock: systemClock, logger: silentLogger, onFatal: failOnFatal };

export const openDirectorySide = async (dataDir: string, isSource: boolean): Promise<Side> => {
  const side = await openSide({ engine: `embedded:${dataDir}`, mongo: undefined, isSource }, tools);
  return { ...side, close: closing(side.close) };
};

export const openNodeSide = async (options: Parameters<typeof startEventStoreNode>[0] = {}): Promise<Side & Readonly<{ url: string }>> => {
  const node = await startEventStoreNode(options);
  const [opened, directory] = [await openOwnEventStoreDb(node.url), temporaryDirectory()];
  const kept = await openStateStore({ path: `${directory.path}/state.db`, ...tools });
  let marked = false;
  return {
    url: node.url, name: 'a node', log: createEventStoreDbLog(opened.raw), vault: opened.vault, state: kept.state, isUsed: async () => false,
    marker: { isSet: async () => marked, set: async () => { marked = true; }, clear: async () => { marked = false; } },
    close: closing(async () => {
      await opened.close();
      await kept.close();
      await node.close();
      directory.remove();
    }),
  };
};

export const someKey = (over: Partial<KeyRecord> = {}): KeyRecord =>
  ({ id: randomUUID(), tenant: someTenant(), kind: 'subject', version: 1, wrappedBy: 1, wrapped: new Uint8Array(randomBytes(60)), lookup: randomUUID(), ...over });

/** So many are on their way at once: one by one, each would wait for the disk. */
const AT_ONCE = 50;

/** Appends of all shapes, streams crossing one another. */
export const fillLog = async (store: EventStore, appends: number): Promise<void> => {
  const tenant: TenantId = someTenant();
  const streams = Array.from({ length: 7 }, (_, index) => someStream(index % 2 === 0 ? tenant : someTenant()));
  const append = (number: number): Promise<unknown> => {
    const stream = streams[(number * number) % streams.length] ?? someStream();
    const events = Array.from({ length: 1 + (number % 3) }, (_, index) => (index === 1 ? counted(-0.5e-9 * number) : noted(`ä \u{1F600} \u2028 \ud800 ${number}`)));
    return store.append(stream, 'any', events, { ...someCause, correlation: `c-${number}`, ...(number % 4 === 0 && { causation: randomUUIDv7() }) });
  };
  for (let first = 0; first < appends; first += AT_ONCE) await Promise.all(Array.from({ length: Math.min(AT_ONCE, appends - first) }, (_, index) => append(first + index)));
};

/** A data directory with a log, keys and whatever `fill` adds, closed again as a stopped program leaves it. */
export const makeInstallation = async (dataDir: string, fill: (opened: Readonly<{ store: EventStore; vault: KeyVault; state: StateStore }>) => Promise<void>): Promise<void> => {
  const opened = await openEmbedded({ dataDir, ...tools });
  try {
    await opened.vault.add([someKey({ kind: 'installation', id: 'installation' })]);
    for (const lookup of ['a', 'b']) await opened.vault.add([someKey({ lookup })]);
    await fill(opened);
  } finally {
    await opened.close();
  }
};

/** Changes what stands in the event database of a directory that nobody has open. */
export const alterLog = (dataDir: string, statement: string): void => {
  const db = new DatabaseSync(`${dataDir}/events.db`);
  db.exec(statement);
  db.close();
};
