/** The read models of tenancy, all in one list. */
import { credentialIndexProjection } from './credential-index.ts';
import { credentialsProjection } from './credentials.ts';
import { invitationsProjection } from './invitations.ts';
import { membersProjection } from './members.ts';
import { tenantsProjection } from './tenants.ts';

export const tenancyProjections = [membersProjection, invitationsProjection, tenantsProjection, credentialsProjection, credentialIndexProjection] as const;
