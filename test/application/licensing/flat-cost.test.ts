/**
 * What an account has sold does not make its next licence dearer: counted, not timed, so that it fails for its reason alone. A ledger of a
 * million licences is the same to a program as one of a thousand, but for the number of its volume.
 */
import { expect } from 'chai';
import type { EventStore } from '../../../application/kernel/ports.ts';
import { ledgerStream } from '../../../application/licensing/streams.ts';
import { LICENCES_IN_A_VOLUME } from '../../../domain/licensing/ledger.ts';
import type { LedgerEvent } from '../../../domain/licensing/licence.events.ts';
import { account, CAUSE, generatedEvent, keyNumber, type LicensingGround, openLicensing, volumeOpened } from '../../support/licensing.ts';

const WARM = 50;

type Cost = { heads: number; eventsRead: number; appends: number; appended: number };

const counting = (store: EventStore, cost: Cost): EventStore => ({
  head: (stream) => {
    cost.heads += 1;
    return store.head(stream);
  },
  read: async function* read(stream, from) {
    for await (const event of store.read(stream, from)) {
      cost.eventsRead += 1;
      yield event as never;
    }
  },
  append: (stream, expected, events, how) => {
    cost.appends += 1;
    cost.appended += events.length;
    return store.append(stream, expected, events, how);
  },
});

/** How a volume begins. */
const opened = (volume: number): readonly LedgerEvent[] =>
  volume === 0 ? [] : [volumeOpened({ sold: volume * LICENCES_IN_A_VOLUME, inMonth: volume * LICENCES_IN_A_VOLUME })];

describe('the cost of a licence', function suite() {
  this.timeout(60_000);
  let ground: LicensingGround;

  before(async () => {
    ground = await openLicensing();
  });
  after(async () => ground.close());

  /** A ledger as so many licences leave it; volumes that nobody reads again hold what is looked for in them: that they were begun and closed. */
  const ledgerOf = async (sold: number) => {
    const of = account({ plan: 'enterprise' });
    const stream = (volume: number) => ledgerStream({ tenant: of.tenant.id }, volume);
    const full = Math.floor((sold - 1) / LICENCES_IN_A_VOLUME);
    const append = async (volume: number, ...events: readonly LedgerEvent[]) => ground.store.append(stream(volume), 'none', events, CAUSE);
    await Promise.all(Array.from({ length: full }, async (_, volume) =>
      append(volume, ...opened(volume), { type: 'LedgerVolumeClosed', data: { sold: (volume + 1) * LICENCES_IN_A_VOLUME } })));
    const numbers = Array.from({ length: sold - full * LICENCES_IN_A_VOLUME }, (_, index) => full * LICENCES_IN_A_VOLUME + index + 1);
    await append(full, ...opened(full), ...numbers.map((number) => generatedEvent({ number, licenceKey: keyNumber(number) })));
    return of;
  };

  /** What the first licence of a new program costs, and then one of many. */
  const costsAfter = async (sold: number) => {
    const of = await ledgerOf(sold);
    const cost: Cost = { heads: 0, eventsRead: 0, appends: 0, appended: 0 };
    const { generate } = ground.program({ store: counting(ground.store, cost) });
    expect((await generate(of)).number).to.equal(sold + 1);
    const first = { ...cost };
    Object.assign(cost, { heads: 0, eventsRead: 0, appends: 0, appended: 0 });
    for (let more = 0; more < WARM; more += 1) await generate(of);
    return { first, warm: { ...cost } };
  };

  it('is the same for the millionth as for the thousandth: one look at the head, one append, nothing read', async () => {
    const [thousand, million] = [await costsAfter(900), await costsAfter(1_000_000 - LICENCES_IN_A_VOLUME / 2)];
    expect(million.warm).to.deep.equal({ heads: WARM, eventsRead: 0, appends: WARM, appended: WARM });
    expect(million.warm).to.deep.equal(thousand.warm);
    expect(million.first.eventsRead, 'what a new program folds').to.be.at.most(LICENCES_IN_A_VOLUME + 2);
    expect(million.first.heads, 'volumes looked for').to.be.at.most(thousand.first.heads + 2 * Math.ceil(Math.log2(1_000)));
  });

  it('at the end of a volume it is two events more, once', async () => {
    const of = await ledgerOf(500_000);
    const cost: Cost = { heads: 0, eventsRead: 0, appends: 0, appended: 0 };
    const { generate } = ground.program({ store: counting(ground.store, cost) });
    await generate(of);
    expect(cost.appended, 'key, end of the volume, begin of the next, licence').to.equal(4);
    Object.assign(cost, { heads: 0, eventsRead: 0, appends: 0, appended: 0 });
    await generate(of);
    expect(cost).to.deep.equal({ heads: 1, eventsRead: 0, appends: 1, appended: 1 });
  });
});
