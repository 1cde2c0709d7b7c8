/** The second factor of a person: set up, asked for, given up. docs/contexts/tenancy.md tells what is used up when. */
import type { SubjectId, TenantId } from '../../domain/kernel/ids.ts';
import { Rejection, reject } from '../../domain/kernel/rejection.ts';
import { factorInForce, type SecondFactorCommand, type SecondFactorState } from '../../domain/tenancy/second-factor.ts';
import type { Cause, Clock, Ids } from '../kernel/ports.ts';
import type { PersonalData } from '../kernel/sealing.ts';
import type { PersonPrincipal } from './access.ts';
import { places, streams, type TenancyAggregates } from './aggregates.ts';
import type { LoginThrottle } from './login-throttle.ts';
import type { BlindIndex, Totp } from './ports.ts';

const RECOVERY_CODES = 10;

type Known = Exclude<SecondFactorState, { status: 'none' }>;
/** Whose factor: a person in one term of membership. */
export type Holder = Readonly<{ tenant: TenantId; userId: SubjectId; term: number }>;
/** What a code that is right would use up. */
export type FactorUse = Readonly<{ holder: Holder; enrolmentId: string }> & (Readonly<{ step: number }> | Readonly<{ recoveryHash: string }>);

export type Proposed = Readonly<{ secret: string; uri: string }>;

type Person = Pick<PersonPrincipal, 'tenant' | 'userId'>;

export interface SecondFactors {
  /** A secret for an authenticator app; it demands nothing yet. `label` names the person there. Rejects with `tenancy.totp_enabled`. */
  propose(person: Person, label: string, cause: Cause): Promise<Proposed>;
  /** Ten recovery codes, shown once. Rejects with `tenancy.totp_not_proposed`, `…totp_enabled`, `…totp_invalid` or `…too_many_attempts`. */
  confirm(person: Person, code: string, cause: Cause): Promise<readonly string[]>;
  /** Takes a code or a recovery code. Nothing to do when there is no factor. Rejects with `tenancy.totp_invalid` or `…too_many_attempts`. */
  disable(person: Person, code: string, cause: Cause): Promise<void>;
  demanded(holder: Holder): Promise<boolean>;
  /** Undefined when the code is wrong, or right for nobody. */
  check(holder: Holder, code: string): Promise<FactorUse | undefined>;
  /** False when somebody else has used it up meanwhile. */
  use(use: FactorUse, cause: Cause): Promise<boolean>;
}

type Deps = Readonly<{
  aggregates: Pick<TenancyAggregates, 'factors' | 'totpSteps' | 'memberships'>;
  personalData: PersonalData;
  totp: Totp;
  blindIndex: BlindIndex;
  throttle: LoginThrottle;
  clock: Clock;
  ids: Ids;
}>;

/** As it was typed, without what makes it readable. */
const typed = (code: string): string => code.replaceAll(/[\s-]/gu, '').toLowerCase();

const createCodes = ({ aggregates: { totpSteps, factors }, personalData, totp, blindIndex, clock, ids }: Deps) => {
  const recoveryHash = (enrolmentId: string, code: string): Promise<string> => blindIndex('recovery', `${enrolmentId}#${typed(code)}`);

  const check = async (holder: Holder, factor: Known, code: string): Promise<FactorUse | undefined> => {
    const { tenant, userId } = holder;
    const { enrolmentId } = factor;
    const secret = await personalData.open(factor.secret, places.totpSecret(tenant, userId, enrolmentId));
    const step = secret === undefined ? undefined : totp.step(secret, typed(code), clock.now());
    if (step !== undefined) return { holder, enrolmentId, step };
    const hash = await recoveryHash(enrolmentId, code);
    return factor.recovery.has(hash) ? { holder, enrolmentId, recoveryHash: hash } : undefined;
  };

  const spend = async (used: FactorUse, cause: Cause): Promise<unknown> => {
    const { holder: { tenant, userId }, enrolmentId } = used;
    if ('recoveryHash' in used) {
      const command = { type: 'UseRecoveryCode', data: { enrolmentId, recoveryHash: used.recoveryHash } } as const;
      return factors.execute(streams.factor(tenant, userId), command, cause);
    }
    const data = { enrolmentId, step: used.step, useId: ids.next() };
    return totpSteps.execute(streams.totpStep(tenant, enrolmentId, used.step), { type: 'UseTotpStep', data }, cause);
  };

  const use = async (used: FactorUse, cause: Cause): Promise<boolean> => {
    try {
      await spend(used, cause);
      return true;
    } catch (error) {
      if (error instanceof Rejection && error.code === 'tenancy.totp_invalid') return false;
      throw error;
    }
  };
  return { recoveryHash, check, use };
};

