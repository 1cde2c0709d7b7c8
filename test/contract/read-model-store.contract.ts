/** What every read-model store keeps to, with a naive model of it as the oracle. Each test uses models of its own. */
import { expect } from 'chai';
import * as fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import type { Change, Condition, Page, Query, ReadModel, ReadModelDefinition, ReadModelStore } from '../../application/kernel/read-models.ts';
import type { Position, TenantId } from '../../domain/kernel/ids.ts';
import { collect } from '../support/collect.ts';
import { rejection } from '../support/rejections.ts';
import { someTenant } from '../support/sample-events.ts';

type Parcel = Readonly<{ id: string; status: string; weight: number | null; fragile: boolean; at: string; note?: string }>;

const INDEXES = [['at'], ['status', 'at'], ['status', 'fragile', 'weight'], ['weight']] as const;

const someModel = (version = 1): ReadModelDefinition => ({ name: `parcels-${randomUUID()}`, version, indexes: INDEXES });

const at = (number: number): Position => String(number).padStart(20, '0') as Position;

const parcel = (id: string, over: Partial<Parcel> = {}): Parcel => ({ id, status: 'new', weight: 1, fragile: false, at: '2026-01-01', ...over });

const put = (tenant: TenantId, document: Parcel, position = at(1)): Change => ({ tenant, id: document.id, document, position });

const parcels = fc.uniqueArray(
  fc.record({
    id: fc.uuid(),
    status: fc.constantFrom('new', 'sent', 'lost'),
    weight: fc.option(fc.integer({ min: -3, max: 3 })),
    fragile: fc.boolean(),
    at: fc.constantFrom('2026-01-01', '2026-01-02', '2026-02-01'),
  }),
  { selector: ({ id }) => id, maxLength: 40 },
);

type Asked = Pick<Query<Parcel>, 'where' | 'order'>;

const questions: fc.Arbitrary<Asked> = fc.oneof(
  fc.record({ order: fc.record({ by: fc.constant('at' as const), direction: fc.constantFrom('asc', 'desc') }) }),
  fc.record({
    where: fc.record({ status: fc.constantFrom('new', 'sent'), weight: fc.oneof(fc.constant({ gte: -1, lt: 3 }), fc.constant({ in: [1, null] }), fc.constant(null)) }),
    order: fc.record({ by: fc.constant('at' as const), direction: fc.constantFrom('asc', 'desc') }),
  }),
  fc.record({
    where: fc.record({ status: fc.constant('new'), fragile: fc.boolean() }),
    order: fc.record({ by: fc.constant('weight' as const), direction: fc.constantFrom('asc', 'desc') }),
  }),
  fc.record({ order: fc.record({ by: fc.constant('weight' as const), direction: fc.constantFrom('asc', 'desc') }) }),
  fc.record({ where: fc.record({ at: fc.constant({ gt: '2026-01-01', lte: '2026-02-01' }), status: fc.constant({ in: ['sent', 'lost'] }) }) }),
  fc.constant({}),
);

/** Around the borders of days; `null` and `soon` are no times. */
const TIMES = [
  '2025-12-31T23:59:59.999Z', '2026-01-01T00:00:00.000Z', '2026-01-01T12:30:00.000Z', '2026-01-01T23:59:59.999Z', '2026-01-02T00:00:00.000Z',
  '2026-01-02T08:00:00.000Z', '2026-01-03T23:59:59.998Z', '2026-02-28T23:59:59.999Z', '2026-03-01T00:00:00.001Z',
] as const;

/** What happens to a document: it comes, changes or goes. Now and then one has a value that is no time. */
const moves = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  status: fc.constantFrom('new', 'sent', undefined),
  at: fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...TIMES) }, { weight: 1, arbitrary: fc.constantFrom(null as unknown as string, 'soon', '2026-01-02') }),
});

const edge = fc.option(fc.constantFrom(...TIMES, '2026-01-02'), { nil: undefined });
const ranges = fc
  .record({ gte: edge, gt: edge, lte: edge, lt: edge })
  .map(({ gte, gt, lte, lt }) => ({ ...(gte !== undefined ? { gte } : gt !== undefined && { gt }), ...(lte !== undefined ? { lte } : lt !== undefined && { lt }) }));

const compare = (left: unknown, right: unknown): number => {
  if (left === right) return 0;
  if (left === null) return -1;
  if (right === null) return 1;
  return (left as number) < (right as number) ? -1 : 1;
};

