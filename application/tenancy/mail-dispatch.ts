/** Sends what is in the queue, and says what became of it. */
import type { TenantId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { PasswordResetRequested } from '../../domain/tenancy/account.events.ts';
import type { MailEvent, MailFailure } from '../../domain/tenancy/mail.events.ts';
import type { InvitationCreated } from '../../domain/tenancy/membership.events.ts';
import type { Mail, Mailer } from '../kernel/mailer.ts';
import type { Cause, Clock, Logger } from '../kernel/ports.ts';
import { defineReaction, type Reaction } from '../kernel/reactions.ts';
import type { PersonalData, Place } from '../kernel/sealing.ts';
import type { Sealed } from '../../domain/kernel/sealed.ts';
import { places, streams, type TenancyAggregates } from './aggregates.ts';
import { instant } from './instant.ts';
import { invitationLetter, resetLetter, type Letter } from './letters.ts';
import { pauseAfter, type Claim, type MailQueue, type MailReference } from './mail-queue.ts';
import type { TenantViews } from './tenant-views.ts';

/** Puts into the queue what an event asks to be mailed. Never rebuilt, never reset. */
export const mailReaction = (queue: Pick<MailQueue, 'put'>): Reaction<InvitationCreated | PasswordResetRequested> =>
  defineReaction<InvitationCreated | PasswordResetRequested>({
    name: 'mail',
    onFailure: 'stop',
    on: {
      InvitationCreated: ({ tenant, data: { invitationId, userId } }) => queue.put({ kind: 'invitation', tenant, userId, id: invitationId }),
      PasswordResetRequested: ({ tenant, data: { resetId, userId } }) => queue.put({ kind: 'password-reset', tenant, userId, id: resetId }),
    },
  });

type Deps = Readonly<{
  aggregates: Pick<TenancyAggregates, 'memberships' | 'accounts' | 'mails'>;
  views: Pick<TenantViews, 'byId'>;
  personalData: PersonalData;
  mailer: Mailer;
  queue: MailQueue;
  clock: Clock;
  logger: Pick<Logger, 'warn'>;
  /** PUBLIC_URL: what links begin with. */
  publicUrl: string;
}>;

/** What is known of a mail before it is opened. */
type Waiting = Readonly<{ to: Sealed; toPlace: Place; code: Sealed; codePlace: Place; until: string; write: (tenant: string, code: string) => Letter }>;

const createFind = ({ aggregates: { memberships, accounts }, publicUrl }: Deps) => {
  const invitation = async ({ tenant, id }: MailReference): Promise<Waiting | undefined> => {
    const found = (await memberships.load(streams.membership(tenant))).state.invitations.get(id);
    if (found?.status !== 'pending') return undefined;
    const { email, code, expiresAt: until, role } = found;
    const write = (name: string, text: string): Letter =>
      invitationLetter({ tenant: name, link: `${publicUrl}/console/invitation?token=${text}`, until, role });
    return { to: email, toPlace: places.invited(tenant, id), code, codePlace: places.invitationCode(tenant, id), until, write };
  };

  const reset = async ({ tenant, userId, id }: MailReference): Promise<Waiting | undefined> => {
    const found = (await accounts.load(streams.account(tenant, userId))).state.resets.find(({ resetId }) => resetId === id);
    if (found === undefined) return undefined;
    const { email, code, expiresAt: until } = found;
    const write = (name: string, text: string): Letter =>
      resetLetter({ tenant: name, link: `${publicUrl}/console/password-reset?token=${text}`, until });
    return { to: email, toPlace: places.resetEmail(tenant, userId, id), code, codePlace: places.resetCode(tenant, userId, id), until, write };
  };
  return (reference: MailReference): Promise<Waiting | undefined> => (reference.kind === 'invitation' ? invitation(reference) : reset(reference));
};

const createCompose = ({ views, personalData, clock }: Deps, find: ReturnType<typeof createFind>) =>
  async (reference: MailReference): Promise<Mail | MailFailure> => {
    const waiting = await find(reference);
    if (waiting === undefined) return 'withdrawn';
    if (instant(clock.now()) >= waiting.until) return 'expired';
    const to = await personalData.open(waiting.to, waiting.toPlace);
    const code = await personalData.open(waiting.code, waiting.codePlace);
    const tenant = await views.byId(reference.tenant);
    if (to === undefined || code === undefined || tenant === undefined) return 'withdrawn';
    return { id: reference.id, to, ...waiting.write(tenant.name, code) };
  };

const causeOf = (id: string): Cause => ({ actor: { kind: 'system', id: 'mail' }, correlation: id });

const createSettle = ({ aggregates: { mails }, clock }: Deps) => {
  const settle = async (tenant: TenantId, outcome: MailEvent): Promise<void> => {
    const { mailId } = outcome.data;
    await mails.execute(streams.mail(tenant, mailId), { type: 'SettleMail', data: outcome }, causeOf(mailId));
  };
  return {
    isSettled: async ({ tenant, id }: MailReference): Promise<boolean> => (await mails.load(streams.mail(tenant, id))).state.settled,
    sent: ({ tenant, id }: MailReference) => settle(tenant, { type: 'MailSent', data: { mailId: id, at: instant(clock.now()) } }),
    failed: ({ tenant, id }: MailReference, reason: MailFailure, status?: number) =>
      settle(tenant, { type: 'MailFailed', data: { mailId: id, reason, at: instant(clock.now()), ...(status !== undefined && { status }) } }),
  };
};

const statusOf = ({ details }: Rejection): number | undefined => (typeof details['status'] === 'number' ? details['status'] : undefined);

export interface MailDispatch {
  /** Sends what is due, at most four mails at a time; ends when none of them is under way any more. Rejects when what is due cannot be listed. */
  pass(signal: AbortSignal): Promise<void>;
}

const AT_ONCE = 4;

/** Rejects never. */
const createAttempt = (deps: Deps): ((claim: Claim) => Promise<void>) => {
  const { mailer, logger } = deps;
  const compose = createCompose(deps, createFind(deps));
  const settle = createSettle(deps);

  const post = async (reference: MailReference, mail: Mail): Promise<void> => {
    try {
      await mailer.send(mail);
    } catch (error) {
      if (!(error instanceof Rejection) || error.code !== 'mail.refused') throw error;
      logger.warn({ mail: reference.id, status: statusOf(error) }, 'a mail was refused');
      return settle.failed(reference, 'refused', statusOf(error));
    }
    return settle.sent(reference);
  };

  const finish = async ({ reference }: Claim): Promise<unknown> => {
    if (await settle.isSettled(reference)) return undefined;
    const mail = await compose(reference);
    return typeof mail === 'string' ? settle.failed(reference, mail) : post(reference, mail);
  };

  /** What cannot be stored now leaves the mail claimed: it is due again when the claim is over. */
  const postpone = async ({ reference, attempts, again }: Claim): Promise<void> => {
    try {
      await again(pauseAfter(attempts));
    } catch (error) {
      logger.warn({ error, mail: reference.id, attempts }, 'it could not be stored when a mail is to be tried again');
    }
  };

  return async (claim) => {
    const { reference, attempts } = claim;
    try {
      await finish(claim);
      await claim.done();
    } catch (error) {
      logger.warn({ error, mail: reference.id, attempts }, 'a mail could not be sent now; it will be tried again');
      await postpone(claim);
    }
  };
};

export const createMailDispatch = (deps: Deps): MailDispatch => {
  const attempt = createAttempt(deps);
  return {
    pass: async (signal) => {
      const running = new Set<Promise<void>>();
      try {
        for await (const claim of deps.queue.due()) {
          const mine = attempt(claim).finally(() => running.delete(mine));
          running.add(mine);
          if (running.size >= AT_ONCE) await Promise.race(running);
          if (signal.aborted) break;
        }
      } finally {
        // Also when no more can be listed: the next pass begins after this one.
        await Promise.all(running);
      }
    },
  };
};
