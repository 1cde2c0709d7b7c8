/** Thirty-two clients that give the program real commands at once, and remember every 2xx. */
import { newId, createAsk, createMake, signBody, type Ask } from './world.ts';

export const WRITERS = 32;
const SLUG = 'kill';

/** What the clients were told, over all lives of one data directory. Streams as the store names them. */
export type Told = {
  /** The tenant that most of them write to, and a key to sign with. */
  home?: Readonly<{ tenant: string; key: string }>;
  /** `<stored type> <stream>` of each acknowledged event: the independent reader must find them all. */
  readonly facts: string[];
  readonly slugs: string[];
  readonly operations: string[];
  /** How many of the two lists above the program has been asked for. */
  asked: Readonly<{ slugs: number; operations: number }>;
  /** Credentials that must be listed, and those that must not be any more. */
  readonly credentials: Set<string>;
  readonly revoked: string[];
  /** Answers that no client should get. */
  readonly unexpected: string[];
};

export const nothingTold = (): Told => ({ facts: [], slugs: [], operations: [], asked: { slugs: 0, operations: 0 }, credentials: new Set(), revoked: [], unexpected: [] });

/** The same, of which the program is still to be asked for everything. */
export const afresh = (told: Told): Told => ({ ...told, asked: { slugs: 0, operations: 0 } });

type Json = Readonly<Record<string, any>>; // oxlint-disable-line typescript/no-explicit-any -- answers are looked into at many places

type Command = (body: object | undefined, method: string, path: string, authorization?: string) => Promise<Json | undefined>;

/** Resolves with undefined, and notes it, when the answer is not one of success; rejects when there is none. */
const createCommand = (ask: Ask, told: Told, operator: string): Command =>
  async (body, method, path, authorization = operator) => {
    const answer = await ask({ method, path, authorization, body: body === undefined ? undefined : JSON.stringify(body) });
    if (answer.status < 300) return answer.text === '' ? {} : (JSON.parse(answer.text) as Json);
    told.unexpected.push(`${method} ${path}: ${answer.status} ${answer.text}`);
    return undefined;
  };

type Work = () => Promise<void>;

const signer = (command: Command, told: Told): Work => async () => {
  const { tenant, key } = told.home as NonNullable<Told['home']>;
  const done = await command(signBody(SLUG), 'POST', '/qwick-cert/api/v1/sign-digest', key);
  if (done === undefined) return;
  const { operation_id: id } = done['data'];
  told.operations.push(id);
  told.facts.push(`signing.SigningCompleted.v1 signing.operation-${tenant}-${id}`);
};

const keyMaker = (command: Command, told: Told): Work => async () => {
  const path = `/platform/v1/tenants/${SLUG}/credentials`;
  const made = await command({ surface: 'qwick-cert', name: 'made and revoked', permissions: ['sign'] }, 'POST', path);
  if (made === undefined) return;
  const stream = `tenancy.credential-${told.home?.tenant}-${made['id']}`;
  told.credentials.add(made['id']);
  told.facts.push(`tenancy.CredentialCreated.v1 ${stream}`);
  if (told.credentials.size % 2 === 0) return;
  // From the moment that this is sent, nobody can say whether it is there.
  told.credentials.delete(made['id']);
  if ((await command(undefined, 'DELETE', `${path}/${made['id']}`)) === undefined) return;
  told.revoked.push(made['id']);
  told.facts.push(`tenancy.CredentialRevoked.v1 ${stream}`);
};

const founder = (command: Command, told: Told): Work => async () => {
  const slug = `t${newId()}`;
  const owner = { email: `owner@${slug}.example`, password: 'plenty of words to remember 7' };
  const made = await command({ slug, name: slug, owner }, 'POST', '/platform/v1/tenants');
  if (made === undefined) return;
  told.slugs.push(slug);
  told.facts.push(`tenancy.TenantCreated.v1 tenancy.tenant-${made['id']}-tenant`);
};

