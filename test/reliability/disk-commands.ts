/** One request of each kind of command, over HTTP, each ready to be sent when the disk fails. */
import { apiKeyHeader, createMake, newId, signBody, type Answered, type Ask, type Asked, type Make } from './world.ts';

const PASSWORD = 'plenty of words to remember 7';
const SLUG = 'disk';
const TENANT = `/platform/v1/tenants/${SLUG}`;
const QWICK = '/qwick-cert/api/v1';
const LICENCES = '/quantum-lock/api/v1/licenses';
const KMS = '/quantum-lock/api/v1/kms';

export type Command = Readonly<{
  name: string;
  /** What it answers when all is well. */
  status: number;
  /** The same request may be sent again until it succeeds. */
  prepare: () => Promise<Asked>;
  succeeded?: (answer: Answered) => void;
  /** Changes what is no event: jobs, idempotent answers. */
  keepsNoEvent?: true;
}>;

export type Desk = Readonly<{ commands: readonly Command[]; reads: readonly Asked[]; operator: string }>;

type Place = Readonly<{ make: Make; operator: string; owner: string; key: string; userId: string }>;

const send = (authorization: string, method: string, path: string, body?: object): Asked =>
  ({ method, path, authorization, ...(body !== undefined && { body: JSON.stringify(body) }) });

const person = (): string => `p${newId()}@${SLUG}.example`;

const accounts = ({ make, operator, userId }: Place): readonly Command[] => {
  // Every time another value: what changes nothing is no event.
  let [limit, role] = [100_000, 'viewer'];
  const signIn = async () => make('', 'POST', '/platform/v1/sessions', { email: `owner@${SLUG}.example`, password: PASSWORD });
  let refreshToken: string | undefined;
  const member = { password: PASSWORD, role: 'viewer' };
  return [
    { name: 'create a tenant', status: 201, prepare: async () => send(operator, 'POST', '/platform/v1/tenants', { slug: `t${newId()}`, name: 'T', owner: { email: person(), password: PASSWORD } }) },
    { name: 'change a plan', status: 200, prepare: async () => send(operator, 'PUT', `${TENANT}/plans/qwick-cert`, { plan: 'enterprise', limits: { requests_per_minute: (limit += 1) } }) },
    { name: 'add a member', status: 201, prepare: async () => send(operator, 'POST', `${TENANT}/members`, { ...member, email: person() }) },
    { name: 'change a role', status: 200, prepare: async () => send(operator, 'PATCH', `${TENANT}/members/${userId}`, { role: (role = role === 'viewer' ? 'signer' : 'viewer') }) },
    { name: 'remove a member', status: 204, prepare: async () => send(operator, 'DELETE', `${TENANT}/members/${(await make(operator, 'POST', `${TENANT}/members`, { ...member, email: person() }))['user_id']}`) },
    { name: 'sign in', status: 201, prepare: async () => send('', 'POST', '/platform/v1/sessions', { email: `owner@${SLUG}.example`, password: PASSWORD }) },
    {
      name: 'refresh a session', status: 200,
      prepare: async () => send('', 'POST', '/platform/v1/sessions/refresh', { refresh_token: (refreshToken ??= String((await signIn())['refresh_token'])) }),
      succeeded: ({ text }) => { refreshToken = (JSON.parse(text) as { refresh_token: string }).refresh_token; },
    },
    { name: 'sign out', status: 204, prepare: async () => send(`Bearer ${(await signIn())['access_token']}`, 'DELETE', '/platform/v1/sessions/current') },
  ];
};