const createHolders = ({ aggregates: { factors, memberships } }: Deps) => ({
  of: async ({ tenant, userId }: Person): Promise<Holder> => {
    const member = (await memberships.load(streams.membership(tenant.id))).state.members.get(userId);
    return member?.role === undefined ? reject('tenancy.member_unknown') : { tenant: tenant.id, userId, term: member.term };
  },
  factor: async ({ tenant, userId }: Holder): Promise<SecondFactorState> => (await factors.load(streams.factor(tenant, userId))).state,
});

/** Uses up a code of this factor; guesses are counted. */
const createProve =
  ({ throttle }: Deps, codes: ReturnType<typeof createCodes>) =>
  async (holder: Holder, factor: Known, code: string, cause: Cause): Promise<void> => {
    const proved = await throttle.attempt([`factor:${holder.userId}`], async () => {
      const found = await codes.check(holder, factor, code);
      return found !== undefined && (await codes.use(found, cause)) ? found : undefined;
    });
    if (proved === undefined) reject('tenancy.totp_invalid');
  };

const createEnrolment = (deps: Deps, codes: ReturnType<typeof createCodes>): Pick<SecondFactors, 'propose' | 'confirm' | 'disable'> => {
  const { aggregates: { factors }, personalData, totp, ids } = deps;
  const holders = createHolders(deps);
  const prove = createProve(deps, codes);
  const execute = ({ tenant, userId }: Holder, command: SecondFactorCommand, cause: Cause) => factors.execute(streams.factor(tenant, userId), command, cause);

  return {
    propose: async (person, label, cause) => {
      const holder = await holders.of(person);
      const { tenant, userId, term } = holder;
      const enrolmentId = ids.next();
      const secret = totp.makeSecret();
      const sealed = await personalData.seal({ id: userId, newKeys: [] }, places.totpSecret(tenant, userId, enrolmentId), secret);
      await execute(holder, { type: 'ProposeTotp', data: { enrolmentId, term, secret: sealed } }, cause);
      return { secret, uri: totp.uri(secret, { issuer: `Chancery ${person.tenant.slug}`, account: label }) };
    },

    confirm: async (person, code, cause) => {
      const holder = await holders.of(person);
      const factor = await holders.factor(holder);
      if (factorInForce(factor, holder.term) !== undefined) return reject('tenancy.totp_enabled');
      if (factor.status !== 'proposed' || factor.term !== holder.term) return reject('tenancy.totp_not_proposed');
      await prove(holder, factor, code, cause);
      const recovery = Array.from({ length: RECOVERY_CODES }, () => totp.makeRecoveryCode());
      const recoveryHashes = await Promise.all(recovery.map((each) => codes.recoveryHash(factor.enrolmentId, each)));
      await execute(holder, { type: 'EnableTotp', data: { enrolmentId: factor.enrolmentId, recoveryHashes } }, cause);
      return recovery;
    },

    disable: async (person, code, cause) => {
      const holder = await holders.of(person);
      const factor = factorInForce(await holders.factor(holder), holder.term);
      if (factor === undefined) return;
      await prove(holder, factor, code, cause);
      await execute(holder, { type: 'DisableTotp', data: { enrolmentId: factor.enrolmentId } }, cause);
    },
  };
};

export const createSecondFactors = (deps: Deps): SecondFactors => {
  const codes = createCodes(deps);
  const holders = createHolders(deps);
  const inForce = async (holder: Holder) => factorInForce(await holders.factor(holder), holder.term);
  return {
    ...createEnrolment(deps, codes),
    use: codes.use,
    demanded: async (holder) => (await inForce(holder)) !== undefined,
    check: async (holder, code) => {
      const factor = await inForce(holder);
      return factor && codes.check(holder, factor, code);
    },
  };
};