/** Founding a tenant hashes a password, which is slow on purpose: two of 32 do it. */
const workOf = (writer: number): ((command: Command, told: Told) => Work) => {
  if (writer < 2) return founder;
  return writer % 2 === 0 ? signer : keyMaker;
};

/** Made in the first life that gets that far. */
const makeHome = async (ask: Ask, told: Told, operator: string): Promise<void> => {
  if (told.home !== undefined) return;
  const make = createMake(ask);
  const known = (await ask({ method: 'GET', path: `/platform/v1/tenants/${SLUG}`, authorization: operator })).status === 200;
  const owner = { email: `owner@${SLUG}.example`, password: 'plenty of words to remember 7' };
  if (!known) await make(operator, 'POST', '/platform/v1/tenants', { slug: SLUG, name: SLUG, owner });
  const tenant = String((await make(operator, 'GET', `/platform/v1/tenants/${SLUG}`))['id']);
  const limits = { requests_per_minute: 1_000_000, concurrency: 16, members: 100 };
  await make(operator, 'PUT', `/platform/v1/tenants/${SLUG}/plans/qwick-cert`, { plan: 'enterprise', limits });
  const { secret } = await make(operator, 'POST', `/platform/v1/tenants/${SLUG}/credentials`, { surface: 'qwick-cert', name: 'home', permissions: ['sign', 'read_audit'] });
  told.home = { tenant, key: `Bearer ${secret}` };
};

/** Works until the program is gone, and tells `each` of every acknowledgement. */
export const write = async (url: string, operator: string, told: Told, each: () => void): Promise<void> => {
  const { ask, close } = createAsk(Number(new URL(url).port), WRITERS);
  const command = createCommand(ask, told, operator);
  const writer = async (work: Work): Promise<void> => {
    for (;;) {
      await work();
      each();
    }
  };
  try {
    await makeHome(ask, told, operator);
    await Promise.allSettled(Array.from({ length: WRITERS }, (_, number) => writer(workOf(number)(command, told))));
  } finally {
    close();
  }
};

/** What the clients were told since the program was last asked, and it does not know any more. */
export const forgotten = async (url: string, operator: string, told: Told): Promise<readonly string[]> => {
  const { home } = told;
  if (home === undefined) return [];
  const { ask, close } = createAsk(Number(new URL(url).port), WRITERS);
  const missing = async (path: string, authorization: string, fits: (text: string) => boolean): Promise<readonly string[]> => {
    const { status, text } = await ask({ method: 'GET', path, authorization });
    return status === 200 && fits(text) ? [] : [`GET ${path}: ${status} ${text}`];
  };
  try {
    const operations = told.operations.slice(told.asked.operations).map((id) =>
      missing(`/qwick-cert/api/v1/signing-operations/${id}?organization_slug=${SLUG}`, home.key, (text) => text.includes('"status":"completed"')));
    const tenants = told.slugs.slice(told.asked.slugs).map((slug) => missing(`/platform/v1/tenants/${slug}`, operator, (text) => text.includes(`"slug":"${slug}"`)));
    told.asked = { slugs: told.slugs.length, operations: told.operations.length };
    const listed = await listCredentials(createMake(ask), operator);
    return [
      ...(await Promise.all([...operations, ...tenants])).flat(),
      ...[...told.credentials].filter((id) => !listed.has(id)).map((id) => `credential ${id} is not listed`),
      ...told.revoked.filter((id) => listed.has(id)).map((id) => `credential ${id} is not revoked`),
    ];
  } finally {
    close();
  }
};

const listCredentials = async (make: ReturnType<typeof createMake>, operator: string): Promise<ReadonlySet<string>> => {
  const found = new Set<string>();
  for (let cursor = ''; ; ) {
    const page = await make(operator, 'GET', `/platform/v1/tenants/${SLUG}/credentials?limit=100${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);
    for (const { id } of page['items'] as readonly { id: string }[]) found.add(id);
    if (page['next_cursor'] === null || page['next_cursor'] === undefined) return found;
    cursor = String(page['next_cursor']);
  }
};
