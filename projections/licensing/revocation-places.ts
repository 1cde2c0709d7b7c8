/** Where in the log the revocations of a time begin. */
import type { Revocation, RevocationPlaces } from '../../application/licensing/ports.ts';
import type { Reader } from '../kernel/reader.ts';
import { licensingRevocations } from './revocations.ts';

export const createRevocationPlaces = ({ reader }: Readonly<{ reader: Reader }>): RevocationPlaces => ({
  before: async (tenant, moment) => {
    const model = await reader.open<Revocation>(tenant, licensingRevocations);
    let first: string | undefined;
    // All of them: after a clock that was set back the earliest in time need not be the first in the log.
    for await (const { position } of model.stream({ where: { revokedAt: { gte: moment } }, order: { by: 'revokedAt', direction: 'asc' } })) {
      if (first === undefined || position < first) first = position;
    }
    const where = first === undefined ? {} : { position: { lt: first } };
    const { items } = await model.page({ where, order: { by: 'position', direction: 'desc' }, limit: 1 });
    return items[0]?.position;
  },
});
