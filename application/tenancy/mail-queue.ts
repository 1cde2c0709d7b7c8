/**
 * Mails that are to go out, by reference: which invitation, which reset. Addresses and codes stay where they are sealed. Kept in the state
 * store under a name that backups include, since what the log has led to must not be forgotten.
 */
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { Clock } from '../kernel/ports.ts';
import type { StateStore } from '../kernel/state.ts';

/** `id` is the mail's, and that of what it is about; `userId` whom it is for. */
export type MailReference = Readonly<{ kind: 'invitation' | 'password-reset'; tenant: TenantId; userId: string; id: string }>;

/** Times are milliseconds since 1970. `since`: when it came; an earlier release did not say. */
type Entry = MailReference & Readonly<{ attempts: number; notBefore: number; since?: number }>;

/** A mail that this process may send now: nobody else does until `leaseMs` have passed. */
export type Claim = Readonly<{ reference: MailReference; attempts: number; done: () => Promise<void>; again: (afterMs: number) => Promise<void> }>;

/** `longestMs`: how long what waits longest has waited. */
export type WaitingMails = Readonly<{ mails: number; longestMs: number }>;

export interface MailQueue {
  /** Nothing to do when it is there already. */
  put(reference: MailReference): Promise<void>;
  /** One after another, those whose time has come. */
  due(): AsyncIterable<Claim>;
  /** What waits now, whether it has been tried or not. */
  waiting(): Promise<WaitingMails>;
}

/** Backups keep what is called a checkpoint. */
export const MAIL_QUEUE = 'checkpoint:mail-queue';
/** Longer than any attempt to send takes. */
const LEASE_MS = 120_000;

const keyOf = ({ tenant, id }: MailReference): string => `${tenant}/${id}`;

const waitingIn = async (state: Pick<StateStore, 'list'>, now: number): Promise<WaitingMails> => {
  let [mails, longestMs] = [0, 0];
  for await (const { value } of state.list(MAIL_QUEUE)) {
    const { since = now } = JSON.parse(value) as Entry;
    mails += 1;
    longestMs = Math.max(longestMs, now - since);
  }
  return { mails, longestMs };
};

export const createMailQueue = ({ state, clock }: Readonly<{ state: StateStore; clock: Clock }>): MailQueue => {
  const claim = async (key: string, value: string): Promise<Claim | undefined> => {
    const { attempts, notBefore: _, since, ...reference } = JSON.parse(value) as Entry;
    const came = since === undefined ? {} : { since };
    const taken = JSON.stringify({ ...reference, ...came, attempts: attempts + 1, notBefore: clock.now() + LEASE_MS } satisfies Entry);
    if (!(await state.compareAndSet(MAIL_QUEUE, key, value, { value: taken }))) return undefined;
    const replace = async (next: Entry | undefined): Promise<void> => {
      await state.compareAndSet(MAIL_QUEUE, key, taken, next && { value: JSON.stringify(next) });
    };
    return {
      reference,
      attempts: attempts + 1,
      done: () => replace(undefined),
      again: (afterMs) => replace({ ...reference, ...came, attempts: attempts + 1, notBefore: clock.now() + afterMs }),
    };
  };

  return {
    put: async (reference) => {
      const now = clock.now();
      const entry: Entry = { ...reference, attempts: 0, notBefore: now, since: now };
      await state.compareAndSet(MAIL_QUEUE, keyOf(reference), undefined, { value: JSON.stringify(entry) });
    },
    due: async function* due() {
      for await (const { key, value } of state.list(MAIL_QUEUE)) {
        const { notBefore } = JSON.parse(value) as Entry;
        // A clock that was set back must not keep a mail for as long as the jump.
        const isDue = notBefore <= clock.now() || notBefore > clock.now() + LONGEST_PAUSE_MS;
        const claimed = isDue ? await claim(key, value) : undefined;
        if (claimed !== undefined) yield claimed;
      }
    },
    waiting: () => waitingIn(state, clock.now()),
  };
};

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const LONGEST_PAUSE_MS = 60 * MINUTE_MS;

/** How long to wait after that many attempts. */
export const pauseAfter = (attempts: number): number =>
  [10 * SECOND_MS, MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS][attempts - 1] ?? LONGEST_PAUSE_MS;