const holds = (value: unknown, condition: Condition): boolean => {
  if (condition === null || typeof condition !== 'object') return value === condition;
  const { in: among, gte, gt, lte, lt } = condition;
  const bounds = [[gte, [0, 1]], [gt, [1]], [lte, [0, -1]], [lt, [-1]]] as const;
  const within = bounds.every(([bound, signs]) => bound === undefined || (value !== null && (signs as readonly number[]).includes(compare(value, bound))));
  return within && (among === undefined || among.includes(value as never));
};

const answer = (documents: readonly Parcel[], { where = {}, order }: Asked): readonly Parcel[] => {
  const by = order?.by;
  const sign = order?.direction === 'desc' ? -1 : 1;
  return documents
    .filter((document) => Object.entries(where).every(([field, condition]) => holds(document[field as keyof Parcel], condition)))
    .toSorted((one, two) => sign * ((by === undefined ? 0 : compare(one[by], two[by])) || compare(one.id, two.id)));
};

const allPages = async (model: ReadModel<Parcel>, asked: Asked, limit: number): Promise<readonly Parcel[]> => {
  const seen: Parcel[] = [];
  for (let after: string | undefined; ; ) {
    const page: Page<Parcel> = await model.page({ ...asked, limit, ...(after === undefined ? {} : { after }) });
    expect(page.items.length).to.be.lessThanOrEqual(limit);
    seen.push(...page.items);
    if (page.next === undefined) return seen;
    after = page.next;
  }
};

