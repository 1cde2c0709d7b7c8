/** Questions about the licences of one account; what is personal is opened for the answer, never before. */
import type { PersonalData } from '../../application/kernel/sealing.ts';
import { readLicence } from '../../application/licensing/holders.ts';
import type { Licence, LicenceStatus } from '../../application/licensing/licences.ts';
import type { LicenceBook, Revocation } from '../../application/licensing/ports.ts';
import type { Query, ReadModel } from '../../application/kernel/read-models.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { createFairTurns, inTurns, type FairTurns } from '../kernel/fair-turns.ts';
import type { Reader } from '../kernel/reader.ts';
import { licensingLicences, type LicenceDocument } from './licences.ts';
import { licensingRevocations } from './revocations.ts';

type Model = ReadModel<LicenceDocument>;
type Wanted = Readonly<{ status?: LicenceStatus; page: number; perPage: number; now: number; signal?: AbortSignal }>;
type Question = Omit<Query<LicenceDocument>, 'limit' | 'after'>;

/** Licences read and opened at once: each may hold over a hundred kilobytes. */
const LICENCES_A_PIECE = 10;
/** Revocations that the store reads at once. */
export const REVOCATIONS_A_PIECE = 500;

const questionOf = (status: LicenceStatus, now: number): Pick<Query<LicenceDocument>, 'where' | 'order'> => {
  if (status === 'revoked') return { where: { revoked: true }, order: { by: 'revokedAt', direction: 'asc' } };
  const at = new Date(now).toISOString();
  return { where: { revoked: false, validUntil: status === 'active' ? { gt: at } : { lte: at } }, order: { by: 'validUntil', direction: 'asc' } };
};

/** Numbers have no gaps: a page of all is found by its numbers, however far down it is. */
const pageOf = ({ status, page, perPage, now }: Wanted): Question => {
  const before = (page - 1) * perPage;
  if (status !== undefined) return { ...questionOf(status, now), offset: before };
  return { where: { number: { gt: before, lte: before + perPage } }, order: { by: 'number', direction: 'asc' } };
};

async function* inPieces(model: Model, question: Question, count: number): AsyncIterable<readonly LicenceDocument[]> {
  const { offset = 0, ...rest } = question;
  let left = count;
  let from: Pick<Query<LicenceDocument>, 'offset' | 'after'> = { offset };
  while (left > 0) {
    const { items, next } = await model.page({ ...rest, ...from, limit: Math.min(left, LICENCES_A_PIECE) });
    yield items;
    if (next === undefined) return;
    left -= items.length;
    from = { after: next };
  }
}

const totalOf = async (model: Model, { where }: Question, { status }: Wanted): Promise<number> => {
  const { total = 0 } = await model.page({ ...(status !== undefined && where !== undefined && { where }), limit: 1, total: true });
  return total;
};

type Deps = Readonly<{ reader: Reader; personalData: Pick<PersonalData, 'open'>; turns?: FairTurns }>;

/** `turns`: shared by all that read much, so that everybody else hardly feels it. */
export const createLicenceBook = ({ reader, personalData, turns = createFairTurns() }: Deps): LicenceBook => {
  const licences = (tenant: TenantId): Promise<Model> => reader.open<LicenceDocument>(tenant, licensingLicences);
  const revocations = async function* revocations(tenant: TenantId, question: Omit<Query<Revocation>, 'limit'>, signal?: AbortSignal): AsyncIterable<Revocation> {
    const model = await reader.open<Revocation>(tenant, licensingRevocations);
    yield* inTurns(model.stream(question), turns.join(tenant, signal), REVOCATIONS_A_PIECE);
  };
  return {
    get: async (tenant, licenceKey) => {
      const found = await (await licences(tenant)).get(licenceKey);
      return found && readLicence(personalData, tenant, found);
    },
    page: async (tenant, wanted) => {
      const model = await licences(tenant);
      const question = pageOf(wanted);
      const items: Licence[] = [];
      // Opened before the next ones are read: nothing is held of them but what is shown.
      for await (const piece of inTurns(inPieces(model, question, wanted.perPage), turns.join(tenant, wanted.signal), 1)) {
        items.push(...(await Promise.all(piece.map((found) => readLicence(personalData, tenant, found)))));
      }
      return { items, total: await totalOf(model, question, wanted) };
    },
    revocations: (tenant, moment, signal) => {
      const where = moment === undefined ? {} : { revokedAt: { gte: moment } };
      return revocations(tenant, { where, order: { by: 'revokedAt', direction: 'asc' } }, signal);
    },
    revocationsAfter: (tenant, position, signal) => {
      const where = position === undefined ? {} : { position: { gt: position } };
      return revocations(tenant, { where, order: { by: 'position', direction: 'asc' } }, signal);
    },
  };
};
