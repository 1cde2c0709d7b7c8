/**
 * Revoking a tenant's code-signing certificate so that nothing is completed with it afterwards, in whichever program it is being used.
 *
 * From the list on nobody is given the certificate again. Who was given it before has recorded the intent before that, so the operation is
 * among those that are pending now: each is told in its own stream, where its completion is decided, too.
 */
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { Authorities } from '../authorities/authorities.ts';
import type { Cause, Clock } from '../kernel/ports.ts';
import { operationStream, type SigningOperations } from './operations.ts';

/** The tenant's operations that are pending, among them every one whose intent was in the log when this was asked. Waits for no read model. */
export type PendingSignings = (tenant: TenantId) => Promise<readonly Readonly<{ operationId: string }>[]>;

/**
 * Once this has resolved, no operation completes with the certificate any more; false when it had been revoked before. Rejects as
 * `Authorities.revokeLeaf` does.
 */
export type RevokeSigningCertificate = Authorities['revokeLeaf'];

type Deps = Readonly<{
  authorities: Pick<Authorities, 'revokeLeaf'>;
  pending: PendingSignings;
  operations: Pick<SigningOperations, 'execute'>;
  clock: Clock;
}>;

export const createRevokeSigningCertificate = ({ authorities, pending, operations, clock }: Deps): RevokeSigningCertificate => {
  const withdraw = async (tenant: TenantId, operationId: string, certificateSerial: string, cause: Cause): Promise<void> => {
    const data = { operationId, certificateSerial, withdrawnAt: new Date(clock.now()).toISOString() };
    await operations.execute(operationStream(tenant, operationId), { type: 'WithdrawCertificate', data }, cause);
  };
  return async (owner, revocation, cause) => {
    const revoked = await authorities.revokeLeaf(owner, revocation, cause);
    // Also when it had been revoked before: whoever did that may have died in between.
    const open = await pending(owner.id);
    await Promise.all(open.map(({ operationId }) => withdraw(owner.id, operationId, revocation.serial, cause)));
    return revoked;
  };
};
