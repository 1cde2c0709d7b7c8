/** What became of an operation, as far as what was taken for it is concerned. */
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { SigningOperationState } from '../../domain/signing/operation.ts';
import type { Cause } from '../kernel/ports.ts';
import { operationStream, type SigningOperations } from './operations.ts';

/** It has its signature; it has none and will get none; nobody knows yet. */
export type Fate = 'spend' | 'release' | 'wait';

type Where = Readonly<{ tenant: TenantId; operationId: string }>;

/** How long an operation may be pending. */
export const PENDING_MS = 60_000;

const iso = (at: number): string => new Date(at).toISOString();

export const fateIn = ({ status }: SigningOperationState): Fate => {
  if (status === 'pending' || status === 'none') return 'wait';
  return status === 'failed' || status === 'timeout' || status === 'closed' ? 'release' : 'spend';
};

export const fateOf = async (operations: Pick<SigningOperations, 'load'>, { tenant, operationId }: Where): Promise<Fate> =>
  fateIn((await operations.load(operationStream(tenant, operationId))).state);

/** Ends it if it has been pending for too long at `now` (milliseconds since 1970), and closes it if it never began. */
export const timeOut = async (operations: Pick<SigningOperations, 'execute'>, { tenant, operationId }: Where, now: number, cause: Cause) => {
  const data = { operationId, timedOutAt: iso(now), requestedUntil: iso(now - PENDING_MS) };
  return operations.execute(operationStream(tenant, operationId), { type: 'TimeOutSigning', data }, cause);
};

/** The fate of an operation whose time must be over, or nearly so. */
export const fateInTime = async (operations: Pick<SigningOperations, 'execute'>, where: Where, now: number, cause: Cause): Promise<Fate> =>
  fateIn((await timeOut(operations, where, now, cause)).state);
