/** The keys that sign access tokens: one signs, older ones verify until their last token has expired. */
import type { Decider, Message } from '../kernel/decider.ts';
import type { SealedSecret } from '../kernel/sealed.ts';
import type { SessionKeyAdded, SessionKeysEvent } from './session-keys.events.ts';

/**
 * Adds a key that signs from now on. `replaces` is the kid of the key that signs until then, undefined for the first;
 * when another one signs by now, somebody else was faster and there is nothing to do.
 */
export type AddSessionKey = Message<'AddSessionKey', { key: SessionKeyAdded['data']; replaces?: string; replacedVerifiesUntil: string }>;

export type SessionKey = Readonly<{ kid: string; publicKey: string; privateKey: SealedSecret; verifiesUntil?: string }>;
/** Oldest first; the last one signs. */
export type SessionKeysState = Readonly<{ keys: readonly SessionKey[] }>;

export const sessionKeys: Decider<SessionKeysState, AddSessionKey, SessionKeysEvent> = {
  initialState: { keys: [] },
  evolve: (state, event) => {
    if (event.type === 'SessionKeyAdded') {
      const { kid, publicKey, privateKey } = event.data;
      return { keys: [...state.keys, { kid, publicKey, privateKey }] };
    }
    if (event.type !== 'SessionKeyRetired') return state;
    const { kid, verifiesUntil } = event.data;
    return { keys: state.keys.map((key) => (key.kid === kid ? { ...key, verifiesUntil } : key)) };
  },
  decide: ({ data: { key, replaces, replacedVerifiesUntil } }, state) => {
    const signing = state.keys.at(-1)?.kid;
    if (signing !== replaces) return [];
    const added: SessionKeysEvent = { type: 'SessionKeyAdded', data: key };
    if (signing === undefined) return [added];
    return [added, { type: 'SessionKeyRetired', data: { kid: signing, verifiesUntil: replacedVerifiesUntil } }];
  },
};
