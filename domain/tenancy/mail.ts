/** What became of a mail: decided once. */
import type { Decider, Message } from '../kernel/decider.ts';
import type { MailEvent } from './mail.events.ts';

export type SettleMail = Message<'SettleMail', MailEvent>;
export type MailState = Readonly<{ settled: boolean }>;

export const mail: Decider<MailState, SettleMail, MailEvent> = {
  initialState: { settled: false },
  evolve: (state, event) => (event.type === 'MailSent' || event.type === 'MailFailed' ? { settled: true } : state),
  decide: ({ data: outcome }, { settled }) => (settled ? [] : [outcome]),
};
