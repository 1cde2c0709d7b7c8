/**
 * Places in the signing step for any number of processes: an organization's line is one entry of the state store, changed by compare-and-set. Who
 * leaves lets the next one in; a process with somebody waiting looks ten times a second whether it was them. The places of a process that is no more
 * are free as soon as the others have not heard of it for seven seconds.
 */
import type { Ids } from '../../application/kernel/ports.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { isUnavailable } from '../../application/kernel/unavailable.ts';
import type { SigningPlaces } from '../../application/signing/ports.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { afterMilliseconds, MOST_WAITING, tooLate, WAIT_MS, type PlacesOptions } from './in-process-places.ts';
import { createKeepers } from './place-keepers.ts';
import { arrived, isIn, keeperOf, left, ticketOf, type PlaceLine, type Ticket } from './place-line.ts';
import { createSharedLines } from './shared-lines.ts';

/** Runs something again and again, each time when the one before has ended; answers how to end it. */
export type Every = (milliseconds: number, run: () => Promise<void>) => () => void;

export type SharedPlacesOptions = PlacesOptions & Readonly<{ state: Pick<StateStore, 'get' | 'compareAndSet' | 'list'>; ids: Ids; every?: Every }>;

export type SharedPlaces = SigningPlaces & Readonly<{ /** Looks no more, and says that nobody is in here; for when nobody is. */ close: () => Promise<void> }>;

/** Those of a process have nothing to close. */
export type ClosablePlaces = SigningPlaces & Partial<Pick<SharedPlaces, 'close'>>;

const BEAT_MS = 1_000;
const LOOK_MS = 100;
/** Beats for which it is looked after a ticket of which nobody knows whether it was stored: a server that hung may do so when it goes on. */
const BEATS_IN_DOUBT = 30;

const everyMilliseconds: Every = (milliseconds, run) => {
  let over = false;
  const round = (): void => {
    // What fails now is made up for by the next round.
    void run().catch(() => undefined).finally(() => { if (!over) timer = setTimeout(round, milliseconds).unref(); });
  };
  let timer = setTimeout(round, milliseconds).unref();
  return () => {
    over = true;
    clearTimeout(timer);
  };
};

type Here = Readonly<{ tenant: TenantId; limit: number; admit: () => void; refuse: (error: unknown) => void }>;

/** Who waits in this process. */
const createWaitingRoom = () => {
  const waiting = new Map<Ticket, Here>();
  const take = (ticket: Ticket): Here | undefined => {
    const here = waiting.get(ticket);
    waiting.delete(ticket);
    return here;
  };
  return {
    enter: (ticket: Ticket, here: Here): void => void waiting.set(ticket, here),
    refuse: (ticket: Ticket, error: unknown): void => take(ticket)?.refuse(error),
    tenants: (): ReadonlySet<TenantId> => new Set([...waiting.values()].map(({ tenant }) => tenant)),
    of: (tenant: TenantId): readonly (readonly [Ticket, Here])[] => [...waiting].filter(([, here]) => here.tenant === tenant),
    /** Lets in whom the line says to be inside. */
    admitFrom: (line: PlaceLine): void => {
      for (const ticket of line.inside) take(ticket)?.admit();
    },
  };
};

type Parts = Readonly<{ lines: ReturnType<typeof createSharedLines>; keepers: ReturnType<typeof createKeepers>; room: ReturnType<typeof createWaitingRoom>; mostWaiting: number }>;

type Doubt = Readonly<{ tenant: TenantId; beats: number }>;

/** Leaves for good: what cannot be stored now is owed, and tried again with each beat. */
const createLeaving = ({ lines, room }: Parts) => {
  const owed = new Map<Ticket, TenantId>();
  const doubted = new Map<Ticket, Doubt>();
  const remove = async (tenant: TenantId, ticket: Ticket): Promise<void> => room.admitFrom(await lines.change(tenant, (line) => left(line, (one) => one === ticket)));
  const settle = async (tenant: TenantId, ticket: Ticket): Promise<void> => {
    owed.set(ticket, tenant);
    await remove(tenant, ticket);
    owed.delete(ticket);
  };
  const look = async ([ticket, { tenant, beats }]: readonly [Ticket, Doubt]): Promise<void> => {
    await remove(tenant, ticket);
    if (beats > 1) doubted.set(ticket, { tenant, beats: beats - 1 });
    else doubted.delete(ticket);
  };
  return {
    /** Of one that is not to be in its line: whether it was stored, or will be, is not known. */
    doubt: (tenant: TenantId, ticket: Ticket): void => void doubted.set(ticket, { tenant, beats: BEATS_IN_DOUBT }),
    leave: (tenant: TenantId, ticket: Ticket): void => void settle(tenant, ticket).catch(() => undefined),
    /** Those of one line at once: however many there are, this process is to be heard of again in time. */
    again: async (): Promise<void> => {
      await Promise.all([...[...owed].map(([ticket, tenant]) => settle(tenant, ticket)), ...[...doubted].map(look)]);
    },
  };
};

