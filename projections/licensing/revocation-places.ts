/** Where in the log the revocations of a time begin. */
import type { Revocation, RevocationPlaces } from '../../application/licensing/ports.ts';
import { createFairTurns, inTurns, type FairTurns } from '../kernel/fair-turns.ts';
import type { Reader } from '../kernel/reader.ts';
import { REVOCATIONS_A_PIECE } from './licence-book.ts';
import { licensingRevocations } from './revocations.ts';

export const createRevocationPlaces = ({ reader, turns = createFairTurns() }: Readonly<{ reader: Reader; turns?: FairTurns }>): RevocationPlaces => ({
  before: async (tenant, moment, signal) => {
    const model = await reader.open<Revocation>(tenant, licensingRevocations);
    let first: string | undefined;
    // All of them: after a clock that was set back the earliest in time need not be the first in the log.
    const revoked = model.stream({ where: { revokedAt: { gte: moment } }, order: { by: 'revokedAt', direction: 'asc' } });
    for await (const { position } of inTurns(revoked, turns.join(tenant, signal), REVOCATIONS_A_PIECE)) {
      if (first === undefined || position < first) first = position;
    }
    const where = first === undefined ? {} : { position: { lt: first } };
    const { items } = await model.page({ where, order: { by: 'position', direction: 'desc' }, limit: 1 });
    return items[0]?.position;
  },
});
