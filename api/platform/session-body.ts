/** Sessions as they are answered: by the platform, and by surfaces that lead to the same sessions in an envelope of their own. */
import type { Static } from 'typebox';
import type { SignedIn } from '../../application/tenancy/sessions.ts';
import type { SessionReply } from './schemas.ts';

export const SIGN_IN_REJECTIONS = ['tenancy.credentials_invalid', 'tenancy.totp_required', 'tenancy.tenant_required', 'tenancy.too_many_attempts'] as const;
export const REFRESH_REJECTIONS = ['tenancy.refresh_invalid', 'tenancy.refresh_reused', 'tenancy.too_many_attempts'] as const;

export const sessionBody = ({ accessToken, refreshToken, expiresIn, tenant, role }: SignedIn): Static<typeof SessionReply> => ({
  access_token: accessToken,
  refresh_token: refreshToken,
  expires_in: expiresIn,
  tenant: tenant.slug,
  role,
});
