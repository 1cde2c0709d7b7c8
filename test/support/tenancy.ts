/** Tenancy over the real embedded stores and the real sealing, in a directory of its own; only the clock and the passwords' cost are a test's. */
import { catalogue } from '../../application/catalogue.ts';
import { createEventCodec } from '../../application/kernel/event-codec.ts';
import type { Mailer } from '../../application/kernel/mailer.ts';
import { createReaction } from '../../application/kernel/reactions.ts';
import type { Appended, Cause, EventStore } from '../../application/kernel/ports.ts';
import { createTenancyAggregates } from '../../application/tenancy/aggregates.ts';
import { createAccess } from '../../application/tenancy/create-access.ts';
import { createCredentials } from '../../application/tenancy/credentials.ts';
import { createLoginThrottle } from '../../application/tenancy/login-throttle.ts';
import { createIdentities } from '../../application/tenancy/identities.ts';
import { createInvitations } from '../../application/tenancy/invitations.ts';
import { createMailQueue } from '../../application/tenancy/mail-queue.ts';
import { createMailDispatch, mailReaction } from '../../application/tenancy/mail-dispatch.ts';
import { createKeyRotations } from '../../application/tenancy/key-rotations.ts';
import { createMembers } from '../../application/tenancy/members.ts';
import { createPasswordResets } from '../../application/tenancy/password-resets.ts';
import { createPersons } from '../../application/tenancy/persons.ts';
import type { Passwords } from '../../application/tenancy/ports.ts';
import { createSecondFactors } from '../../application/tenancy/second-factors.ts';
import { createSessionKeys } from '../../application/tenancy/session-keys.ts';
import { createSessions } from '../../application/tenancy/sessions.ts';
import { createTenantViews } from '../../application/tenancy/tenant-views.ts';
import { createTenants } from '../../application/tenancy/tenants.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { createAccessTokens, makeSessionKey } from '../../infrastructure/crypto/access-tokens.ts';
import { openSealing } from '../../infrastructure/crypto/sealing.ts';
import { secretTokens } from '../../infrastructure/crypto/secret-tokens.ts';
import { totp } from '../../infrastructure/crypto/totp.ts';
import { announcing } from '../../projections/kernel/announcing.ts';
import { createProjections } from '../../projections/kernel/projections.ts';
import type { AnyProjection } from '../../projections/kernel/projection.ts';
import { createCredentialIndex } from '../../projections/tenancy/credential-index.ts';
import { createCredentialList } from '../../projections/tenancy/credentials.ts';
import { tenancyProjections } from '../../projections/tenancy/index.ts';
import { createInvitationList } from '../../projections/tenancy/invitations.ts';
import { createMemberDirectory } from '../../projections/tenancy/member-directory.ts';
import { randomIds } from './random-ids.ts';
import { closing } from './leavings.ts';
import { failOnFatal, silentLogger } from './silent.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { openStores } from './open-stores.ts';

export const PASSWORD = 'plenty of words to remember 7';
export const ISSUER = 'http://127.0.0.1:8080';
export const CAUSE: Cause = { actor: { kind: 'operator', id: 'operator' }, correlation: 'test' };
export const OPERATOR = { cause: CAUSE, by: { kind: 'operator' } } as const;

/** Passwords without their cost: what they are worth is shown elsewhere. */
export const cheapPasswords: Passwords & { verified: number } = {
  verified: 0,
  hash: async (password) => `cheap:${password}`,
  verify: async (password, hash) => {
    cheapPasswords.verified += 1;
    return hash === `cheap:${password}`;
  },
};

/** What a test may turn. */
export type Knobs = { now: number; beforeAppend: (stream: string, type: string) => void };

type Ground = Awaited<ReturnType<typeof openGround>>;

