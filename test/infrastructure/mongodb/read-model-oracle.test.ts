/**
 * Random documents and questions: the embedded store, MongoDB, and mingo (MongoDB's own query language in memory) over the records as they are
 * stored, all give the same documents in the same order. Values of one field may be of any type, and ids and texts may hold anything.
 */
import { expect } from 'chai';
import * as fc from 'fast-check';
import { Query as MingoQuery } from 'mingo';
import type { Change, Condition, Page, Query, ReadModelDefinition, ReadModelStore } from '../../../application/kernel/read-models.ts';
import type { Position, TenantId } from '../../../domain/kernel/ids.ts';
import { clausesFor, filterOf } from '../../../infrastructure/mongodb/read-model-query.ts';
import { fieldPath, ID, toRecord } from '../../../infrastructure/mongodb/read-model-records.ts';
import { openMongoReadModels } from '../../../infrastructure/mongodb/read-model-store.ts';
import { openReadModelStore, type OpenReadModelStore } from '../../../infrastructure/read-models/read-model-store.ts';
import { filtersOf } from '../../../infrastructure/read-models/sql-query.ts';
import { digestOf } from '../../../projections/kernel/digest.ts';
import { openTestMongo, type TestMongo } from '../../support/mongo.ts';
import { describeWithEngine } from '../../support/pending.ts';
import { someTenant } from '../../support/sample-events.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

type Anything = Readonly<{ id: string; kind?: unknown; weight?: unknown; more?: unknown }>;
type Asked = Readonly<{ where: Readonly<Record<string, Condition>>; order?: NonNullable<Query<Anything>['order']> }>;

const MODEL: ReadModelDefinition = { name: 'anything', version: 1, indexes: [['weight'], ['kind', 'weight'], ['kind']] };
const AT = '00000000000000000001' as Position;

/** What means something to a database, and what is hard to write down. Outside the first plane, languages and databases sort differently. */
const text = fc.oneof(
  fc.constantFrom('', '$where', '$gt', 'v.t', 'a.b', '\u0000', "'; DROP TABLE x; --", '{"$ne":null}', 'é', '\uFFFD', '~', '1', 'null'),
  fc.string({ maxLength: 6 }),
);
const scalar = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(null, true, false, 0, 1, 2, -1, 1.5, 2 ** 31, -(2 ** 53), 1e300, 5e-324) },
  { weight: 3, arbitrary: fc.constantFrom('a', 'b', 'B', '1', '') },
  { weight: 1, arbitrary: text },
);
const value = fc.oneof({ weight: 9, arbitrary: scalar }, { weight: 1, arbitrary: fc.constantFrom({ $gt: '' }, ['a'], {}) });
const documents = fc.uniqueArray(
  fc.record({ id: text, kind: value, weight: value, more: fc.dictionary(text, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }) }, { requiredKeys: ['id'] }),
  { selector: ({ id }) => id, maxLength: 25 },
);

const bounds = fc.record({ gte: scalar, gt: scalar, lte: scalar, lt: scalar, in: fc.array(scalar, { maxLength: 4 }) }, { requiredKeys: [] });
const condition: fc.Arbitrary<Condition> = fc.oneof(scalar, bounds);
const direction = fc.constantFrom('asc' as const, 'desc' as const);
const asked: fc.Arbitrary<Asked> = fc.oneof(
  fc.record({ where: fc.record({ kind: condition, weight: condition }, { requiredKeys: [] }) }),
  fc.record({ where: fc.record({ kind: condition, weight: condition }, { requiredKeys: [] }), order: fc.record({ by: fc.constantFrom('kind' as const, 'weight' as const), direction }) }),
  fc.record({ where: fc.record({ kind: scalar, weight: bounds }, { requiredKeys: ['kind'] }), order: fc.record({ by: fc.constant('weight' as const), direction }) }),
);

const changeOf = (tenant: TenantId, document: object & { id: string }): Change => ({ tenant, id: document.id, document, position: AT });

const pagesOf = async (store: ReadModelStore, tenant: TenantId, question: Asked, limit: number): Promise<readonly Page<Anything>[]> => {
  const model = store.open<Anything>(tenant, MODEL);
  const pages: Page<Anything>[] = [];
  for (let after: string | undefined; pages.length === 0 || after !== undefined; after = pages.at(-1)?.next) {
    pages.push(await model.page({ ...question, limit, total: true, ...(after !== undefined && { after }) }));
  }
  return [...pages, await model.page({ ...question, limit, offset: limit })];
};

const byMingo = (changes: readonly Change[], tenant: TenantId, { where, order }: Asked): readonly string[] => {
  const records = changes.map((change) => toRecord(['weight', 'kind'], change));
  const sign = order?.direction === 'desc' ? -1 : 1;
  const filter = filterOf(tenant, clausesFor(filtersOf(MODEL, where)));
  return new MingoQuery({ ...filter }).find<(typeof records)[number]>(records).sort({ ...(order !== undefined && { [fieldPath(order.by)]: sign }), [ID]: sign }).all().map(({ i }) => i);
};

describeWithEngine('read models in MongoDB, beside the embedded ones and mingo', 'MONGO_URL', (address) => {
  let mongo: TestMongo;
  let directory: TemporaryDirectory;
  let embedded: OpenReadModelStore;
  let position = 0;
  const stores: ReadModelStore[] = [];

  before(async () => {
    directory = temporaryDirectory();
    mongo = await openTestMongo(address);
    embedded = await openReadModelStore({ path: `${directory.path}/read-models.db`, onFatal: failOnFatal });
    stores.push(embedded.readModels, openMongoReadModels({ mongo: mongo.mongo, logger: silentLogger }));
    for (const store of stores) await store.prepare(MODEL);
  });

  after(async () => {
    await embedded.close();
    directory.remove();
    await mongo.remove();
  });

  const commit = async (changes: readonly Change[]): Promise<void> => {
    const [from, to] = [position === 0 ? undefined : (String(position) as Position), String(position + 1) as Position];
    for (const store of stores) await store.commit(MODEL, changes, from, to);
    position += 1;
  };

  it('gives the same pages, totals, cursors and documents', async () => {
    await fc.assert(
      fc.asyncProperty(documents, fc.array(asked, { minLength: 3, maxLength: 3 }), fc.integer({ min: 1, max: 7 }), async (some, questions, limit) => {
        const tenant = someTenant();
        const changes = some.map((document) => changeOf(tenant, document));
        await commit(changes);
        for (const question of questions) {
          const [local, remote] = await Promise.all(stores.map((store) => pagesOf(store, tenant, question, limit)));
          expect(remote).to.deep.equal(local);
          const all = local?.slice(0, -1).flatMap(({ items }) => items.map(({ id }) => id));
          expect(byMingo(changes, tenant, question)).to.deep.equal(all);
        }
        for (const { id } of some) {
          const [local, remote] = await Promise.all(stores.map((store) => store.open(tenant, MODEL).get(id)));
          expect(JSON.stringify(remote)).to.equal(JSON.stringify(local));
          expect(local).not.to.equal(undefined);
        }
      }),
      { numRuns: 50 },
    );
    const [local, remote] = await Promise.all(stores.map((store) => digestOf(store, MODEL)));
    expect(remote?.documents).to.be.greaterThan(100);
    expect(remote).to.deep.equal(local);
  }).timeout(120_000);
});
