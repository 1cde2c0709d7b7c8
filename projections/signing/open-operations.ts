/** What of signing is not over yet, over all tenants: for the sweeper. Small, because everything leaves it again. */
import { INSTALLATION, type Position, type TenantId } from '../../domain/kernel/ids.ts';
import type { SigningOperationEvent } from '../../domain/signing/operation.events.ts';
import type { SigningReleased, SigningReserved, SigningSpent } from '../../domain/signing/quota.events.ts';
import { periodOfVolume } from '../../application/signing/quota-volumes.ts';
import type { EventFeed, EventLog, Recorded } from '../../application/kernel/ports.ts';
import type { ReadModel, ReadModelStore } from '../../application/kernel/read-models.ts';
import type { PendingSignings } from '../../application/signing/revoke-certificate.ts';
import type { OpenSignings } from '../../application/signing/sweeper.ts';
import { defineProjection, type AnyProjection } from '../kernel/projection.ts';
import type { Reader } from '../kernel/reader.ts';

export type OpenOperation = Readonly<{
  tenant: TenantId;
  operationId: string;
  /** `signed`: the report of the embedding is awaited. */
  status: 'pending' | 'signed';
  awaitsResult: boolean;
  /** Since when it has this status: UTC, ISO 8601 with milliseconds. */
  since: string;
}>;

const over = (): undefined => undefined;

const idOf = ({ tenant, operationId }: Pick<OpenOperation, 'tenant' | 'operationId'>): string => `${tenant}/${operationId}`;

export const openSigningOperations = defineProjection<OpenOperation, SigningOperationEvent>({
  name: 'open_signing_operations',
  version: 1,
  indexes: [['status', 'since']],
  tenant: () => INSTALLATION,
  id: ({ tenant, data: { operationId } }) => idOf({ tenant, operationId }),
  on: {
    SigningRequested: (document, { tenant, data }) =>
      document ?? { tenant, operationId: data.operationId, status: 'pending', awaitsResult: data.awaitResult ?? false, since: data.requestedAt },
    SigningCompleted: (document, { data }) => (document?.awaitsResult === true ? { ...document, status: 'signed', since: data.signedAt } : undefined),
    SigningFailed: over,
    SigningResultReported: over,
    SigningTimedOut: over,
    SigningAbandoned: over,
  },
});

export type OpenReservation = Readonly<{ tenant: TenantId; period: string; operationId: string; since: string }>;

export const openSigningReservations = defineProjection<OpenReservation, SigningReserved | SigningSpent | SigningReleased>({
  name: 'open_signing_reservations',
  version: 1,
  indexes: [['since']],
  tenant: () => INSTALLATION,
  id: ({ tenant, data }) => `${tenant}/${data.operationId}`,
  on: {
    SigningReserved: (_document, { tenant, stream, data }) => ({
      tenant,
      period: periodOfVolume(stream),
      operationId: data.operationId,
      since: data.reservedAt,
    }),
    SigningSpent: over,
    SigningReleased: over,
  },
});

type Due = Readonly<{ tenant: TenantId; since: string }>;

const PAGE = 200;

/**
 * Oldest first. Pages by place, so that what cannot be settled now does not stand before what can; what the sweep itself settles leaves
 * the model behind the place.
 */
async function* dueIn<Document extends Due>(model: ReadModel<Document>, where: object, until: string): AsyncIterable<Document> {
  for (let after: string | undefined; ; ) {
    const asked = { where: { ...where, since: { lte: until } }, order: { by: 'since', direction: 'asc' }, limit: PAGE, ...(after !== undefined && { after }) };
    const page = await model.page(asked as Parameters<typeof model.page>[0]);
    yield* page.items;
    if (page.next === undefined) return;
    after = page.next;
  }
}

type PendingDeps = Readonly<{
  log: Pick<EventLog, 'feed'>;
  readModels: Pick<ReadModelStore, 'open' | 'checkpoint'>;
  reader: Pick<Reader, 'serving'>;
}>;

/** Later than any time that is shown. */
const EVER = '9999-12-31T23:59:59.999Z';

const READ_AT_ONCE = 500;
const never = AbortSignal.abort();

/** What the log holds after a place, up to its end. */
async function* eventsAfter(feed: EventFeed, from: Position | undefined): AsyncIterable<Recorded> {
  for (let place = from; ; ) {
    const { events, scannedTo } = await feed.pull(place, READ_AT_ONCE, never);
    yield* events;
    if (scannedTo === undefined || scannedTo === place) return;
    place = scannedTo;
  }
}

/** What the model knows, and what the log holds beyond that: it is complete up to the end of the log, however late the model is. */
export const createPendingSignings =
  ({ log, readModels, reader }: PendingDeps): PendingSignings =>
  async (tenant) => {
    const definition = reader.serving(openSigningOperations);
    // Before the model is read: what it takes up meanwhile is read twice, and nothing is missed.
    const from = await readModels.checkpoint(definition);
    const open = new Map<string, OpenOperation>();
    // Of all tenants: there are never many, as each has a few places.
    for await (const operation of dueIn(readModels.open<OpenOperation>(INSTALLATION, definition), { status: 'pending' }, EVER)) {
      if (operation.tenant === tenant) open.set(idOf(operation), operation);
    }
    const projection: AnyProjection = openSigningOperations;
    for await (const recorded of eventsAfter(log.feed({ types: Object.keys(projection.on), tenant }), from)) {
      const id = projection.id(recorded) ?? '';
      const next = projection.on[recorded.type]?.(open.get(id), recorded) as OpenOperation | undefined;
      if (next === undefined) open.delete(id);
      else open.set(id, next);
    }
    return [...open.values()].filter(({ status }) => status === 'pending');
  };

/** Does not wait for the newest writes: nothing that new is due, and the next round comes. */
export const createOpenSignings = ({ readModels, reader }: Readonly<{ readModels: Pick<ReadModelStore, 'open'>; reader: Pick<Reader, 'serving'> }>): OpenSignings => ({
  operations: (status, until) => dueIn(readModels.open<OpenOperation>(INSTALLATION, reader.serving(openSigningOperations)), { status }, until),
  reservations: (until) => dueIn(readModels.open<OpenReservation>(INSTALLATION, reader.serving(openSigningReservations)), {}, until),
});