const openGround = async (knobs: Knobs) => {
  const directory = temporaryDirectory();
  const clock = { now: () => knobs.now };
  const codec = createEventCodec(catalogue);
  const embedded = await openStores({ dataDir: directory.path, codec, clock, logger: silentLogger, onFatal: failOnFatal });
  const append = async (...given: Parameters<EventStore['append']>): Promise<Appended> => {
    knobs.beforeAppend(given[0], given[2][0]?.type ?? '');
    return embedded.store.append(...given);
  };
  const sealing = await openSealing({ vault: embedded.vault, masterKey: Buffer.alloc(32, 7), ids: randomIds });
  const definitions = tenancyProjections as unknown as readonly AnyProjection[];
  const projections = createProjections({ clock, log: embedded.log, store: embedded.readModels, logger: silentLogger, definitions });
  const stop = closing(async () => {
    await projections.stop();
    await embedded.close();
  });
  await projections.start();
  return { directory, clock, embedded, store: { ...embedded.store, append }, sealing, projections, stop };
};

/** One program on the ground: several on the same ground share nothing but what is stored. */
const createProgram = ({ clock, embedded, store, sealing, projections }: Ground) => {
  const { personalData, secrets, blindIndex } = sealing;
  const aggregates = createTenancyAggregates(announcing(store, projections.freshness));
  const views = createTenantViews(aggregates);
  const persons = createPersons({ aggregates, personalData, passwords: cheapPasswords });
  const keys = createSessionKeys({ aggregates, secrets, makeKey: makeSessionKey, clock });
  const accessTokens = createAccessTokens({ keys, clock, issuer: ISSUER });
  const { state, readModels, log } = embedded;
  const { reader, freshness } = projections;
  const index = createCredentialIndex({ readModels, log, freshness, reader });
  const shared = { aggregates, views, accessTokens, secretTokens, personalData, clock, ids: randomIds };
  const throttle = createLoginThrottle({ state, clock });
  const factors = createSecondFactors({ ...shared, totp, blindIndex, throttle });
  const codes = { ...shared, secrets, persons, passwords: cheapPasswords, blindIndex, throttle, state, logger: silentLogger };
  const identities = createIdentities({ ...codes, factors });
  const queue = createMailQueue({ state, clock });
  return {
    aggregates,
    keys,
    rotations: createKeyRotations({
      store, clock, sessionKeys: keys,
      keys: { rotateTenant: (tenant, onProgress) => sealing.keyring.rotateTenant(tenant, onProgress), rotateMaster: (onProgress) => sealing.keyring.rotateMaster(Buffer.alloc(32, 8), onProgress) },
    }),
    factors,
    invitations: createInvitations(codes),
    passwordResets: createPasswordResets({ ...codes, identities }),
    invitationList: createInvitationList({ reader, personalData, clock }),
    /** What goes out after the answer, by a mailer of the test's. */
    mails: (mailer: Mailer) => ({
      queue,
      dispatch: createMailDispatch({ ...shared, mailer, queue, logger: silentLogger, publicUrl: ISSUER }),
      reaction: createReaction(mailReaction(queue), { log, state, logger: silentLogger }),
    }),
    accessTokens,
    reader,
    tenants: createTenants({ aggregates, persons, clock }),
    members: createMembers({ aggregates, persons }),
    credentials: createCredentials({ ...shared, state }),
    sessions: createSessions({ ...shared, state, factors, passwords: cheapPasswords, throttle, blindIndex }),
    access: createAccess({ ...shared, index, state }),
    credentialList: createCredentialList({ reader, state }),
    directory: createMemberDirectory({ reader, personalData }),
  };
};

export type Tenancy = Awaited<ReturnType<typeof startTenancy>>;

let made = 0;

export const startTenancy = async (now = Date.parse('2026-03-09T15:00:00.000Z')) => {
  const knobs: Knobs = { now, beforeAppend: () => undefined };
  const ground = await openGround(knobs);
  const program = createProgram(ground);
  return {
    ...program,
    knobs,
    ground,
    /** Another program on the same data. */
    another: () => createProgram(ground),
    /** A tenant of its own for a test. */
    organization: async (over: Readonly<{ slug?: string; email?: string; password?: string }> = {}) => {
      made += 1;
      const slug = over.slug ?? `org-${made}`;
      const owner = { email: over.email ?? `owner@${slug}.example`, password: over.password ?? PASSWORD };
      const { tenant, owner: { userId } } = await program.tenants.create(randomIds.next() as TenantId, { slug, name: slug, owner, plans: {} }, CAUSE);
      return { ...tenant, owner: { userId, ...owner } };
    },
    close: async () => {
      await ground.stop();
      ground.directory.remove();
    },
  };
};
