/**
 * `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): within 24 hours the same POST with the same key has one effect, and
 * everyone who repeats it gets the first one's answer. Only answers that tell of an effect (2xx, 3xx) are kept: a refusal changed
 * nothing, so asking again is judged again.
 */
import { createHash, createHmac } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { INSTALLATION } from '../../domain/kernel/ids.ts';
import { reject, Rejection } from '../../domain/kernel/rejection.ts';
import type { StateEntry } from '../../application/kernel/state.ts';
import type { SealedSecret } from '../../domain/kernel/sealed.ts';
import { monotonic } from '../../projections/kernel/pause.ts';
import type { Exchange, Tools } from './exchange.ts';
import type { Answer, CompleteAnswer } from './reply.ts';

const SCOPE = 'idempotency';
const KEPT_MS = 24 * 60 * 60 * 1000;
/** A process that dies leaves its entry for this long; one that lives renews it. */
const LEASE_MS = 30_000;
const MAX_KEY_LENGTH = 255;
/** How often it is asked for what another process does, in milliseconds. */
const LOOK_EVERY_MS = 50;
/** Times the time that a handler has. */
const GIVEN_UP_AFTER = 2;

type Kept = Readonly<{ status: number; headers: Readonly<Record<string, string>>; body: string }>;
type Entry =
  | Readonly<{ state: 'running'; payload: string; owner: string; renewed: number }>
  | Readonly<{ state: 'done'; payload: string; kept: Kept }>
  | Readonly<{ state: 'done'; payload: string; sealed: SealedSecret }>;

const QUOTED = /^"((?:[\x20\x21\x23-\x5B\x5D-\x7E]|\\["\\])*)"$/;
const BARE = /^[\x21\x23-\x2B\x2D-\x7E]+$/;

const NOT_ALLOWED = 'holds characters that are not allowed: it is printable ASCII, with spaces, commas and quotes only inside a quoted string';
const refuseKey = (wrong: string): never => reject('idempotency.key_invalid', { fields: { 'Idempotency-Key': wrong } });