/** Looks where a line stands in which somebody of this process waits: clears away whose process is gone, and queues again who was cleared away here. */
const createLook = ({ lines, keepers, room, mostWaiting }: Parts) => async (tenant: TenantId): Promise<void> => {
  const mine = room.of(tenant);
  lines.forget(tenant);
  const line = await lines.change(tenant, (present) => {
    const kept = left(present, (ticket) => keepers.isGone(keeperOf(ticket)));
    return mine.reduce((before, [ticket, { limit }]) => (isIn(before, ticket) ? before : arrived(before, ticket, { limit, mostWaiting })), kept);
  });
  room.admitFrom(line);
};

/** Resolves with the turn; rejects when it takes too long, or nobody waits any more. */
const waitFor = (ticket: Ticket, asked: Pick<Here, 'tenant' | 'limit'>, { room, waitMs, after, signal }: Readonly<{ room: Parts['room']; waitMs: number; after: NonNullable<PlacesOptions['after']>; signal: AbortSignal | undefined }>): Promise<void> =>
  new Promise((resolve, reject) => {
    const over = (end: () => void) => (): void => {
      callOff();
      signal?.removeEventListener('abort', gone);
      end();
    };
    const refuse = (error: unknown): void => over(() => reject(error))();
    const gone = (): void => room.refuse(ticket, new Rejection('request.timeout'));
    const callOff = after(waitMs, () => room.refuse(ticket, tooLate()));
    signal?.addEventListener('abort', gone, { once: true });
    room.enter(ticket, { ...asked, admit: over(resolve), refuse });
  });

const once = (run: () => void): (() => void) => {
  let done = false;
  return () => {
    if (!done) run();
    done = true;
  };
};

/** Nobody is in a line before the others can tell that this process is there. */
const createBegin = ({ keepers }: Parts): (() => Promise<void>) => {
  let known: Promise<void> | undefined;
  return async () => {
    known ??= keepers.beat();
    try {
      await known;
    } catch (error) {
      known = undefined;
      throw error;
    }
  };
};

/** Queues in the line, and lets in whom it then says to be inside. What fails refuses who waits for it. */
const createArrive = ({ lines, room, mostWaiting }: Parts, doubt: (tenant: TenantId, ticket: Ticket) => void) => async (ticket: Ticket, { tenant, limit }: Pick<Here, 'tenant' | 'limit'>): Promise<void> => {
  try {
    const line = await lines.change(tenant, (present) => arrived(present, ticket, { limit, mostWaiting }));
    if (!isIn(line, ticket)) throw tooLate();
    room.admitFrom(line);
  } catch (error) {
    if (isUnavailable(error)) doubt(tenant, ticket);
    room.refuse(ticket, error);
  }
};

export const createSharedPlaces = (options: SharedPlacesOptions): SharedPlaces => {
  const { state, ids, waitMs = WAIT_MS, mostWaiting = MOST_WAITING, after = afterMilliseconds, every = everyMilliseconds } = options;
  const me = ids.next();
  const parts: Parts = { lines: createSharedLines(state), keepers: createKeepers(state, me), room: createWaitingRoom(), mostWaiting };
  const { keepers, room } = parts;
  const [leaving, look, begin] = [createLeaving(parts), createLook(parts), createBegin(parts)];
  const arrive = createArrive(parts, leaving.doubt);
  let count = 0;
  const endings = [
    every(BEAT_MS, async () => {
      await keepers.beat();
      await leaving.again();
    }),
    every(LOOK_MS, async () => { await Promise.all([...room.tenants()].map(look)); }),
  ];

  return {
    take: async (tenant, limit, signal) => {
      await begin();
      if (signal?.aborted === true) throw new Rejection('request.timeout');
      count += 1;
      const ticket = ticketOf(me, count);
      const turn = waitFor(ticket, { tenant, limit }, { room, waitMs, after, signal });
      void arrive(ticket, { tenant, limit });
      try {
        await turn;
      } catch (error) {
        leaving.leave(tenant, ticket);
        throw error;
      }
      return once(() => leaving.leave(tenant, ticket));
    },
    close: async () => {
      for (const end of endings) end();
      // What cannot be said now, the others notice.
      await Promise.allSettled([leaving.again(), keepers.end()]);
    },
  };
};
