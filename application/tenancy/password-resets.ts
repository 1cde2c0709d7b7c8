/** People who have forgotten their password get another one. Asking tells nobody whether there is such a person. */
import { INSTALLATION, type SubjectId } from '../../domain/kernel/ids.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import type { SealedSecret } from '../../domain/kernel/sealed.ts';
import { openReset } from '../../domain/tenancy/account.ts';
import type { Cause, Clock, Ids, Logger } from '../kernel/ports.ts';
import type { PersonalData, Secrets } from '../kernel/sealing.ts';
import type { StateStore } from '../kernel/state.ts';
import { addressKey } from './address-key.ts';
import { places, streams, type TenancyAggregates } from './aggregates.ts';
import { emailIn, normalizedAddress } from './email.ts';
import type { Identities, Membership } from './identities.ts';
import { instant } from './instant.ts';
import { resetCodes } from './located-tokens.ts';
import type { LoginThrottle } from './login-throttle.ts';
import { checkPassword } from './password-policy.ts';
import type { BlindIndex, Passwords, SecretTokens } from './ports.ts';

const LIFE_MS = 3_600_000;
/** For one address; what is beyond gets the same answer and no mail. */
const PER_HOUR = { limit: 3, windowMs: 3_600_000 } as const;
const PER_MINUTE = { limit: 20, windowMs: 60_000 } as const;
const REQUESTS = 'password-reset-requests';

export interface PasswordResets {
  /** Does the same for every address, and nothing for what is none. Rejects with `tenancy.too_many_attempts` {retryAfter} by client address. */
  request(asked: Readonly<{ email: string; ip: string }>, cause: Cause): Promise<void>;
  /** Looks who the addresses asked for belong to, and makes the codes that go out by mail. */
  work(signal: AbortSignal): Promise<void>;
  /**
   * Sets the password and ends every session of the person, in one append. Rejects with `tenancy.code_invalid`, `…too_many_attempts`
   * {retryAfter} or, the code staying good, `request.invalid` {fields}.
   */
  confirm(answer: Readonly<{ token: string; password: string; ip: string }>, cause: Cause): Promise<void>;
}

type Deps = Readonly<{
  aggregates: Pick<TenancyAggregates, 'accounts' | 'memberships'>;
  identities: Pick<Identities, 'everywhere' | 'membership'>;
  personalData: PersonalData;
  secrets: Secrets;
  passwords: Pick<Passwords, 'hash'>;
  secretTokens: SecretTokens;
  blindIndex: BlindIndex;
  throttle: LoginThrottle;
  state: StateStore;
  clock: Clock;
  ids: Ids;
  logger: Pick<Logger, 'error'>;
}>;

/** One that waits; `email` is sealed, since it may be anybody's. */
type Request = Readonly<{ email: SealedSecret; correlation: string }>;

const placeOf = (id: string) => ({ tenant: INSTALLATION, place: `${REQUESTS}#${id}` });

const createRequest = ({ secrets, blindIndex, state, clock, ids }: Deps): PasswordResets['request'] => {
  const limitClient = async (ip: string): Promise<void> => {
    const now = clock.now();
    const { exceeded, resetAt } = await state.hit('password-resets-by-ip', addressKey(ip), { ...PER_MINUTE, now });
    if (exceeded) reject('tenancy.too_many_attempts', { retryAfter: Math.ceil((resetAt - now) / 1_000) });
  };
  return async ({ email, ip }, { correlation }) => {
    await limitClient(ip);
    const address = emailIn(email);
    if (address === undefined) return;
    const key = await blindIndex('password-reset', normalizedAddress(address));
    const { exceeded } = await state.hit('password-resets', key, { ...PER_HOUR, now: clock.now() });
    const id = ids.next();
    const request: Request = { email: await secrets.seal(placeOf(id), Buffer.from(address, 'utf8')), correlation };
    if (!exceeded) await state.compareAndSet(REQUESTS, id, undefined, { value: JSON.stringify(request), expiresAt: clock.now() + LIFE_MS });
  };
};

