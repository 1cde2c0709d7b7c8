/** Long questions about licences leave room for everybody else, however many are asked at once. */
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import type { Query, ReadModel } from '../../../application/kernel/read-models.ts';
import type { Revocation } from '../../../application/licensing/ports.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import { createFairTurns, type FairTurns } from '../../../projections/kernel/fair-turns.ts';
import type { Reader } from '../../../projections/kernel/reader.ts';
import { createLicenceBook } from '../../../projections/licensing/licence-book.ts';
import type { LicenceDocument } from '../../../projections/licensing/licences.ts';
import { createRevocationPlaces } from '../../../projections/licensing/revocation-places.ts';
import { collect } from '../../support/collect.ts';
import { generatedEvent } from '../../support/licensing.ts';

const KEYS = 2_000;
const AT_ONCE = 12;
/** Documents that a store reads in one go. */
const STREAMED_AT_ONCE = 500;

const revocation = (number: number): Revocation => ({ licenceKey: String(number), revokedAt: '2025-06-15T14:30:00.000Z', position: String(number).padStart(8, '0') });
const licence = (number: number): LicenceDocument => ({ ...generatedEvent({ number }).data, revoked: false, revokedAt: null, reason: null });

/** A model that counts what is read of it between two turns of the event loop. */
const counting = () => {
  const counted = { now: 0, most: 0, all: 0 };
  const read = (count: number): void => {
    counted.now += count;
    counted.all += count;
    counted.most = Math.max(counted.most, counted.now);
  };
  const model = {
    stream: async function* stream() {
      for (let number = 1; number <= KEYS; number += 1) {
        if (number % STREAMED_AT_ONCE === 1) read(STREAMED_AT_ONCE);
        yield revocation(number);
      }
    },
    page: async ({ limit, after, offset = 0, total }: Query<LicenceDocument>) => {
      if (total === true && limit === 1) return { items: [], total: KEYS };
      read(limit);
      const from = (after === undefined ? offset : Number(after)) + 1;
      return { items: Array.from({ length: limit }, (_, index) => licence(from + index)), next: String(from + limit - 1), total: KEYS };
    },
  };
  const reader = { open: async () => model as unknown as ReadModel<object> } as unknown as Reader;
  const watch = async (over: AbortSignal): Promise<void> => {
    while (!over.aborted) {
      await setImmediate();
      counted.now = 0;
    }
  };
  return { reader, counted, watch };
};

const tenantOf = (index: number): TenantId => `tenant-${index % 4}` as TenantId;

type Given = Readonly<{ reader: Reader; turns: FairTurns }>;
const bookOf = ({ reader, turns }: Given) => createLicenceBook({ reader, turns, personalData: { open: async () => JSON.stringify({ endCustomerId: 'c', metadata: null, quantumSignature: 's' }) } });

const QUESTIONS: Readonly<Record<string, Readonly<{ most: number; all: number; ask: (given: Given, tenant: TenantId, signal?: AbortSignal) => Promise<unknown> }>>> = {
  'revocations by time': { most: 500, all: KEYS, ask: async (given, tenant, signal) => collect(bookOf(given).revocations(tenant, undefined, signal)) },
  'revocations by place': { most: 500, all: KEYS, ask: async (given, tenant, signal) => collect(bookOf(given).revocationsAfter(tenant, undefined, signal)) },
  'where those of a time begin': { most: 501, all: KEYS + 1, ask: async ({ reader, turns }, tenant, signal) => createRevocationPlaces({ reader, turns }).before(tenant, '2025-01-01', signal) },
  'a page of licences': { most: 10, all: 100, ask: async (given, tenant, signal) => bookOf(given).page(tenant, { page: 1, perPage: 100, now: 0, ...(signal !== undefined && { signal }) }) },
  'a page of active licences': { most: 10, all: 100, ask: async (given, tenant, signal) => bookOf(given).page(tenant, { status: 'active', page: 2, perPage: 100, now: 0, ...(signal !== undefined && { signal }) }) },
};

describe('reading about licences', () => {
  for (const [name, { most, all, ask }] of Object.entries(QUESTIONS)) {
    it(`gives way between two pieces: ${name}`, async () => {
      const { reader, counted, watch } = counting();
      // Slices without length: one piece in a turn.
      const given = { reader, turns: createFairTurns(0) };
      const over = new AbortController();
      const watching = watch(over.signal);
      await Promise.all(Array.from({ length: AT_ONCE }, async (_, index) => ask(given, tenantOf(index))));
      over.abort();
      await watching;
      expect(counted.most, 'read in one turn of the event loop').to.be.at.most(most);
      expect(counted.all).to.equal(AT_ONCE * all);
    });

    it(`ends when nobody waits for it any more: ${name}`, async () => {
      const { reader, counted } = counting();
      const given = { reader, turns: createFairTurns(0) };
      const gone = new AbortController();
      const asked = ask(given, tenantOf(0), gone.signal).then(() => 'answered', (error: Error) => error.name);
      await setImmediate();
      gone.abort();
      expect(await asked).to.equal('AbortError');
      expect(counted.all).to.be.lessThan(all);
    });
  }

  it('makes one page of its pieces', async () => {
    const { reader } = counting();
    const { items, total } = await bookOf({ reader, turns: createFairTurns() }).page(tenantOf(0), { status: 'active', page: 3, perPage: 25, now: 0 });
    expect(items.map(({ number }) => number)).to.deep.equal(Array.from({ length: 25 }, (_, index) => 51 + index));
    expect(total).to.equal(KEYS);
  });
});
