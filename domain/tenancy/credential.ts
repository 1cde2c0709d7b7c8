/** A secret that a program presents. Only its hash is known. */
import { otherwise, type Decider, type Message } from '../kernel/decider.ts';
import { reject } from '../kernel/rejection.ts';
import type { CredentialCreated, CredentialEvent } from './credential.events.ts';

export type CreateCredential = Message<'CreateCredential', CredentialCreated['data']>;
/** `at`: UTC, ISO 8601. */
export type RevokeCredential = Message<'RevokeCredential', { at: string }>;

export type CredentialCommand = CreateCredential | RevokeCredential;

export type CredentialState =
  | Readonly<{ status: 'none' }>
  | (Readonly<{ status: 'active' }> & CredentialCreated['data'])
  | (Readonly<{ status: 'revoked'; revokedAt: string }> & CredentialCreated['data']);

const evolve = (state: CredentialState, event: CredentialEvent): CredentialState => {
  switch (event.type) {
    case 'CredentialCreated':
      return { ...event.data, status: 'active' };
    case 'CredentialRevoked':
      return state.status === 'none' ? state : { ...state, status: 'revoked', revokedAt: event.data.revokedAt };
    default:
      return otherwise(event, state);
  }
};

const create = ({ data }: CreateCredential, state: CredentialState): readonly CredentialEvent[] => {
  if (state.status === 'none') return [{ type: 'CredentialCreated', data }];
  return state.secretHash === data.secretHash ? [] : reject('tenancy.credential_exists');
};

const revoke = ({ data }: RevokeCredential, state: CredentialState): readonly CredentialEvent[] => {
  if (state.status === 'none') return reject('tenancy.credential_not_found');
  if (state.status === 'revoked') return [];
  const { credentialId, surface } = state;
  return [{ type: 'CredentialRevoked', data: { credentialId, surface, revokedAt: data.at } }];
};

export const credential: Decider<CredentialState, CredentialCommand, CredentialEvent> = {
  initialState: { status: 'none' },
  evolve,
  decide: (command, state) => {
    switch (command.type) {
      case 'CreateCredential':
        return create(command, state);
      case 'RevokeCredential':
        return revoke(command, state);
      default:
        return otherwise(command, []);
    }
  },
};
