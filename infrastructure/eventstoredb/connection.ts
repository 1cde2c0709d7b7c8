/**
 * The client of the moment. It finds leaders and reconnects by itself; one that does not get anywhere for a while is replaced, since some of
 * its states it never leaves (it keeps the answer to its first question about the server, also when that is an error).
 */
import { EventStoreDBClient } from '@eventstore/db-client';
import type { Logger } from '../../application/kernel/ports.ts';
import { ConfigError } from '../runtime/config-values.ts';
import { mayPass, unavailable, words } from './failures.ts';
import { createDeadline, monotonic, PATIENCE_MS, within } from './waiting.ts';

/** A client that has failed and has not answered anything for so long is replaced. Milliseconds. */
const BARREN_MS = 3_000;
/** Once nothing has been heard for as long as one waits, nobody is made to wait longer than this part of it any more. */
const SHORT = 0.1;
const DISCARD_MS = 1_000;

export type Held = Readonly<{
  client: EventStoreDBClient;
  /** Fires when the client is given up. */
  ended: AbortSignal;
}>;

/** One attempt, on one client, within so many milliseconds. */
export type Attempt<Result> = (held: Held, milliseconds: number) => Promise<Result>;

export interface Connection {
  current(): Held;
  /** Tries until it goes well or cannot: rejects with what the last attempt said where trying again is no use, else, after so many milliseconds, with `storage.unavailable`. */
  persist<Result>(attempt: Attempt<Result>, milliseconds?: number): Promise<Result>;
  /** An attempt on a client went well, or wrong. */
  worked(held: Held): void;
  failed(held: Held, error: unknown): void;
  /** How long an operation that begins now may take, in milliseconds. */
  patience(): number;
  close(): Promise<void>;
}

/**
 * The client looks after its lost connections on the side, and waits there for the next one: where no node of a cluster is found, nobody would be
 * told but the process, which ends of it. Whoever asks next is told the same.
 */
const quieten = (client: EventStoreDBClient): EventStoreDBClient => {
  const handle = client['handleError'];
  client['handleError'] = async (...lost) => handle(...lost).catch(() => undefined);
  return client;
};

/** Reads the files of certificates that the connection string names. */
const makeClient = (url: string): EventStoreDBClient => {
  try {
    return quieten(EventStoreDBClient.connectionString(url));
  } catch (error) {
    throw new ConfigError(`EVENTSTORE_URL names a certificate or a key that cannot be used (${words(error)})`);
  }
};

/** The client closes its streams only; its channel is left for the process to end with. */
const discard = async (client: EventStoreDBClient): Promise<void> => {
  await within(client.dispose(), DISCARD_MS);
  (await within(client['getChannel'](), DISCARD_MS)).close();
};

type Life = { held: Held & { end: AbortController }; born: number };

export type ConnectionOptions = Readonly<{
  /** Connection strings that have been checked, for one client after the other. */
  url: (client: number) => string;
  logger: Logger;
  /** How long an operation may take before it is given up. */
  patienceMs?: number;
}>;

class Connected implements Connection {
  readonly #url: (client: number) => string;
  readonly #logger: Logger;
  readonly #patience: number;
  #life: Life;
  #clients = 0;
  #heard = monotonic();
  #isAway = false;
  #closed = false;

  constructor({ url, logger, patienceMs = PATIENCE_MS }: ConnectionOptions) {
    this.#url = url;
    this.#logger = logger;
    this.#patience = patienceMs;
    this.#life = this.#begin();
  }

  current(): Held {
    if (this.#closed) throw unavailable();
    return this.#life.held;
  }

  patience(): number {
    return this.#isAway && monotonic() - this.#heard > this.#patience ? this.#patience * SHORT : this.#patience;
  }

  worked(held: Held): void {
    if (held !== this.#life.held) return;
    this.#heard = monotonic();
    if (!this.#isAway) return;
    this.#isAway = false;
    this.#logger.info({}, 'EventStoreDB answers again');
  }

  failed(held: Held, error: unknown): void {
    if (held !== this.#life.held || this.#closed) return;
    if (!this.#isAway) this.#logger.warn({ reason: words(error) }, 'EventStoreDB does not answer');
    this.#isAway = true;
    const now = monotonic();
    if (now - this.#heard < BARREN_MS || now - this.#life.born < BARREN_MS) return;
    this.#logger.debug({ reason: words(error) }, 'connecting to EventStoreDB anew');
    const old = this.#life;
    this.#life = this.#begin();
    this.#give(old);
  }

  async persist<Result>(attempt: Attempt<Result>, milliseconds = this.patience()): Promise<Result> {
    const deadline = createDeadline(milliseconds);
    for (;;) {
      const held = this.current();
      try {
        const result = await attempt(held, deadline.attempt());
        this.worked(held);
        return result;
      } catch (error) {
        if (!mayPass(error)) throw error;
        this.failed(held, error);
      }
      if (!(await deadline.pause())) throw unavailable();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#life.held.end.abort();
    await discard(this.#life.held.client).catch(() => undefined);
  }

  #begin(): Life {
    const end = new AbortController();
    this.#clients += 1;
    const client = makeClient(this.#url(this.#clients));
    return { held: { client, ended: end.signal, end }, born: monotonic() };
  }

  #give({ held }: Life): void {
    held.end.abort();
    // It is given up because it does not work: that it cannot be put away properly either is no news.
    discard(held.client).catch((error: unknown) => this.#logger.debug({ reason: words(error) }, 'an old connection to EventStoreDB'));
  }
}

export const createConnection = (options: ConnectionOptions): Connection => new Connected(options);
