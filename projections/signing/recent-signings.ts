/** The newest signings of a person: what their pace starts from. */
import type { RecentSignings } from '../../application/signing/pace.ts';
import type { OperationStatus } from '../../domain/signing/operation.ts';
import type { Reader } from '../kernel/reader.ts';
import { signingOperations, type OperationDocument } from './operations.ts';

/** There is no signature, and there will be none. */
const WITHOUT: ReadonlySet<OperationStatus> = new Set(['failed', 'timeout']);

export const createRecentSignings =
  (reader: Reader): RecentSignings =>
  async ({ tenant, userId }, since, most) => {
    const model = await reader.open<OperationDocument>(tenant, signingOperations);
    const found = [];
    const question = { where: { actorUserId: userId, createdAt: { gt: since } }, order: { by: 'createdAt', direction: 'desc' } } as const;
    for await (const { id, status, createdAt } of model.stream(question)) {
      if (!WITHOUT.has(status)) found.push({ operationId: id, at: createdAt });
      if (found.length === most) break;
    }
    return found.toReversed();
  };
