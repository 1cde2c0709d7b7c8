/** The identity of this installation's log: decided at first start, the same ever after. */
import type { Decider, Message } from '../kernel/decider.ts';
import { INSTALLATION, streamId } from '../kernel/ids.ts';
import { reject } from '../kernel/rejection.ts';
import type { LogIdentityEvent } from './log-identity.events.ts';

/** `origin` undefined: whatever it is, or the default for this installation id. */
export type FixLogOrigin = Message<'FixLogOrigin', { installationId: string; origin: string | undefined }>;

export type LogIdentity = Readonly<{ installationId: string; origin: string }>;

export const logIdentityStream = streamId('transparency.log-identity', INSTALLATION, 'log');

const DEFAULT_ORIGIN = 'chancery.invalid';

const fix = (command: FixLogOrigin, known: LogIdentity | undefined): readonly LogIdentityEvent[] => {
  const { installationId, origin } = command.data;
  if (known === undefined) {
    return [{ type: 'LogOriginFixed', data: { installationId, origin: origin ?? `${DEFAULT_ORIGIN}/${installationId}` } }];
  }
  if (origin !== undefined && origin !== known.origin) return reject('transparency.origin_differs', { origin: known.origin });
  return [];
};

export const logIdentityDecider: Decider<LogIdentity | undefined, FixLogOrigin, LogIdentityEvent> = {
  initialState: undefined,
  evolve: (state, event) => (event.type === 'LogOriginFixed' ? event.data : state),
  decide: fix,
};
