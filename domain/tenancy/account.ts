/** How a person proves to be themselves with a password, after they have joined with one. */
import { otherwise, type Decider, type Message } from '../kernel/decider.ts';
import { reject } from '../kernel/rejection.ts';
import type { Sealed } from '../kernel/sealed.ts';
import type { AccountEvent, PasswordResetRequested } from './account.events.ts';

export type RequestReset = Message<'RequestReset', PasswordResetRequested['data']>;
/** `term`: the person's present term of membership. `at`: UTC, ISO 8601. */
export type ConfirmReset = Message<'ConfirmReset', { codeHash: string; passwordHash: Sealed; term: number; at: string }>;

export type AccountCommand = RequestReset | ConfirmReset;
export type Reset = PasswordResetRequested['data'];

export type AccountState = Readonly<{
  /** The newest password, and the term it was set in (none: set before there were such). */
  passwordHash?: Sealed;
  term?: number;
  /** Grows with every reset: what was opened in an earlier epoch is worth nothing. */
  epoch: number;
  /** Codes that have neither been used nor, when the newest was made, expired. */
  resets: readonly Reset[];
}>;

const evolve = (state: AccountState, event: AccountEvent): AccountState => {
  switch (event.type) {
    case 'PasswordSet': {
      const { passwordHash, term, resetId } = event.data;
      const epoch = resetId === undefined ? state.epoch : state.epoch + 1;
      return { passwordHash, epoch, resets: [], ...(term !== undefined && { term }) };
    }
    case 'PasswordResetRequested':
      return { ...state, resets: [...state.resets.filter(({ expiresAt }) => event.data.requestedAt < expiresAt), event.data] };
    default:
      return otherwise(event, state);
  }
};

/** The request that this code confirms, for somebody in this term; undefined when there is none. */
export const openReset = (
  { resets }: AccountState,
  { codeHash, term, at }: Pick<ConfirmReset['data'], 'codeHash' | 'term' | 'at'>,
): Reset | undefined => resets.find((reset) => reset.codeHash === codeHash && reset.term === term && at < reset.expiresAt);

const confirm = ({ data }: ConfirmReset, state: AccountState): readonly AccountEvent[] => {
  const { resetId } = openReset(state, data) ?? reject('tenancy.code_invalid');
  const { passwordHash, term } = data;
  return [{ type: 'PasswordSet', data: { passwordHash, term, resetId } }];
};

export const account: Decider<AccountState, AccountCommand, AccountEvent> = {
  initialState: { epoch: 0, resets: [] },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'RequestReset':
        return state.resets.some(({ resetId }) => resetId === command.data.resetId) ? [] : [{ type: 'PasswordResetRequested', data: command.data }];
      case 'ConfirmReset':
        return confirm(command, state);
      default:
        return otherwise(command, []);
    }
  },
};