/** `runs`: how many of each random kind, as a part of what the embedded store gets. */
export const readModelStoreContract = (store: () => ReadModelStore, { runs = 1 }: Readonly<{ runs?: number }> = {}): void => {
  const prepared = async (version?: number, more: Pick<ReadModelDefinition, 'totalsByDay'> = {}): Promise<ReadModelDefinition> => {
    const definition = { ...someModel(version), ...more };
    await store().prepare(definition);
    return definition;
  };

  /** The same documents as a rebuild leaves them: filled at once beside the model, then put in another's place. */
  const copyOf = async (definition: ReadModelDefinition): Promise<ReadModelDefinition> => {
    const [live, shadow] = [await prepared(1, { totalsByDay: 'at' }), { ...definition, name: `${definition.name}~rebuild` }];
    await store().drop(shadow);
    await store().prepare(shadow);
    await store().commit(shadow, await collect(store().scan(definition)), undefined, at(1));
    await store().promote(shadow, live, at(1));
    return live;
  };

  describe('documents', () => {
    it('gives a tenant its own documents by id, and no other', async () => {
      const [definition, mine, other] = [await prepared(), someTenant(), someTenant()];
      const document = parcel('a', { note: 'näh' });
      await store().commit(definition, [put(mine, document), put(other, parcel('b'))], undefined, at(2));
      expect(await store().open<Parcel>(mine, definition).get('a')).to.deep.equal(document);
      expect(await store().open<Parcel>(mine, definition).get('b')).to.equal(undefined);
      expect((await store().open<Parcel>(mine, definition).page({ limit: 10, total: true })).items).to.deep.equal([document]);
      expect(await store().open<Parcel>(someTenant(), definition).page({ limit: 10, total: true })).to.deep.equal({ items: [], total: 0 });
    });

    it('replaces and removes', async () => {
      const [definition, tenant] = [await prepared(), someTenant()];
      await store().commit(definition, [put(tenant, parcel('a')), put(tenant, parcel('b'))], undefined, at(2));
      const changed = parcel('a', { status: 'sent' });
      await store().commit(definition, [put(tenant, changed, at(3)), { tenant, id: 'b', document: undefined, position: at(4) }], at(2), at(4));
      const model = store().open<Parcel>(tenant, definition);
      expect((await model.page({ limit: 10, total: true }))).to.deep.equal({ items: [changed], total: 1 });
      expect((await model.page({ where: { status: 'new' }, limit: 10, total: true })).total).to.equal(0);
    });

    it('loads documents with the position they include', async () => {
      const [definition, tenant] = [await prepared(), someTenant()];
      await store().commit(definition, [put(tenant, parcel('a'), at(7))], undefined, at(9));
      const loaded = await store().load(definition, [{ tenant, id: 'a' }, { tenant, id: 'none' }]);
      expect(loaded).to.deep.equal([{ tenant, id: 'a', position: at(7), document: parcel('a') }]);
      expect(await collect(store().scan(definition))).to.deep.equal(loaded);
    });
  });

  describe('questions', () => {
    it('answers like the naive model: pages by cursor, by number, streams and totals', async () => {
      await fc.assert(
        fc.asyncProperty(parcels, questions, fc.integer({ min: 1, max: 9 }), async (documents, asked, limit) => {
          const [definition, tenant] = [await prepared(), someTenant()];
          await store().commit(definition, documents.map((document) => put(tenant, document)), undefined, at(1));
          const model = store().open<Parcel>(tenant, definition);
          const expected = answer(documents, asked);
          expect(await allPages(model, asked, limit)).to.deep.equal(expected);
          expect(await collect(model.stream(asked))).to.deep.equal(expected);
          const second = await model.page({ ...asked, limit, offset: limit, total: true });
          expect(second.items).to.deep.equal(expected.slice(limit, 2 * limit));
          expect(second.total).to.equal(expected.length);
        }),
        { numRuns: Math.ceil(60 * runs) },
      );
    });

    it('keeps totals right over any history of changes', async () => {
      const [definition, tenant] = [await prepared(), someTenant()];
      const steps = fc.array(fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), status: fc.constantFrom('new', 'sent', undefined), fragile: fc.boolean() }), { minLength: 1, maxLength: 6 });
      const known = new Map<string, Parcel>();
      let position = 0;
      await fc.assert(
        fc.asyncProperty(steps, async (history) => {
          const changes = history.map(({ id, status, fragile }): Change => {
            const document = status === undefined ? undefined : parcel(id, { status, fragile });
            if (document === undefined) known.delete(id);
            else known.set(id, document);
            return { tenant, id, document, position: at(position + 1) };
          });
          await store().commit(definition, changes, position === 0 ? undefined : at(position), at(position + 1));
          position += 1;
          for (const where of [{}, { status: 'new' }, { status: 'sent', fragile: true }] as const) {
            const { total } = await store().open<Parcel>(tenant, definition).page({ where, limit: 1, total: true });
            expect(total).to.equal(answer([...known.values()], { where }).length);
          }
        }),
        { numRuns: Math.ceil(60 * runs) },
      );
    });

    it('counts ranges of days right over any history of changes, whatever stands for a time', async () => {
      const [definition, tenant] = [await prepared(1, { totalsByDay: 'at' }), someTenant()];
      const known = new Map<string, Parcel>();
      let position = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(moves, { minLength: 1, maxLength: 12 }), fc.array(ranges, { minLength: 4, maxLength: 4 }), fc.boolean(), async (history, asked, rebuilt) => {
          const changes = history.map(({ id, status, ...times }): Change => {
            const document = status === undefined ? undefined : parcel(id, { status, ...times });
            if (document === undefined) known.delete(id);
            else known.set(id, document);
            return { tenant, id, document, position: at(position + 1) };
          });
          await store().commit(definition, changes, position === 0 ? undefined : at(position), at(position + 1));
          position += 1;
          const serving = rebuilt ? await copyOf(definition) : definition;
          for (const range of asked) {
            for (const where of [{ at: range }, { at: range, status: 'new' }, { at: range, status: { in: ['new'] } }]) {
              const { total } = await store().open<Parcel>(tenant, serving).page({ where, limit: 1, total: true });
              expect(total, JSON.stringify(where)).to.equal(answer([...known.values()], { where }).length);
            }
          }
        }),
        { numRuns: Math.ceil(150 * runs) },
      );
    });

    it('refuses a cursor that no page ended with', async () => {
      const model = store().open<Parcel>(someTenant(), await prepared());
      for (const after of ['', 'x', Buffer.from('[1]').toString('base64url'), Buffer.from('[{},"a"]').toString('base64url')]) {
        expect((await rejection(model.page({ limit: 1, after }))).code, after).to.equal('request.invalid');
      }
    });

    it('takes a field without an index for a mistake in the program', async () => {
      const model = store().open<Parcel>(someTenant(), await prepared());
      const failed = async (query: Omit<Query<Parcel>, 'limit'>): Promise<unknown> => model.page({ ...query, limit: 1 }).catch((error: unknown) => String(error));
      expect(await failed({ where: { note: 'x' } })).to.match(/no index .* note/);
      expect(await failed({ order: { by: 'note', direction: 'asc' } })).to.match(/no index .* note/);
      expect(await failed({ order: { by: 'fragile', direction: 'asc' } })).to.match(/no index .* fragile/);
    });
  });

  describe('checkpoints', () => {
    it('lets only the runner commit that knows where the model stands', async () => {
      const [definition, tenant] = [await prepared(), someTenant()];
      expect(await store().checkpoint(definition)).to.equal(undefined);
      await store().commit(definition, [], undefined, at(5));
      const late = await rejection(store().commit(definition, [put(tenant, parcel('a'))], undefined, at(6)));
      expect(late.code).to.equal('kernel.fenced');
      expect(await store().open(tenant, definition).get('a')).to.equal(undefined);
      expect(await store().checkpoint(definition)).to.equal(at(5));
      const both = await Promise.allSettled([1, 2].map(() => store().commit(definition, [], at(5), at(6))));
      expect(both.map(({ status }) => status).toSorted()).to.deep.equal(['fulfilled', 'rejected']);
    });

    it('prepares once, and empties a model whose indexes have changed', async () => {
      const [definition, tenant] = [await prepared(), someTenant()];
      await store().commit(definition, [put(tenant, parcel('a'))], undefined, at(5));
      await store().prepare(definition);
      expect(await store().checkpoint(definition)).to.equal(at(5));
      for (const changed of [{ ...definition, indexes: [['status']] }, { ...definition, totalsByDay: 'at' }]) {
        await store().prepare(changed);
        expect(await store().checkpoint(changed)).to.equal(undefined);
        expect((await store().open(tenant, changed).page({ limit: 1, total: true })).total).to.equal(0);
        await store().commit(changed, [put(tenant, parcel('a'))], undefined, at(5));
        await store().prepare(changed);
        expect(await store().checkpoint(changed)).to.equal(at(5));
        expect(await store().versions(definition.name)).to.deep.equal([changed]);
      }
    });
  });

  describe('versions', () => {
    it('keeps versions apart, and drops one', async () => {
      const [first, tenant] = [await prepared(), someTenant()];
      const second = { ...first, version: 2 };
      await store().prepare(second);
      await store().commit(first, [put(tenant, parcel('a'))], undefined, at(5));
      expect(await store().open(tenant, second).get('a')).to.equal(undefined);
      expect((await store().versions(first.name)).map(({ version }) => version)).to.deep.equal([1, 2]);
      await store().drop(first);
      expect(await store().versions(first.name)).to.deep.equal([second]);
    });

    it('puts a shadow in the place of the live model', async () => {
      const [live, tenant] = [await prepared(), someTenant()];
      const shadow = { ...live, name: `${live.name}~rebuild` };
      await store().prepare(shadow);
      await store().commit(live, [put(tenant, parcel('old'))], undefined, at(5));
      await store().commit(shadow, [put(tenant, parcel('new'))], undefined, at(6));
      await store().promote(shadow, live, at(6));
      expect((await store().open<Parcel>(tenant, live).page({ limit: 5, total: true }))).to.deep.equal({ items: [parcel('new')], total: 1 });
      expect(await store().checkpoint(live)).to.equal(at(6));
      expect(await store().versions(shadow.name)).to.deep.equal([]);
    });

    it('leaves the live model where the shadow is not as it was left, or no longer ahead: somebody else is at work', async () => {
      const [live, tenant] = [await prepared(), someTenant()];
      const shadow = { ...live, name: `${live.name}~rebuild` };
      const refused = async (place: Position): Promise<void> => {
        expect((await rejection(store().promote(shadow, live, place))).code).to.equal('kernel.fenced');
        expect([await store().checkpoint(live), await store().open(tenant, live).get('a')]).to.deep.equal([at(7), parcel('a')]);
      };
      await store().commit(live, [put(tenant, parcel('a'), at(7))], undefined, at(7));
      await refused(at(9));
      // Another one begins to fill it, and has not got far.
      await store().prepare(shadow);
      await store().commit(shadow, [], undefined, at(2));
      await refused(at(9));
      expect(await store().checkpoint(shadow)).to.equal(at(2));
      // The live model has got beyond what was filled.
      await store().commit(shadow, [], at(2), at(6));
      await refused(at(6));
      await store().commit(shadow, [put(tenant, parcel('b'), at(7))], at(6), at(7));
      await store().promote(shadow, live, at(7));
      expect((await store().open<Parcel>(tenant, live).page({ limit: 5 })).items).to.deep.equal([parcel('b')]);
    });
  });
};
