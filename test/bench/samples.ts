/** Events as the program stores them, of the size and shape they have in service. */
import { randomBytes, randomUUIDv7 } from 'node:crypto';
import type { Cause } from '../../application/kernel/ports.ts';
import type { Message } from '../../domain/kernel/decider.ts';
import { streamId, type StreamId, type TenantId } from '../../domain/kernel/ids.ts';
import type { CredentialCreated, CredentialRevoked } from '../../domain/tenancy/credential.events.ts';
import type { MemberAdded } from '../../domain/tenancy/membership.events.ts';
import type { TenantCreated } from '../../domain/tenancy/tenant.events.ts';
import type { SigningCompleted, SigningRequested } from '../../domain/signing/operation.events.ts';

/** Who signs: a member of a tenant, with a credential. */
export type Signer = Readonly<{ tenant: TenantId; userId: string; credentialId: string }>;

export type Appending = Readonly<{ stream: StreamId; events: readonly Message[] }>;

export const causeOf = (id: string): Cause => ({ actor: { kind: 'credential', id }, correlation: randomUUIDv7() });

/** As long as the sealed address of a client is. */
const box = (): string => randomBytes(45).toString('base64url');

const START = Date.parse('2026-01-01T00:00:00.000Z');
/** Between two operations: a million of them fill a year. */
const APART_MS = 30_000;
const iso = (ms: number): string => new Date(START + ms).toISOString();
const SOURCES = ['cli', 'github_action', 'dashboard', 'api'] as const;
const HEX = randomBytes(32).toString('hex');

export const requestedBy = ({ userId, credentialId }: Signer, operationId: string, number: number): SigningRequested => ({
  type: 'SigningRequested',
  data: {
    operationId,
    actorUserId: userId,
    by: { kind: 'credential', id: credentialId },
    secondFactor: false,
    digest: randomBytes(32).toString('base64'),
    algorithm: 'sha256',
    fileName: `release-${number}/MyApplication.exe`,
    fileSize: 2_048_576 + number,
    fileKind: 'pe',
    source: SOURCES[number % SOURCES.length] ?? 'cli',
    clientChannel: 'cli',
    clientVersion: '1.2.0',
    ...(number % 4 === 0 && { batchId: operationId }),
    address: { subject: userId, box: box() },
    requestedAt: iso(number * APART_MS),
  },
});

const completed = (operationId: string, number: number): SigningCompleted => ({
  type: 'SigningCompleted',
  data: {
    operationId,
    signedAt: iso(number * APART_MS + 4),
    timestamp: `${iso(number * APART_MS).slice(0, 19)}Z`,
    certificateSerial: HEX.slice(0, 32),
    certificateSha256: HEX,
    pkcs7Sha256: HEX,
  },
});

/** An event of the size that most have. */
export const completedIn = (operationId: string): SigningCompleted => completed(operationId, 0);

/** One operation from its request to its completion. */
export const operation = (signer: Signer, number: number): Appending => {
  const id = randomUUIDv7();
  return { stream: streamId('signing.operation', signer.tenant, id), events: [requestedBy(signer, id, number), completed(id, number)] };
};

const MEMBERS = 3;

const added = (userId: string): MemberAdded => ({ type: 'MemberAdded', data: { userId, role: 'signer', email: { subject: userId, box: box() }, term: 1 } });

const created = (credentialId: string, userId: string, number: number): CredentialCreated => ({
  type: 'CredentialCreated',
  data: {
    credentialId, surface: 'qwick-cert', kind: 'api_key', name: 'pipeline', prefix: 'qwick_ak_0123', secretHash: randomBytes(32).toString('base64url'),
    permissions: ['sign', 'read_audit'], actingFor: userId, term: 1, secondFactor: false, createdAt: iso(number * 10),
  },
});

const revoked = (credentialId: string, number: number): CredentialRevoked => ({
  type: 'CredentialRevoked',
  data: { credentialId, surface: 'qwick-cert', revokedAt: iso(number * 10 + 5) },
});

const founded = (number: number): TenantCreated => ({ type: 'TenantCreated', data: { slug: `seeded-${number}`, name: `Seeded ${number}`, plans: {} } });

/** Events of one whole tenant. */
export const TENANT_EVENTS = 1 + MEMBERS * 3;

/** A tenant with its members, each with a credential that was made and revoked. */
export const wholeTenant = (number: number): readonly Appending[] => {
  const tenant = randomUUIDv7() as TenantId;
  const users = Array.from({ length: MEMBERS }, () => ({ userId: randomUUIDv7(), credentialId: randomUUIDv7() }));
  return [
    { stream: streamId('tenancy.tenant', tenant, 'tenant'), events: [founded(number)] },
    { stream: streamId('tenancy.membership', tenant, 'members'), events: users.map(({ userId }) => added(userId)) },
    ...users.map(({ userId, credentialId }) => ({
      stream: streamId('tenancy.credential', tenant, credentialId),
      events: [created(credentialId, userId, number), revoked(credentialId, number)],
    })),
  ];
};
