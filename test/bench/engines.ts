/**
 * The same work on the embedded engines and on those of other machines, in one run. Where EVENTSTORE_URL is not set the log stands in the small node of the
 * tests, which says what our side costs and nothing of EventStoreDB; where MONGO_URL is not set, what needs it is left out by name.
 */
import { randomBytes } from 'node:crypto';
import { catalogue } from '../../application/catalogue.ts';
import { createEventCodec } from '../../application/kernel/event-codec.ts';
import type { EventLog, EventStore } from '../../application/kernel/ports.ts';
import { streamId, type TenantId } from '../../domain/kernel/ids.ts';
import { openEventStoreDb } from '../../infrastructure/eventstoredb/event-store-db.ts';
import { openMongo } from '../../infrastructure/mongodb/connection.ts';
import { openMongoVault } from '../../infrastructure/mongodb/key-vault.ts';
import { systemClock } from '../../infrastructure/runtime/clock.ts';
import { systemIds } from '../../infrastructure/runtime/ids.ts';
import { someKey } from '../support/moving.ts';
import { createMemoryVault } from '../support/memory-vault.ts';
import { spawnEventStoreNode } from '../support/eventstore-node/process.ts';
import { silentLogger } from '../support/silent.ts';
import type { Benchmark, Settings } from './benchmark.ts';
import { startHelper } from './child.ts';
import { openStores } from './ground.ts';
import { alternate, compared, median, perSecond, rateOf, timed } from './measure.ts';
import type { Told } from './projector.ts';
import type { Row } from './report.ts';
import { causeOf, operation, requestedBy, type Signer } from './samples.ts';
import { openShared } from './shared-models.ts';

const WRITERS = 32;
const AIM = 4;
const PARTS = [1, 2, 4] as const;

const signer: Signer = { tenant: systemIds.next() as TenantId, userId: systemIds.next(), credentialId: systemIds.next() };
const cause = causeOf(signer.credentialId);
const event = requestedBy(signer, systemIds.next(), 1);

const given = (name: string): string | undefined => process.env[name] || undefined;

/** A log in EventStoreDB and how to let go of it; `name` says whose. */
const openNode = async ({ ground }: Settings) => {
  const real = given('EVENTSTORE_URL');
  const node = real === undefined ? await spawnEventStoreNode({ directory: ground.directory(), statisticsEvery: 0 }) : undefined;
  const url = real ?? node?.url ?? '';
  return { url, name: real === undefined ? 'the small node' : 'EventStoreDB', close: async () => node?.kill() };
};

type Node = Awaited<ReturnType<typeof openNode>>;

const openLogAt = ({ url }: Node) =>
  openEventStoreDb({ url, codec: createEventCodec(catalogue), clock: systemClock, ids: systemIds, vault: createMemoryVault(), logger: silentLogger });

const appendRate = (store: EventStore, ms: number): Promise<number> => {
  const streams = Array.from({ length: WRITERS }, () => ({ stream: streamId('signing.operation', signer.tenant, systemIds.next()), revision: -1 }));
  return rateOf(WRITERS, ms, async (worker) => {
    const mine = streams[worker] as (typeof streams)[number];
    mine.revision = (await store.append(mine.stream, mine.revision < 0 ? 'none' : mine.revision, [event], cause)).revision;
  });
};

const appendsRow = async (settings: Settings, node: Node): Promise<Row> => {
  const embedded = await openStores(settings.ground.directory());
  const { store, close } = await openLogAt(node);
  const [rounds, ms] = settings.quick ? [3, 500] : [5, 2_000];
  const { ours, reference, ratio } = compared(await alternate(rounds, () => appendRate(embedded.store, ms), () => appendRate(store, ms)));
  await close();
  await embedded.close();
  const isReal = given('EVENTSTORE_URL') !== undefined;
  return { measure: `appends of ${WRITERS} writers, embedded`, ours: perSecond(ours), reference: `${perSecond(reference)} on ${node.name}`, figure: ratio, aim: `≥ ${AIM}`, met: isReal ? ratio >= AIM : undefined };
};

const MOST_AT_ONCE = 256;

