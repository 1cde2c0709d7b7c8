/** A second factor by time-based codes (RFC 6238), and the recovery codes that stand in for them. */
import { otherwise, type Decider, type Message } from '../kernel/decider.ts';
import { reject } from '../kernel/rejection.ts';
import type { Sealed } from '../kernel/sealed.ts';
import type { SecondFactorEvent, TotpProposed, TotpStepUsed } from './second-factor.events.ts';

export type ProposeTotp = Message<'ProposeTotp', TotpProposed['data']>;
export type EnableTotp = Message<'EnableTotp', { enrolmentId: string; recoveryHashes: readonly string[] }>;
export type UseRecoveryCode = Message<'UseRecoveryCode', { enrolmentId: string; recoveryHash: string }>;
export type DisableTotp = Message<'DisableTotp', { enrolmentId: string }>;

export type SecondFactorCommand = ProposeTotp | EnableTotp | UseRecoveryCode | DisableTotp;

export type SecondFactorState =
  | Readonly<{ status: 'none' }>
  | Readonly<{ status: 'proposed' | 'enabled'; enrolmentId: string; term: number; secret: Sealed; recovery: ReadonlySet<string> }>;

const evolveKnown = (state: Exclude<SecondFactorState, { status: 'none' }>, event: Exclude<SecondFactorEvent, TotpProposed>): SecondFactorState => {
  switch (event.type) {
    case 'TotpEnabled':
      return { ...state, status: 'enabled', recovery: new Set(event.data.recoveryHashes) };
    case 'RecoveryCodeUsed':
      return { ...state, recovery: new Set([...state.recovery].filter((hash) => hash !== event.data.recoveryHash)) };
    case 'TotpDisabled':
      return { status: 'none' };
    default:
      return otherwise(event, state);
  }
};

const evolve = (state: SecondFactorState, event: SecondFactorEvent): SecondFactorState => {
  if (event.type === 'TotpProposed') return { status: 'proposed', ...event.data, recovery: new Set() };
  return state.status === 'none' || state.enrolmentId !== event.data.enrolmentId ? state : evolveKnown(state, event);
};

/** The factor that is in force in this term of membership. */
export const factorInForce = (state: SecondFactorState, term: number): Extract<SecondFactorState, { status: 'enabled' | 'proposed' }> | undefined =>
  state.status === 'enabled' && state.term === term ? state : undefined;

const propose = ({ data }: ProposeTotp, state: SecondFactorState): readonly SecondFactorEvent[] => {
  if (factorInForce(state, data.term) !== undefined) return reject('tenancy.totp_enabled');
  return state.status !== 'none' && state.enrolmentId === data.enrolmentId ? [] : [{ type: 'TotpProposed', data }];
};

const enable = ({ data }: EnableTotp, state: SecondFactorState): readonly SecondFactorEvent[] => {
  if (state.status === 'none' || state.enrolmentId !== data.enrolmentId) return reject('tenancy.totp_not_proposed');
  return state.status === 'enabled' ? reject('tenancy.totp_enabled') : [{ type: 'TotpEnabled', data }];
};

const spend = ({ data }: UseRecoveryCode, state: SecondFactorState): readonly SecondFactorEvent[] => {
  const good = state.status === 'enabled' && state.enrolmentId === data.enrolmentId && state.recovery.has(data.recoveryHash);
  return good ? [{ type: 'RecoveryCodeUsed', data }] : reject('tenancy.totp_invalid');
};

export const secondFactor: Decider<SecondFactorState, SecondFactorCommand, SecondFactorEvent> = {
  initialState: { status: 'none' },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'ProposeTotp':
        return propose(command, state);
      case 'EnableTotp':
        return enable(command, state);
      case 'UseRecoveryCode':
        return spend(command, state);
      case 'DisableTotp':
        return state.status === 'none' || state.enrolmentId !== command.data.enrolmentId ? [] : [{ type: 'TotpDisabled', data: command.data }];
      default:
        return otherwise(command, []);
    }
  },
};

export type UseTotpStep = Message<'UseTotpStep', TotpStepUsed['data']>;
export type TotpStepState = Readonly<{ useId?: string }>;

/** One time step of one secret: whoever comes second has copied the code. */
export const totpStep: Decider<TotpStepState, UseTotpStep, TotpStepUsed> = {
  initialState: {},
  evolve: (state, event) => (event.type === 'TotpStepUsed' ? { useId: event.data.useId } : state),
  decide: ({ data }, { useId }) => {
    if (useId === undefined) return [{ type: 'TotpStepUsed', data }];
    return useId === data.useId ? [] : reject('tenancy.totp_invalid');
  },
};
