/** Mail, and what goes out after the answer, wired. */
import { join } from 'node:path';
import type { Container } from 'inversify';
import type { Leases } from '../../application/kernel/leases.ts';
import type { Mailer } from '../../application/kernel/mailer.ts';
import type { EventLog, Logger } from '../../application/kernel/ports.ts';
import { createReaction } from '../../application/kernel/reactions.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { createMailDispatch, mailReaction, type MailDispatch } from '../../application/tenancy/mail-dispatch.ts';
import { createMailQueue, type MailQueue } from '../../application/tenancy/mail-queue.ts';
import type { PasswordResets } from '../../application/tenancy/password-resets.ts';
import { createOutboxMailer } from '../../infrastructure/mail/outbox-mailer.ts';
import { senderAddress } from '../../infrastructure/mail/sender-address.ts';
import { createSmtpMailer } from '../../infrastructure/mail/smtp-mailer.ts';
import type { Config } from '../../infrastructure/runtime/config.ts';
import type { Metrics } from '../../infrastructure/runtime/metrics.ts';
import { createScheduler, type ScheduledTask, type Scheduler } from '../../infrastructure/runtime/scheduler.ts';
import { provide } from './provide.ts';
import { runtime, storage, tenancy } from './tokens.ts';

/** Mail leaves within about this much of its event: where a look costs nothing, and where it is a question to a server. */
const PAUSE_MS = { embedded: 250, asked: 1_000 } as const;

const mailerOf = ({ config, publicUrl }: Readonly<{ config: Config; publicUrl: string }>): Mailer => {
  const from = config.mailServer?.from ?? senderAddress(publicUrl);
  return config.mailServer === undefined
    ? createOutboxMailer({ directory: join(config.dataDir, 'outbox'), from })
    : createSmtpMailer({ ...config.mailServer, from });
};

const MS = 1_000;

const watchMails = ({ gauge }: Pick<Metrics, 'gauge'>, { waiting }: Pick<MailQueue, 'waiting'>): void => {
  gauge('mails_waiting', 'Mails in the queue that have not gone out yet, over all tenants.', [], async () => [{ value: (await waiting()).mails }]);
  gauge('mail_waiting_seconds', 'How long the mail that waits longest has been in the queue, over all tenants; 0 when none waits.', [], async () => [{ value: (await waiting()).longestMs / MS }]);
};

type Dispatching = Readonly<{ config: Config; metrics: Metrics; logger: Logger; log: EventLog; state: StateStore; leases: Leases; queue: MailQueue; dispatch: MailDispatch; resets: PasswordResets }>;

const dispatcherOf = ({ config, metrics, logger, log, state, leases, queue, dispatch, resets }: Dispatching): Scheduler => {
  const reaction = createReaction(mailReaction(queue), { log, state, logger });
  if (config.roles.includes('dispatcher')) watchMails(metrics, queue);
  const pauseMs = config.mongoUrl === undefined ? PAUSE_MS.embedded : PAUSE_MS.asked;
  const tasks: readonly ScheduledTask[] = [
    { name: 'mail-reaction', pauseMs, work: (signal) => reaction.run(signal) },
    { name: 'mail-dispatch', pauseMs, work: (signal) => dispatch.pass(signal) },
    { name: 'password-resets', pauseMs, work: (signal) => resets.work(signal) },
  ];
  return createScheduler(config.roles.includes('dispatcher') ? tasks : [], logger, leases);
};

export const bindMail = (container: Container): void => {
  const { mailer, mailQueue, mailDispatch, aggregates, views } = tenancy;
  const { personalData, state, log, leases } = storage;
  const { clock, logger, publicUrl, config } = runtime;
  provide(container, mailer, mailerOf, { config, publicUrl });
  provide(container, mailQueue, createMailQueue, { state, clock });
  provide(container, mailDispatch, createMailDispatch, { aggregates, views, personalData, mailer, queue: mailQueue, clock, logger, publicUrl });
  provide(container, runtime.dispatcher, dispatcherOf, { config, metrics: runtime.metrics, logger, log, state, leases, queue: mailQueue, dispatch: mailDispatch, resets: tenancy.passwordResets });
};