const createWork = ({ aggregates: { accounts, memberships }, identities, personalData, secrets, secretTokens, state, clock, logger }: Deps): PasswordResets['work'] => {
  /** The address that the person joined with. What a stranger typed may be spelt so that it is another mailbox. */
  const addressOf = async ({ tenant, userId }: Membership): Promise<string | undefined> => {
    const { state: members } = await memberships.load(streams.membership(tenant.id));
    const sealed = members.members.get(userId)?.email;
    return sealed && personalData.open(sealed, places.email(tenant.id, userId));
  };

  /** The request's id is the reset's in every tenant: doing it twice is doing it once. */
  const makeCode = async (who: Membership, id: string, cause: Cause): Promise<void> => {
    const { tenant, userId, term } = who;
    const email = await addressOf(who);
    if (email === undefined) return;
    const subject = { id: userId, newKeys: [] };
    const code = resetCodes.make(secretTokens, { tenant: tenant.id, id: userId });
    const now = clock.now();
    const data = {
      resetId: id, userId, term,
      email: await personalData.seal(subject, places.resetEmail(tenant.id, userId, id), email),
      code: await personalData.seal(subject, places.resetCode(tenant.id, userId, id), code),
      codeHash: secretTokens.hash(code),
      requestedAt: instant(now),
      expiresAt: instant(now + LIFE_MS),
    };
    await accounts.execute(streams.account(tenant.id, userId), { type: 'RequestReset', data }, cause);
  };

  const answer = async (id: string, value: string): Promise<void> => {
    const { email: sealed, correlation } = JSON.parse(value) as Request;
    const email = Buffer.from(await secrets.open(placeOf(id), sealed)).toString('utf8');
    const cause: Cause = { actor: { kind: 'anonymous', id: 'anonymous' }, correlation };
    for (const who of await identities.everywhere(email)) await makeCode(who, id, cause);
    await state.compareAndSet(REQUESTS, id, value, undefined);
  };

  return async (signal) => {
    for await (const { key, value } of state.list(REQUESTS)) {
      if (signal.aborted) return;
      // One that fails must not keep the others waiting; it stays, and is gone with its hour.
      await answer(key, value).catch((error: unknown) => logger.error({ error, request: key }, 'a password reset could not be prepared'));
    }
  };
};

const createConfirm = ({ aggregates: { accounts }, identities, personalData, passwords, secretTokens, throttle, clock }: Deps): PasswordResets['confirm'] => {
  const open = async (token: string) => {
    const { tenant, id } = resetCodes.locate(token) ?? { tenant: undefined, id: undefined };
    const who = tenant && (await identities.membership(tenant, id as SubjectId));
    if (who === undefined) return undefined;
    const { state } = await accounts.load(streams.account(who.tenant.id, who.userId));
    const code = { codeHash: secretTokens.hash(token), term: who.term, at: instant(clock.now()) };
    const reset = openReset(state, code);
    const email = reset && (await personalData.open(reset.email, places.resetEmail(who.tenant.id, who.userId, reset.resetId)));
    return email === undefined ? undefined : { who, code, email };
  };

  return async ({ token, password, ip }, cause) => {
    const opened = await throttle.attempt([`ip:${ip}`], () => open(token));
    const { who, code, email } = opened ?? reject('tenancy.code_invalid');
    const { tenant, userId } = who;
    checkPassword(password, 'password', [email, tenant.slug, tenant.name]);
    const hash = await passwords.hash(password);
    const passwordHash = await personalData.seal({ id: userId, newKeys: [] }, places.passwordHash(tenant.id, userId), hash);
    const how: Cause = { ...cause, actor: { kind: 'person', id: userId } };
    await accounts.execute(streams.account(tenant.id, userId), { type: 'ConfirmReset', data: { ...code, passwordHash } }, how);
  };
};

export const createPasswordResets = (deps: Deps): PasswordResets => ({
  request: createRequest(deps),
  work: createWork(deps),
  confirm: createConfirm(deps),
});