/** A structured field string (quoted) or the bare value; rejects with `idempotency.key_invalid` {fields}. */
export const parseIdempotencyKey = (header: string): string => {
  const quoted = QUOTED.exec(header)?.[1]?.replaceAll(/\\(["\\])/g, '$1');
  const key = quoted ?? header;
  if (key.length === 0 || key.length > MAX_KEY_LENGTH) refuseKey(`must have 1 to ${MAX_KEY_LENGTH} characters`);
  return quoted === undefined && !BARE.test(header) ? refuseKey(NOT_ALLOWED) : key;
};

/** `id` names the entry, `payload` is compared, `commandId` is what the effect is known by (RFC 9562, version 8). */
export type IdempotentCall = Readonly<{ id: string; payload: string; commandId: string }>;

const uuidOf = (digest: Buffer): string => {
  const bytes = Buffer.from(digest.subarray(0, 16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};

/** `shared`: strangers are one caller to the surface, so a key alone does not say whose call it is. */
export type KeyScope = Readonly<{ parts: readonly string[]; shared: boolean }>;

/**
 * The payload's digest is keyed by the client's own key, which is not stored: a password in it cannot be guessed from the store.
 * In a shared scope it is a part of the entry's name: the same key with another payload is another call.
 */
export const idempotentCall = ({ parts, shared }: KeyScope, key: string, payload: readonly (string | Buffer)[]): IdempotentCall => {
  const digest = createHmac('sha256', key);
  for (const part of payload) digest.update(createHash('sha256').update(part).digest());
  const bytes = digest.digest();
  const name = [...parts, key, ...(shared ? [bytes.toString('hex')] : [])];
  const id = createHash('sha256').update(JSON.stringify(name)).digest('hex');
  return { id, payload: bytes.toString('hex'), commandId: uuidOf(createHash('sha256').update(id).update(bytes).digest()) };
};

/** What the route says of the answer to be kept, and whose it is. */
type Keeping = Readonly<{ tools: Tools; call: IdempotentCall; exchange: Exchange }>;

const placeOf = ({ call, exchange }: Keeping) => ({ tenant: exchange.tenant ?? INSTALLATION, place: `${SCOPE}#${call.id}` });

const entryFor = async (keeping: Keeping, answer: CompleteAnswer): Promise<Entry> => {
  const { status, headers, bytes } = answer;
  const { payload } = keeping.call;
  const kept: Kept = { status, headers, body: bytes.toString('base64') };
  if (keeping.exchange.route?.idempotentCopy !== 'secret') return { state: 'done', payload, kept };
  const sealed = await keeping.tools.secrets.seal(placeOf(keeping), Buffer.from(JSON.stringify(kept)));
  return { state: 'done', payload, sealed };
};

const replayOf = async (keeping: Keeping, entry: Extract<Entry, { state: 'done' }>): Promise<CompleteAnswer> => {
  const open = async (sealed: SealedSecret): Promise<Kept> =>
    JSON.parse(Buffer.from(await keeping.tools.secrets.open(placeOf(keeping), sealed)).toString()) as Kept;
  const { status, headers, body } = 'sealed' in entry ? await open(entry.sealed) : entry.kept;
  return { status, headers: { ...headers, 'Idempotent-Replayed': 'true' }, bytes: Buffer.from(body, 'base64') };
};

/** Holds an entry while the effect runs: renewed, so that it outlives slow work and not the process. */
const createLease = ({ tools: { state, clock }, call }: Keeping, owner: string) => {
  const running = (): string =>
    JSON.stringify({ state: 'running', payload: call.payload, owner, renewed: clock.now() } satisfies Entry);
  /** What may stand there for this lease, the newest first: more than one after a renewal of which nobody knows whether it was stored. */
  let mine: readonly string[] = [running()];
  let renewing: Promise<unknown> = Promise.resolve();
  const replace = async (next: StateEntry | undefined): Promise<boolean> => {
    for (const one of mine) if (await state.compareAndSet(SCOPE, call.id, one, next)) return true;
    return false;
  };
  const renew = async (): Promise<void> => {
    const next = running();
    const isRenewed = await replace({ value: next, expiresAt: clock.now() + LEASE_MS }).catch(() => undefined);
    if (isRenewed !== false) mine = isRenewed === true ? [next] : [next, ...mine];
  };
  const timer = setInterval(() => {
    renewing = renew();
  }, LEASE_MS / 3);
  timer.unref();
  return {
    /** Renewed no more: it lasts for what is left of it. */
    giveUp: (): void => clearInterval(timer),
    take: (expected: string | undefined) => state.compareAndSet(SCOPE, call.id, expected, { value: mine[0] as string, expiresAt: clock.now() + LEASE_MS }),
    /** Ends the lease; with an entry it becomes that entry, without one the key is free again. */
    end: async (entry: Entry | undefined): Promise<void> => {
      clearInterval(timer);
      await renewing;
      await replace(entry && { value: JSON.stringify(entry), expiresAt: clock.now() + KEPT_MS });
    },
  };
};

type Lease = ReturnType<typeof createLease>;

const within = async (ms: number, work: Promise<unknown>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => { timer = setTimeout(resolve, ms); });
  await Promise.race([work.catch(() => undefined), late]);
  clearTimeout(timer);
};

const isWorthKeeping = (answer: Answer): answer is CompleteAnswer => 'bytes' in answer && answer.status < 400;

type Effect = () => Promise<Answer>;

const perform = async (keeping: Keeping, lease: Lease, effect: Effect): Promise<Answer> => {
  const { tools, exchange } = keeping;
  const notKept = (): undefined => {
    tools.logger.warn({ requestId: exchange.incoming.requestId }, 'idempotent answer not kept');
  };
  let answer: Answer | undefined;
  try {
    answer = await effect();
    return answer;
  } finally {
    // The effect stands whether or not its answer can be kept: the client gets its answer all the same.
    const entry = answer !== undefined && isWorthKeeping(answer) ? await entryFor(keeping, answer).catch(notKept) : undefined;
    await lease.end(entry).catch(notKept);
  }
};

/** The kept answer of this very call; `'running'` while it is being worked on, undefined when there is none. */
const settled = async (keeping: Keeping): Promise<CompleteAnswer | 'running' | undefined> => {
  const value = await keeping.tools.state.get(SCOPE, keeping.call.id);
  if (value === undefined) return undefined;
  const entry = JSON.parse(value) as Entry;
  if (entry.payload !== keeping.call.payload) throw new Rejection('idempotency.mismatch');
  return entry.state === 'done' ? replayOf(keeping, entry) : 'running';
};

/** Waits for the end of what another process does, or one that is gone has done; for all who wait here, and no longer than they. */
const elsewhere = async ({ tools: { state }, call }: Keeping, ms: number): Promise<undefined> => {
  for (let waited = 0; waited < ms; waited += LOOK_EVERY_MS) {
    await delay(Math.min(LOOK_EVERY_MS, ms - waited));
    const value = await state.get(SCOPE, call.id);
    if (value === undefined || (JSON.parse(value) as Entry).state !== 'running') return undefined;
  }
  return undefined;
};

/** Undefined when somebody else was faster. `signal` fires when nobody should wait for the effect any more. */
const start = async (keeping: Keeping, effect: Effect, signal: AbortSignal): Promise<Answer | undefined> => {
  const lease = createLease(keeping, keeping.tools.ids.next());
  signal.addEventListener('abort', lease.giveUp, { once: true });
  const isTaken = await lease.take(undefined).catch((error: unknown) => {
    // It may have been stored though the answer was lost: nobody may renew it. The client need not wait for that.
    lease.end(undefined).catch(() => undefined);
    throw error;
  });
  if (isTaken) return perform(keeping, lease, effect);
  await lease.end(undefined);
  return undefined;
};

/** Again for as long as there is time, and once more after that: of many at once that are refused each is judged, one after the other. */
const untilAnswered = async (ms: number, attempt: (ms: number) => Promise<Answer | undefined>): Promise<Answer | undefined> => {
  const end = monotonic() + ms;
  for (let left = ms; ; left = Math.max(0, end - monotonic())) {
    const answer = await attempt(left);
    if (answer !== undefined || left === 0) return answer;
  }
};

export type Idempotency = Readonly<{ run: (exchange: Exchange, call: IdempotentCall, effect: Effect) => Promise<Answer> }>;

/** One per process. `run` answers with the effect's own answer, or with the one kept of it. */
export const createIdempotency = (tools: Tools): Idempotency => {
  const here = new Map<string, Promise<Answer | undefined>>();

  const hold = (id: string, work: Promise<Answer | undefined>, also: () => void = () => undefined) => {
    const release = (): void => {
      also();
      if (here.get(id) === work) here.delete(id);
    };
    here.set(id, work);
    return { release, held: work.finally(release) };
  };

  /** A handler that never ends must not hold its key for ever: the next one asks for the same command, so that there is still one effect. */
  const startHere = (keeping: Keeping, effect: Effect): Promise<Answer | undefined> => {
    const { id } = keeping.call;
    const hung = new AbortController();
    const { release, held } = hold(id, start(keeping, effect, hung.signal), () => clearTimeout(timer));
    const timer = setTimeout(() => {
      hung.abort();
      release();
    }, GIVEN_UP_AFTER * tools.handlerTimeoutMs);
    timer.unref();
    return held;
  };

  /** Undefined where somebody else was at it: for as long as `ms`, or until that came to nothing. */
  const attempt = async (keeping: Keeping, effect: Effect, ms: number): Promise<Answer | undefined> => {
    const found = await settled(keeping);
    if (found !== undefined && found !== 'running') return found;
    const other = here.get(keeping.call.id);
    if (found === undefined && other === undefined) return startHere(keeping, effect);
    await within(ms, other ?? hold(keeping.call.id, elsewhere(keeping, ms)).held);
    return undefined;
  };

  return {
    run: async (exchange, call, effect) => {
      const keeping: Keeping = { tools, call, exchange };
      return (await untilAnswered(tools.idempotencyWaitMs, (ms) => attempt(keeping, effect, ms))) ?? reject('idempotency.in_progress');
    },
  };
};