const credentials = ({ make, operator }: Place): readonly Command[] => {
  const body = { surface: 'qwick-cert', name: 'n', permissions: ['sign'] };
  return [
    { name: 'create a credential', status: 201, prepare: async () => send(operator, 'POST', `${TENANT}/credentials`, body) },
    {
      name: 'create a credential under an Idempotency-Key', status: 201,
      prepare: async () => ({ ...send(operator, 'POST', `${TENANT}/credentials`, body), headers: { 'idempotency-key': newId() } }),
    },
    { name: 'revoke a credential', status: 204, prepare: async () => send(operator, 'DELETE', `${TENANT}/credentials/${(await make(operator, 'POST', `${TENANT}/credentials`, body))['id']}`) },
    { name: 'begin a job', status: 202, keepsNoEvent: true, prepare: async () => send(operator, 'POST', '/platform/v1/jobs', { kind: 'backup-keys' }) },
  ];
};

const signing = ({ make, owner, key }: Place): readonly Command[] => {
  const keys = `${QWICK}/apikeys?organization_slug=${SLUG}`;
  const newKey = { name: 'n', permissions: ['sign'] };
  return [
    { name: 'sign a digest', status: 200, prepare: async () => send(key, 'POST', `${QWICK}/sign-digest`, signBody(SLUG)) },
    { name: 'create an API key', status: 201, prepare: async () => send(owner, 'POST', keys, newKey) },
    { name: 'revoke an API key', status: 200, prepare: async () => send(owner, 'POST', `${QWICK}/apikeys/${(await make(owner, 'POST', keys, newKey))['data'].id}/revoke?organization_slug=${SLUG}`) },
    { name: 'export, which is recorded', status: 200, prepare: async () => send(key, 'GET', `${QWICK}/signing-operations/export?organization_slug=${SLUG}`) },
  ];
};

/** Of an account that has generated and signed before: its fingerprint key and its signing key are there. */
const licences = async (ask: Ask, lockKey: string): Promise<Pick<Desk, 'commands' | 'reads'>> => {
  const lock = (method: string, path: string, body?: object): Asked => ({ ...send('', method, path, body), headers: apiKeyHeader(lockKey) });
  const generate = (): Asked => lock('POST', `${LICENCES}/generate`, { end_customer_id: person() });
  const generated = async (): Promise<Readonly<{ license_key: string; end_customer_id: string }>> => JSON.parse((await ask(generate())).text);
  const { license_key: key, end_customer_id: customer } = await generated();
  const offline = lock('GET', `${LICENCES}/${key}/offline?algorithm=Ed25519`);
  await ask(offline);
  return {
    commands: [
      { name: 'generate a licence', status: 201, prepare: async () => generate() },
      { name: 'generate a licence under an Idempotency-Key', status: 201, prepare: async () => ({ ...generate(), headers: { ...apiKeyHeader(lockKey), 'idempotency-key': newId() } }) },
      { name: 'validate a licence', status: 200, prepare: async () => lock('POST', `${LICENCES}/validate`, { license_key: key, end_customer_id: customer }) },
      { name: 'revoke a licence', status: 200, prepare: async () => lock('POST', `${LICENCES}/${(await generated()).license_key}/revoke`, { reason: 'none' }) },
      { name: 'give a licence for offline use, which is recorded', status: 200, prepare: async () => offline },
    ],
    reads: [LICENCES, `${LICENCES}/${key}`, '/quantum-lock/api/v1/revocations', '/quantum-lock/api/v1/revocations/bundle?algorithm=Ed25519', '/quantum-lock/api/v1/stats', '/quantum-lock/api/v1/customers/me'].map((path) => lock('GET', path)),
  };
};

