/** Who asks: the licence routes take an API key in `X-API-Key`, the KMS a service token as `Bearer`; neither takes the other's. */
import { reject, Rejection } from '../../domain/kernel/rejection.ts';
import type { Access, AnonymousPrincipal, CredentialPrincipal } from '../../application/tenancy/access.ts';
import type { Actor } from '../../application/kernel/ports.ts';
import type { Incoming } from '../kernel/surface.ts';

export type LockPrincipal = CredentialPrincipal | AnonymousPrincipal;

/** The words of the route table. */
export const PERMISSIONS = ['public', 'licences', 'kms'] as const;
export type LockPermission = (typeof PERMISSIONS)[number];

const BEARER = /^Bearer ([\x21-\x7e]+)$/iu;

type Presenting = Readonly<{
  /** The form that a credential must have here. */
  form: string;
  prefix: string;
  presented: (incoming: Pick<Incoming, 'header'>) => string | undefined;
  /** What every other credential is refused with. */
  refused: string;
}>;

const PRESENTING: Readonly<Record<Exclude<LockPermission, 'public'>, Presenting>> = {
  licences: { form: 'api-key', prefix: 'qlk_', presented: ({ header }) => header('x-api-key'), refused: 'licensing.api_key_invalid' },
  kms: { form: 'service', prefix: 'svc_', presented: ({ header }) => BEARER.exec(header('authorization') ?? '')?.[1], refused: 'keys.service_token_invalid' },
};

/** What a permission's routes answer to whom they do not know: for the OpenAPI document. */
export const PERMISSION_REJECTIONS: Readonly<Record<Exclude<LockPermission, 'public'>, readonly string[]>> = {
  licences: [PRESENTING.licences.refused],
  kms: [PRESENTING.kms.refused],
};

const presentingOf = (permission: string): Presenting =>
  Object.hasOwn(PRESENTING, permission) ? PRESENTING[permission as keyof typeof PRESENTING] : reject('kernel.internal');

/** Unknown, revoked, expired, of somebody who left: the surface has one word for all of them. */
const inWordsOf = async <Found>(refused: string, finding: Promise<Found>): Promise<Found> => {
  try {
    return await finding;
  } catch (error) {
    if (error instanceof Rejection && error.code.startsWith('tenancy.')) return reject(refused);
    throw error;
  }
};

/** Rejects with `licensing.api_key_invalid` or `keys.service_token_invalid`, also a credential of the other form. */
export const authenticate = async (access: Access, incoming: Pick<Incoming, 'header'>, permission: string): Promise<LockPrincipal> => {
  if (permission === 'public') return { kind: 'anonymous' };
  const { presented, prefix, refused } = presentingOf(permission);
  const secret = presented(incoming);
  if (secret?.startsWith(prefix) !== true) return reject(refused);
  return inWordsOf(refused, access.credential('quantum-lock', secret));
};

/** The same credential as it is now; rejects as `authenticate` does. */
export const currently = async (access: Access, principal: LockPrincipal): Promise<LockPrincipal> => {
  if (principal.kind === 'anonymous') return principal;
  const refused = principal.form === PRESENTING.kms.form ? PRESENTING.kms.refused : PRESENTING.licences.refused;
  return inWordsOf(refused, access.current(principal));
};

/** For handlers of routes that are not public. */
export const identified = (principal: LockPrincipal): CredentialPrincipal =>
  principal.kind === 'credential' ? principal : reject('licensing.api_key_invalid');

/** Rejects a credential without the permission as one that is not known. */
export const permit = (principal: LockPrincipal, permission: string): void => {
  if (permission === 'public') return;
  const { form, refused } = presentingOf(permission);
  if (principal.kind !== 'credential' || principal.form !== form || !principal.permissions.includes(permission)) reject(refused);
};

export const actorOfRequest = (principal: LockPrincipal): Actor =>
  principal.kind === 'credential' ? { kind: 'credential', id: principal.credentialId } : { kind: 'anonymous', id: 'anonymous' };

export const idempotencyScope = (principal: LockPrincipal): string =>
  principal.kind === 'credential' ? `${principal.tenant.id}/${principal.credentialId}` : 'anonymous';
