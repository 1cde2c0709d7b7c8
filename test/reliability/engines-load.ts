/** Clients of an installation in several processes, who remember what they were told, and receivers of all that it sends. */
import kafkajs from 'kafkajs';
import { OWNER_PASSWORD } from '../support/app.ts';
import { startCollector } from '../support/collector.ts';
import { ask, type Answered, type Env, type Installation } from '../support/processes.ts';
import { startReceiver } from '../support/receiver.ts';
import { startSmtp } from '../support/smtp.ts';

export const SLUG = 'load';
/** What webhooks and sinks are told of. */
const TYPE = 'chancery.tenancy.credential.created';
const CREDENTIALS = `/platform/v1/tenants/${SLUG}/credentials`;

export const startReceivers = async () => {
  const [webhooks, collector, mail] = [await startReceiver(), await startCollector(), await startSmtp()];
  const env: Env = { OUTBOUND_ALLOW: `${webhooks.host},127.0.0.1:${collector.port}`, SMTP_URL: `smtp://127.0.0.1:${mail.port}` };
  return {
    webhooks, collector, mail, env,
    close: async () => {
      await webhooks.close();
      await collector.close();
      await mail.close();
    },
  };
};

export type Receivers = Awaited<ReturnType<typeof startReceivers>>;

export type Told = {
  /** Credentials that were acknowledged. */
  readonly made: string[];
  /** Answers that nobody should get. */
  readonly unexpected: string[];
  refused: number;
  slowestMs: number;
};

/** Whether it was done, or put off in the way that it should be. */
const note = (told: Told, what: string, { status, headers, text, ms }: Answered): boolean => {
  told.slowestMs = Math.max(told.slowestMs, ms);
  if (status < 300) return true;
  if (status === 503 && Number(headers.get('retry-after')) > 0) told.refused += 1;
  else told.unexpected.push(`${what}: ${status} ${text}`);
  return false;
};

/**
 * Credentials that clients are ahead of what arrives at the receiver of webhooks. A machine that carries clients, receivers, three engines and five processes at
 * once, and other work besides, takes fewer a second than clients could ask for; what piled up then would wait for its turn longer than any fault takes
 * to pass, and say nothing of it. With this many the clients go on while an engine is away.
 */
const MOST_AHEAD = 50;

/** How many events a receiver has had, those that came again once. */
const countingArrivals = ({ webhooks: { received } }: Receivers): (() => number) => {
  const ids = new Set<string>();
  let seen = 0;
  return () => {
    for (; seen < received.length; seen += 1) ids.add((received[seen] as (typeof received)[0]).event.id);
    return ids.size;
  };
};

const aMoment = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve, 250); });

/** Founds the tenant, its webhook and its sink; answers the tenant's id. */
export const setUp = async ({ apis: [{ url }], operator: token }: Installation, { webhooks, collector }: Receivers): Promise<string> => {
  const make = async (path: string, body: object): Promise<Readonly<Record<string, string>>> => {
    const answer = await ask(url, 'POST', `/platform/v1${path}`, { token, body });
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return answer.json();
  };
  const { id = '' } = await make('/tenants', { slug: SLUG, name: SLUG, owner: { email: `owner@${SLUG}.example`, password: OWNER_PASSWORD } });
  const { status, text } = await ask(url, 'PUT', `/platform/v1/tenants/${SLUG}/plans/qwick-cert`, { token, body: { plan: 'enterprise', limits: { members: 500, requests_per_minute: 1_000_000 } } });
  if (status !== 200) throw new Error(text);
  await make(`/tenants/${SLUG}/webhooks`, { url: webhooks.url, types: [TYPE] });
  await make(`/tenants/${SLUG}/siem-sinks`, { name: 'http', kind: 'ocsf-http', url: collector.url, types: [TYPE] });
  return id;
};

export const createClients = ({ apis, operator: token }: Installation, receivers: Receivers) => {
  const arrived = countingArrivals(receivers);
  const told: Told = { made: [], unexpected: [], refused: 0, slowestMs: 0 };
  const urlOf = (which: number): string => (apis[which % 2] as Installation['apis'][0]).url;

  /** The id of a new credential; undefined: put off. */
  const write = async (which: number): Promise<string | undefined> => {
    const answer = await ask(urlOf(which), 'POST', CREDENTIALS, { token, body: { surface: 'quantum-lock', name: 'k' } });
    if (!note(told, 'POST', answer)) return undefined;
    const id = String(answer.json()['id']);
    told.made.push(id);
    return id;
  };
  /** Where the last page of credentials begins, the newest of all. */
  let lastPage = '';
  /** Whether a credential can be read through a process; `from`: where a page began that it is not before. */
  const sees = async (which: number, id: string, from: string): Promise<boolean> => {
    for (let cursor = from; ;) {
      const answer = await ask(urlOf(which), 'GET', `${CREDENTIALS}?limit=100${cursor}`, { token });
      if (!note(told, 'GET', answer)) return false;
      const { items, next_cursor: next } = answer.json();
      if ((items as readonly { id: string }[]).some((item) => item.id === id)) return true;
      if (next === null || next === undefined) return false;
      cursor = `&cursor=${encodeURIComponent(next)}`;
      lastPage = cursor;
    }
  };
  const read = async (which: number): Promise<void> => void note(told, 'GET', await ask(urlOf(which), 'GET', `${CREDENTIALS}?limit=1`, { token }));
  const invite = async (email: string): Promise<boolean> => note(told, 'invite', await ask(urlOf(0), 'POST', `/platform/v1/tenants/${SLUG}/invitations`, { token, body: { email, role: 'viewer' } }));

  const writeInTurn = async (which: number): Promise<unknown> => (told.made.length - arrived() < MOST_AHEAD ? write(which) : undefined);

  /** Two who write and one who reads through each process, until the work has been done; a moment between two requests. */
  const during = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const over = new AbortController();
    const client = async (act: () => Promise<unknown>): Promise<void> => {
      for (; !over.signal.aborted; await aMoment()) await act().catch((error: unknown) => told.unexpected.push(String(error)));
    };
    const clients = [0, 1].flatMap((which) => [client(() => writeInTurn(which)), client(() => writeInTurn(which)), client(() => read(which))]);
    try {
      return await work();
    } finally {
      over.abort();
      await Promise.all(clients);
    }
  };
  return { told, write, sees, end: () => lastPage, invite, during };
};

export type Clients = ReturnType<typeof createClients>;

export type OnBus = Readonly<{ id: string; key: string }>;

const connect = ({ engines: { kafka } }: Installation) => new kafkajs.Kafka({ brokers: [kafka.address], logLevel: kafkajs.logLevel.NOTHING });

/** How many messages the bus has. */
export const countBus = async (installation: Installation): Promise<number> => {
  const admin = connect(installation).admin();
  try {
    await admin.connect();
    const offsets = await admin.fetchTopicOffsets(`${installation.prefix}events`);
    return offsets.reduce((sum, { high }) => sum + Number(high), 0);
  } finally {
    await admin.disconnect();
  }
};

/** All messages of the public events, those of one key in their order. */
export const readBus = async (installation: Installation): Promise<readonly OnBus[]> => {
  const wanted = await countBus(installation);
  const consumer = connect(installation).consumer({ groupId: `reader-${crypto.randomUUID()}` });
  const found: OnBus[] = [];
  const all = Promise.withResolvers<void>();
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [`${installation.prefix}events`], fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        found.push({ id: String(message.headers?.['id']), key: String(message.key) });
        if (found.length >= wanted) all.resolve();
      },
    });
    await all.promise;
    return found;
  } finally {
    await consumer.disconnect();
  }
};
