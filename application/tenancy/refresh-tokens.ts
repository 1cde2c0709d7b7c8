/** A refresh token says where its session is, and proves it by a random part that is only ever compared by hash. */
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { SecretTokens } from './ports.ts';

const REFRESH_TOKEN = /^crt_([0-9a-f]{32})([0-9a-f]{32})_[0-9A-Za-z]{32}$/u;
const compact = (uuid: string): string => uuid.replaceAll('-', '');
const uuidOf = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, '$1-$2-$3-$4-$5');

/** Undefined for what cannot be a refresh token. */
export const locationOf = (refreshToken: string): Readonly<{ tenant: TenantId; sessionId: string }> | undefined => {
  const [, tenant, session] = REFRESH_TOKEN.exec(refreshToken) ?? [];
  return tenant === undefined || session === undefined ? undefined : { tenant: uuidOf(tenant) as TenantId, sessionId: uuidOf(session) };
};

export const newRefreshToken = (secretTokens: SecretTokens, tenant: TenantId, sessionId: string): string =>
  secretTokens.make(`crt_${compact(tenant)}${compact(sessionId)}_`);
