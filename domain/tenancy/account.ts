/** What a person proves to be themselves with. */
import type { Decider, Message } from '../kernel/decider.ts';
import type { Sealed } from '../kernel/sealed.ts';
import type { AccountEvent } from './account.events.ts';

export type SetPassword = Message<'SetPassword', { passwordHash: Sealed }>;

export type AccountCommand = SetPassword;
export type AccountState = Readonly<{ passwordHash?: Sealed }>;

export const account: Decider<AccountState, AccountCommand, AccountEvent> = {
  initialState: {},
  evolve: (state, event) => (event.type === 'PasswordSet' ? { ...state, passwordHash: event.data.passwordHash } : state),
  decide: ({ data }, state) =>
    state.passwordHash?.box === data.passwordHash.box ? [] : [{ type: 'PasswordSet', data }],
};
