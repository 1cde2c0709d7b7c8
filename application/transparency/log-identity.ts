/** Fixes the log's origin at first start and tells it ever after. */
import { logIdentityDecider, logIdentityStream, type LogIdentity } from '../../domain/transparency/log-identity.ts';
import { createAggregate } from '../kernel/command-handler.ts';
import type { EventStore, Ids } from '../kernel/ports.ts';

/**
 * The identity of this installation's log. `origin` is what the operator asks for (undefined: no wish). Rejects with
 * `transparency.origin_differs` {origin} when the log already bears another one.
 */
export const fixLogIdentity = async (store: EventStore, ids: Ids, origin: string | undefined): Promise<LogIdentity> => {
  const identity = createAggregate(store, logIdentityDecider);
  const installationId = ids.next();
  const { state } = await identity.execute(
    logIdentityStream,
    { type: 'FixLogOrigin', data: { installationId, origin } },
    { actor: { kind: 'system', id: 'start' }, correlation: installationId },
  );
  if (state === undefined) throw new Error('the log has no identity');
  return state;
};
