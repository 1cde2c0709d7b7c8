/** Everybody who could ask: each kind of credential, living and dead, of this tenant, of another, and of none. */
import { addPerson, apiKeyHeader, makeKey, makeLockKey, makeTenant, newId, ROLES, signBody, signIn, type Person, type RoleName, type World } from './world.ts';

export const CLASSES = [
  'nobody', 'malformed', 'other scheme', 'two credentials', 'unknown key', 'revoked key', 'expired key', 'key of a removed member', 'key of another service',
  'expired session', 'signed out', 'removed member', 'refresh token', 'unsigned token', 'operator',
  'owner', 'admin', 'signer', 'developer', 'viewer', 'key to sign', 'key to read', 'key to both',
  'licence key', 'service token', 'revoked licence key', 'revoked service token', 'other licence key', 'other service token',
  'other owner', 'other viewer', 'other key',
] as const;
export type Class = (typeof CLASSES)[number];

export type Place = Readonly<{ slug: string; operationId: string; licenceKey: string; kmsKeyId: string; webhookId: string; sinkId: string; keyId: string; memberId: string; people: Readonly<Partial<Record<RoleName, Person>>> }>;
export type Cast = Readonly<{ home: Place; other: Place; authorization: Readonly<Record<Class, string | undefined>> }>;

const KEY_LIFE_MS = 10 * 60_000;
const PAST_TOKENS_MS = 16 * 60_000;
const BOTH = ['sign', 'read_audit'] as const;

/** `alg: none` (RFC 8725, 2.1) over the claims of a real token. */
const unsigned = (authorization: string): string => {
  const [, claims = ''] = authorization.split('.');
  return `Bearer ${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${claims}.`;
};

const signOnce = async ({ make }: World, authorization: string, slug: string): Promise<string> =>
  String((await make(authorization, 'POST', '/qwick-cert/api/v1/sign-digest', signBody(slug)))['data'].operation_id);

/** A licence of a customer who is named after the tenant. */
const licenseOnce = async (world: World, slug: string): Promise<string> => {
  const { authorization } = await makeLockKey(world, slug);
  const { status, text } = await world.ask({ method: 'POST', path: '/quantum-lock/api/v1/licenses/generate', headers: apiKeyHeader(authorization), body: JSON.stringify({ end_customer_id: `customer@${slug}.example` }) });
  if (status !== 201) throw new Error(`a licence of ${slug}: ${status} ${text}`);
  return (JSON.parse(text) as { license_key: string }).license_key;
};

/** Nothing is sent: it stands for what others must not see. */
const makeWebhook = async ({ make, operator }: World, slug: string): Promise<string> => {
  const { id } = await make(operator, 'POST', `/platform/v1/tenants/${slug}/webhooks`, { url: `https://${slug}.example.com/hook` });
  await make(operator, 'PATCH', `/platform/v1/tenants/${slug}/webhooks/${String(id)}`, { enabled: false });
  return String(id);
};

/** Likewise. */
const makeSink = async ({ make, operator }: World, slug: string): Promise<string> => {
  const { id } = await make(operator, 'POST', `/platform/v1/tenants/${slug}/siem-sinks`, { name: `sink of ${slug}`, kind: 'ocsf-http', url: `https://${slug}.example.com/ingest`, bearer_token: `token-${slug}` });
  await make(operator, 'POST', `/platform/v1/tenants/${slug}/siem-sinks/${String(id)}/pause`, {});
  return String(id);
};

/** A key of the KMS under a name that nobody else has. */
const makeKmsKey = async ({ make, operator }: World, slug: string): Promise<string> =>
  String((await make(operator, 'POST', `/platform/v1/tenants/${slug}/kms-keys`, { key_id: newId(), algorithm: 'ED25519' }))['key_id']);

