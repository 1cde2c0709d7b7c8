/** Tenancy, wired. */
import type { Container } from 'inversify';
import { createTenancyAggregates } from '../../application/tenancy/aggregates.ts';
import { createAccess } from '../../application/tenancy/create-access.ts';
import { createCredentials } from '../../application/tenancy/credentials.ts';
import { createLoginThrottle } from '../../application/tenancy/login-throttle.ts';
import { createIdentities } from '../../application/tenancy/identities.ts';
import { createInvitations } from '../../application/tenancy/invitations.ts';
import { createMembers } from '../../application/tenancy/members.ts';
import { createPasswordResets } from '../../application/tenancy/password-resets.ts';
import { createPersons } from '../../application/tenancy/persons.ts';
import { createSecondFactors } from '../../application/tenancy/second-factors.ts';
import { createSessionKeys } from '../../application/tenancy/session-keys.ts';
import { createSessions } from '../../application/tenancy/sessions.ts';
import { createTenantViews } from '../../application/tenancy/tenant-views.ts';
import { createTenants } from '../../application/tenancy/tenants.ts';
import { createAccessTokens, makeSessionKey } from '../../infrastructure/crypto/access-tokens.ts';
import { createPasswords } from '../../infrastructure/crypto/passwords.ts';
import { secretTokens } from '../../infrastructure/crypto/secret-tokens.ts';
import { totp } from '../../infrastructure/crypto/totp.ts';
import { createCredentialIndex } from '../../projections/tenancy/credential-index.ts';
import { createCredentialList } from '../../projections/tenancy/credentials.ts';
import { createInvitationList } from '../../projections/tenancy/invitations.ts';
import { createMemberDirectory } from '../../projections/tenancy/member-directory.ts';
import { provide, provideValue } from './provide.ts';
import { runtime, storage, tenancy } from './tokens.ts';

const bindPeople = (container: Container): void => {
  const { aggregates, persons, passwords, views } = tenancy;
  const { personalData } = storage;
  const { clock, ids } = runtime;
  provide(container, persons, createPersons, { aggregates, personalData, passwords });
  provide(container, tenancy.tenants, createTenants, { aggregates, persons, clock });
  provide(container, tenancy.members, createMembers, { aggregates, persons });
  provide(container, tenancy.throttle, createLoginThrottle, { state: storage.state, clock });
  provide(container, tenancy.factors, createSecondFactors, {
    aggregates, personalData, clock, ids, totp: tenancy.totp, blindIndex: storage.blindIndex, throttle: tenancy.throttle,
  });
  provide(container, tenancy.sessions, createSessions, {
    factors: tenancy.factors, aggregates, views, personalData, passwords, clock, ids, state: storage.state,
    accessTokens: tenancy.accessTokens, secretTokens: tenancy.secretTokens, throttle: tenancy.throttle, blindIndex: storage.blindIndex,
  });
};

/** What begins with a mail. */
const bindCodes = (container: Container): void => {
  const { aggregates, views, persons, passwords, throttle, factors, identities } = tenancy;
  const { personalData, state, secrets, blindIndex } = storage;
  const { clock, ids, logger } = runtime;
  provide(container, identities, createIdentities, { aggregates, views, personalData, passwords, factors });
  provide(container, tenancy.invitations, createInvitations, { aggregates, persons, views, personalData, passwords, secretTokens: tenancy.secretTokens, throttle, state, clock, ids });
  provide(container, tenancy.passwordResets, createPasswordResets, {
    aggregates, identities, personalData, secrets, passwords, secretTokens: tenancy.secretTokens, blindIndex, throttle, state, clock, ids, logger,
  });
};

const bindAccess = (container: Container): void => {
  const { aggregates, views, accessTokens } = tenancy;
  const { clock, ids } = runtime;
  const { state, readModels, log, freshness } = storage;
  provide(container, tenancy.sessionKeys, createSessionKeys, { aggregates, secrets: storage.secrets, makeKey: tenancy.makeKey, clock });
  provide(container, accessTokens, createAccessTokens, { keys: tenancy.sessionKeys, clock, issuer: runtime.publicUrl });
  provide(container, tenancy.index, createCredentialIndex, { readModels, log, freshness, reader: storage.reader });
  provide(container, tenancy.access, createAccess, { aggregates, views, accessTokens, secretTokens: tenancy.secretTokens, index: tenancy.index, state, clock });
  provide(container, tenancy.credentials, createCredentials, { aggregates, secretTokens: tenancy.secretTokens, state, clock, ids });
};

const bindQuestions = (container: Container): void => {
  const { reader, personalData, state } = storage;
  provide(container, tenancy.credentialList, createCredentialList, { reader, state });
  provide(container, tenancy.invitationList, createInvitationList, { reader, personalData, clock: runtime.clock });
  provide(container, tenancy.directory, createMemberDirectory, { reader, personalData });
};

export const bindTenancy = (container: Container): void => {
  provide(container, tenancy.aggregates, ({ store }) => createTenancyAggregates(store), { store: storage.store });
  provide(container, tenancy.views, ({ aggregates }) => createTenantViews(aggregates), { aggregates: tenancy.aggregates });
  provideValue(container, tenancy.passwords, createPasswords());
  provideValue(container, tenancy.secretTokens, secretTokens);
  provideValue(container, tenancy.makeKey, makeSessionKey);
  provideValue(container, tenancy.totp, totp);
  bindPeople(container);
  bindCodes(container);
  bindAccess(container);
  bindQuestions(container);
};