/** Operations as they are appended in service, many streams at once. */
const fill = async (store: EventStore, operations: number): Promise<void> => {
  for (let from = 0; from < operations; from += MOST_AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(MOST_AT_ONCE, operations - from) }, async (_, index) => {
      const { stream, events } = operation(signer, from + index);
      await store.append(stream, 'none', events, cause);
    }));
  }
};

const countAll = async (log: EventLog): Promise<number> => {
  const [feed, head] = [log.feed(), await log.head()];
  let [after, count] = [undefined, 0] as [typeof head, number];
  while ((after ?? '') < (head ?? '')) {
    const { events, scannedTo } = await feed.pull(after, 2_000, AbortSignal.timeout(60_000));
    [after, count] = [scannedTo, count + events.length];
  }
  return count;
};

const readsRow = async (node: Node, rounds: number): Promise<Row> => {
  const rates: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { log, close } = await openLogAt(node);
    let count = 0;
    const ms = await timed(async () => { count = await countAll(log); });
    rates.push((count * 1_000) / ms);
    await close();
  }
  return { measure: `the whole log read from ${node.name}`, ours: perSecond(median(rates)), reference: '', figure: median(rates), aim: '', met: undefined };
};

/** A database without keys belongs to no log that has events. */
const putKey = async (url: string): Promise<void> => {
  const { db, guarded: asking, close } = await openMongo(url, { logger: silentLogger });
  await (await openMongoVault({ db, asking })).add([someKey({ kind: 'installation', id: 'installation' })]);
  await close();
};

/** Until all read models of an empty database have caught up, kept by so many processes: events of the log a second. */
const projectionRate = async (settings: Settings, node: Node, processes: number, events: number): Promise<number> => {
  const url = new URL(given('MONGO_URL') as string);
  url.pathname = `/bench_${randomBytes(6).toString('hex')}`;
  const env = { EVENTSTORE_URL: node.url, MONGO_URL: url.href, MASTER_KEY: Buffer.alloc(32, 7).toString('base64'), OPERATOR_TOKEN: 'operator-of-the-bench' };
  await putKey(url.href);
  const follower = await openShared({ env, dataDir: settings.ground.directory() }, false);
  await follower.projections.start();
  const helpers = Array.from({ length: processes }, () => startHelper('projector.ts'));
  const tell = (told: () => Told): Promise<unknown> => Promise.all(helpers.map((helper) => helper.ask(told())));
  await tell(() => ({ open: { env, dataDir: settings.ground.directory() } }));
  const ms = await timed(() => Promise.all([tell(() => ({ begin: true })), follower.projections.caughtUp()]));
  await Promise.all(helpers.map((helper) => helper.stop()));
  await follower.projections.stop();
  await follower.engines.close();
  return (events * 1_000) / ms;
};

const partsRows = async (settings: Settings, node: Node, events: number): Promise<readonly Row[]> => {
  if (given('MONGO_URL') === undefined) return [{ measure: 'read models in MongoDB: left out, needs MONGO_URL', ours: '', reference: '', figure: Number.NaN, aim: '', met: undefined }];
  const rates: number[] = [];
  for (const parts of PARTS) {
    rates.push(await projectionRate(settings, node, parts, events));
    settings.say(`  ${parts} projectors: ${perSecond(rates.at(-1) ?? 0)}`);
  }
  const [alone = 1] = rates;
  return PARTS.map((parts, index) => {
    const rate = rates[index] ?? 0;
    return { measure: `all read models in MongoDB, ${parts} projectors, ${events.toLocaleString('en')} events`, ours: perSecond(rate), reference: `${perSecond(alone)} by one`, figure: rate / alone, aim: '', met: undefined };
  });
};

export const engines: Benchmark = {
  name: 'engines',
  run: async (settings) => {
    const node = await openNode(settings);
    try {
      const appends = await appendsRow(settings, node);
      settings.say(`  ${appends.ours} embedded, ${appends.reference}`);
      const { store, log, close } = await openLogAt(node);
      await fill(store, settings.quick ? 500 : 3_000);
      const events = await countAll(log);
      await close();
      const rows = [appends, await readsRow(node, settings.quick ? 2 : 5), ...(await partsRows(settings, node, events))];
      return { rows, details: { events } };
    } finally {
      await node.close();
    }
  },
};
