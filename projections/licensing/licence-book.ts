/** Questions about the licences of one account; what is personal is opened for the answer, never before. */
import type { PersonalData } from '../../application/kernel/sealing.ts';
import { readLicence } from '../../application/licensing/holders.ts';
import type { LicenceStatus } from '../../application/licensing/licences.ts';
import type { LicenceBook, Revocation } from '../../application/licensing/ports.ts';
import type { Query, ReadModel } from '../../application/kernel/read-models.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { Reader } from '../kernel/reader.ts';
import { licensingLicences, type LicenceDocument } from './licences.ts';
import { licensingRevocations } from './revocations.ts';

type Model = ReadModel<LicenceDocument>;
type Wanted = Readonly<{ status?: LicenceStatus; page: number; perPage: number; now: number }>;
type Found = Readonly<{ items: readonly LicenceDocument[]; total: number }>;

/** Numbers have no gaps: a page of all is found by its numbers, however far down it is. */
const pageOfAll = async (model: Model, { page, perPage }: Wanted): Promise<Found> => {
  const first = (page - 1) * perPage + 1;
  const { items } = await model.page({ where: { number: { gte: first, lt: first + perPage } }, order: { by: 'number', direction: 'asc' }, limit: perPage });
  const { total = 0 } = await model.page({ limit: 1, total: true });
  return { items, total };
};

const questionOf = (status: LicenceStatus, now: number): Pick<Query<LicenceDocument>, 'where' | 'order'> => {
  if (status === 'revoked') return { where: { revoked: true }, order: { by: 'revokedAt', direction: 'asc' } };
  const at = new Date(now).toISOString();
  return { where: { revoked: false, validUntil: status === 'active' ? { gt: at } : { lte: at } }, order: { by: 'validUntil', direction: 'asc' } };
};

const pageOf = async (model: Model, wanted: Wanted): Promise<Found> => {
  const { status, page, perPage, now } = wanted;
  if (status === undefined) return pageOfAll(model, wanted);
  const { items, total = 0 } = await model.page({ ...questionOf(status, now), limit: perPage, offset: (page - 1) * perPage, total: true });
  return { items, total };
};

export const createLicenceBook = ({ reader, personalData }: Readonly<{ reader: Reader; personalData: Pick<PersonalData, 'open'> }>): LicenceBook => {
  const licences = (tenant: TenantId): Promise<Model> => reader.open<LicenceDocument>(tenant, licensingLicences);
  const revocations = (tenant: TenantId): Promise<ReadModel<Revocation>> => reader.open<Revocation>(tenant, licensingRevocations);
  return {
    get: async (tenant, licenceKey) => {
      const found = await (await licences(tenant)).get(licenceKey);
      return found && readLicence(personalData, tenant, found);
    },
    page: async (tenant, wanted) => {
      const { items, total } = await pageOf(await licences(tenant), wanted);
      return { items: await Promise.all(items.map((found) => readLicence(personalData, tenant, found))), total };
    },
    revocations: async function* since(tenant, moment) {
      const where = moment === undefined ? {} : { revokedAt: { gte: moment } };
      yield* (await revocations(tenant)).stream({ where, order: { by: 'revokedAt', direction: 'asc' } });
    },
    revocationsAfter: async function* after(tenant, position) {
      const where = position === undefined ? {} : { position: { gt: position } };
      yield* (await revocations(tenant)).stream({ where, order: { by: 'position', direction: 'asc' } });
    },
  };
};
