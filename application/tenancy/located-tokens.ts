/** Tokens that say where what they open is to be found, and prove their holder by a random part that is only ever compared by hash. */
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { SecretTokens } from './ports.ts';

const compact = (uuid: string): string => uuid.replaceAll('-', '');
const uuidOf = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, '$1-$2-$3-$4-$5');

export type Location = Readonly<{ tenant: TenantId; id: string }>;

/** One kind of token: `<name>_<tenant><id>_<190 random bits>`. `id` is a UUID within the tenant. */
export const locatedTokens = (name: 'crt' | 'cinv' | 'crst') => {
  const form = new RegExp(`^${name}_([0-9a-f]{32})([0-9a-f]{32})_[0-9A-Za-z]{32}$`, 'u');
  return {
    make: (secretTokens: SecretTokens, { tenant, id }: Location): string => secretTokens.make(`${name}_${compact(tenant)}${compact(id)}_`),
    /** Undefined for what cannot be one. */
    locate: (token: string): Location | undefined => {
      const [, tenant, id] = form.exec(token) ?? [];
      return tenant === undefined || id === undefined ? undefined : { tenant: uuidOf(tenant) as TenantId, id: uuidOf(id) };
    },
  };
};

/** Shown once with every session. */
export const refreshTokens = locatedTokens('crt');
/** Mailed to who is asked to join; `id` is the invitation. */
export const invitationCodes = locatedTokens('cinv');
/** Mailed to who has forgotten a password; `id` is the person. */
export const resetCodes = locatedTokens('crst');