/** The dead: each was alive and well once. */
const makeDead = async (world: World, slug: string, owner: Person): Promise<Partial<Record<Class, string>>> => {
  const { make, operator, clock } = world;
  const members = `/platform/v1/tenants/${slug}/members`;
  const leaving = await addPerson(world, slug, 'admin', 'leaving');
  const left = await signIn(world, leaving.email, leaving.userId);
  const theirs = await make(left.authorization, 'POST', `/qwick-cert/api/v1/apikeys?organization_slug=${slug}`, { name: 'theirs', permissions: BOTH });
  await make(operator, 'DELETE', `${members}/${leaving.userId}`);
  const revoked = await makeKey(world, slug, BOTH);
  await make(operator, 'DELETE', `/platform/v1/tenants/${slug}/credentials/${revoked.id}`);
  const gone = await signIn(world, owner.email, owner.userId);
  await make(gone.authorization, 'DELETE', '/platform/v1/sessions/current');
  const licenceKey = await makeLockKey(world, slug);
  const service = await makeLockKey(world, slug, 'service');
  for (const { id } of [licenceKey, service]) await make(operator, 'DELETE', `/platform/v1/tenants/${slug}/credentials/${id}`);
  const expiring = await makeKey(world, slug, BOTH, { expires_at: new Date(clock.now() + KEY_LIFE_MS).toISOString() });
  clock.advance(PAST_TOKENS_MS);
  return {
    'removed member': left.authorization, 'key of a removed member': `Bearer ${theirs['data'].key}`, 'revoked key': revoked.authorization,
    'revoked licence key': licenceKey.authorization, 'revoked service token': service.authorization,
    'signed out': gone.authorization, 'expired key': expiring.authorization, 'expired session': owner.authorization,
  };
};

const makePlace = async (world: World, slug: string, roles: readonly RoleName[]): Promise<Place> => {
  const people: Partial<Record<RoleName, Person>> = {};
  for (const role of roles.filter((each) => each !== 'owner')) {
    const { email, userId } = await addPerson(world, slug, role);
    people[role] = await signIn(world, email, userId);
  }
  const key = await makeKey(world, slug, BOTH);
  return { slug, operationId: await signOnce(world, key.authorization, slug), licenceKey: await licenseOnce(world, slug), kmsKeyId: await makeKmsKey(world, slug), webhookId: await makeWebhook(world, slug), sinkId: await makeSink(world, slug), keyId: key.id, memberId: (await addPerson(world, slug, 'viewer', 'bystander')).userId, people };
};

/** Takes a few seconds: every person signs in. The clock is ahead by a quarter of an hour afterwards. */
export const makeCast = async (world: World, slugs: Readonly<{ home: string; other: string }>): Promise<Cast> => {
  const ownerOf = async (slug: string): Promise<Person> => {
    const { ownerEmail, ownerId } = await makeTenant(world, slug);
    return signIn(world, ownerEmail, ownerId);
  };
  const first = await ownerOf(slugs.home);
  const second = await ownerOf(slugs.other);
  const dead = await makeDead(world, slugs.home, first);
  const owner = await signIn(world, first.email, first.userId);
  const otherOwner = await signIn(world, second.email, second.userId);
  const home = await makePlace(world, slugs.home, ROLES);
  const other = await makePlace(world, slugs.other, ['viewer']);
  const key = async (slug: string, permissions: readonly string[]): Promise<string> => (await makeKey(world, slug, permissions)).authorization;
  const lock = async (slug: string, kind?: 'service'): Promise<string> => (await makeLockKey(world, slug, kind)).authorization;
  const person = (role: RoleName): string | undefined => home.people[role]?.authorization;
  const authorization: Record<Class, string | undefined> = {
    ...(dead as Record<Class, string>),
    nobody: undefined, malformed: 'Bearer', 'other scheme': `Basic ${Buffer.from('owner:password').toString('base64')}`,
    'two credentials': `${owner.authorization}, ${owner.authorization}`,
    'unknown key': `Bearer qwick_ak_${newId().replaceAll('-', '')}`, 'key of another service': `Bearer svc_${newId().replaceAll('-', '')}`,
    'refresh token': `Bearer ${owner.refresh}`, 'unsigned token': unsigned(owner.authorization), operator: world.operator,
    owner: owner.authorization, admin: person('admin'), signer: person('signer'), developer: person('developer'), viewer: person('viewer'),
    'key to sign': await key(slugs.home, ['sign']), 'key to read': await key(slugs.home, ['read_audit']), 'key to both': await key(slugs.home, BOTH),
    'licence key': await lock(slugs.home), 'service token': await lock(slugs.home, 'service'),
    'other licence key': await lock(slugs.other), 'other service token': await lock(slugs.other, 'service'),
    'other owner': otherOwner.authorization, 'other viewer': other.people.viewer?.authorization, 'other key': await key(slugs.other, BOTH),
  };
  return { home: { ...home, people: { ...home.people, owner } }, other: { ...other, people: { ...other.people, owner: otherOwner } }, authorization };
};