/** Of a service that has signed before: its default key is there. */
const kms = async ({ make, operator }: Place): Promise<Pick<Desk, 'commands' | 'reads'>> => {
  const { secret } = await make(operator, 'POST', `${TENANT}/credentials`, { surface: 'quantum-lock', kind: 'service', name: 's' });
  const service = `Bearer ${secret}`;
  const body = { data: 'ZGlzaw==', algorithm: 'ED25519' };
  const { signature } = await make(service, 'POST', `${KMS}/sign`, body);
  const keys = `${TENANT}/kms-keys`;
  const newKey = async (): Promise<string> => `${keys}/${(await make(operator, 'POST', keys, { key_id: newId(), algorithm: 'ED25519' }))['key_id']}`;
  const rotatedKey = async (): Promise<string> => {
    const key = await newKey();
    await make(operator, 'POST', `${key}/rotate`);
    return key;
  };
  return {
    commands: [
      { name: 'sign with the KMS', status: 200, prepare: async () => send(service, 'POST', `${KMS}/sign`, body) },
      { name: 'verify with the KMS', status: 200, prepare: async () => send(service, 'POST', `${KMS}/verify`, { ...body, signature }) },
      { name: 'make a key of the KMS', status: 201, prepare: async () => send(operator, 'POST', keys, { key_id: newId(), algorithm: 'ED25519' }) },
      { name: 'rotate a key of the KMS', status: 200, prepare: async () => send(operator, 'POST', `${await newKey()}/rotate`) },
      { name: 'rotate the keys that sign licences', status: 200, prepare: async () => send(operator, 'POST', `${TENANT}/licence-signing-keys/rotate`, { algorithm: 'Ed25519' }) },
      { name: 'retire a version of a key of the KMS', status: 200, prepare: async () => send(operator, 'POST', `${await rotatedKey()}/versions/1/retire`) },
    ],
    reads: [keys, `${keys}/default/public`, `${TENANT}/licence-signing-keys`].map((path) => send(operator, 'GET', path)),
  };
};

/** Makes a tenant and all that the commands need. */
export const openDesk = async (ask: Ask, operator: string): Promise<Desk> => {
  const make = createMake(ask);
  await make(operator, 'POST', '/platform/v1/tenants', { slug: SLUG, name: 'Disk', owner: { email: `owner@${SLUG}.example`, password: PASSWORD } });
  await make(operator, 'PUT', `${TENANT}/plans/qwick-cert`, { plan: 'enterprise', limits: { requests_per_minute: 100_000, members: 1_000 } });
  const { user_id: userId } = await make(operator, 'POST', `${TENANT}/members`, { email: person(), password: PASSWORD, role: 'viewer' });
  const { access_token: token } = await make('', 'POST', '/platform/v1/sessions', { email: `owner@${SLUG}.example`, password: PASSWORD });
  const { secret } = await make(operator, 'POST', `${TENANT}/credentials`, { surface: 'qwick-cert', name: 'k', permissions: ['sign', 'read_audit'] });
  const place: Place = { make, operator, owner: `Bearer ${token}`, key: `Bearer ${secret}`, userId: String(userId) };
  const signed = await make(place.key, 'POST', `${QWICK}/sign-digest`, signBody(SLUG));
  const query = `?organization_slug=${SLUG}`;
  await make(operator, 'PUT', `${TENANT}/plans/quantum-lock`, { plan: 'enterprise' });
  const { secret: lockKey } = await make(operator, 'POST', `${TENANT}/credentials`, { surface: 'quantum-lock', name: 'l', permissions: ['licences'] });
  const licensing = await licences(ask, String(lockKey));
  const keys = await kms(place);
  return {
    operator,
    commands: [...accounts(place), ...credentials(place), ...signing(place), ...licensing.commands, ...keys.commands],
    reads: [
      ...['/platform/v1/tenants', TENANT, `${TENANT}/members`, `${TENANT}/credentials`, '/platform/v1/projections', '/metrics', '/healthz', '/readyz'].map((path) => send(operator, 'GET', path)),
      ...['/signing-operations', `/signing-operations/${signed['data'].operation_id}`].map((path) => send(place.key, 'GET', `${QWICK}${path}${query}`)),
      send(place.owner, 'GET', `${QWICK}/apikeys${query}`), send('', 'GET', '/qwick-cert/pki/issuing.crl'), send('', 'GET', '/.well-known/chancery-keys.json'),
      ...licensing.reads, ...keys.reads,
    ],
  };
};
