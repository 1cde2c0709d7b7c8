/**
 * Promise 5 of licences: whatever the clock does, none that has ended is valid, no month lets one licence more through, no wait that a
 * refusal names is endless, and numbers and log keep their order.
 */
import { expect } from 'chai';
import { randomInt } from 'node:crypto';
import type { Licence } from '../../application/licensing/licences.ts';
import type { CredentialPrincipal } from '../../application/tenancy/access.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { account, CAUSE, type LicensingGround, type LicensingProgram, openLicensing } from '../support/licensing.ts';
import { seeded, type Seeded } from '../support/seeded.ts';
import { createJumpingClock, START, type JumpingClock } from './jumping-clock.ts';

const STEPS = Number(process.env['CHANCERY_CLOCK_STEPS'] ?? 150) * 10;
const DAY_MS = 86_400_000;
const LIMIT = 100;

/** What the document says of a month, and of a clock that was set back: it reopens no month. */
const createReferee = (clock: JumpingClock) => {
  let [month, count] = ['', 0];
  return (): boolean => {
    const now = new Date(clock.now()).toISOString().slice(0, 7);
    if (now > month) [month, count] = [now, 0];
    if (count === LIMIT) return false;
    count += 1;
    return true;
  };
};

describe('promise 5: licences, whatever the clock does', function suite() {
  this.timeout(60_000 * Math.max(1, STEPS / 1_500));
  let ground: LicensingGround;
  let clock: JumpingClock;
  let random: Seeded;
  let seed: number;

  before(async () => {
    ground = await openLicensing();
  });
  beforeEach(() => {
    seed = randomInt(2 ** 31);
    random = seeded(seed);
    clock = createJumpingClock(random);
  });
  after(async () => ground.close());

  const tick = (): void => {
    clock.move();
    ground.knobs.now = clock.now();
  };

  it(`says valid of what has not ended by the clock, and expired of what has, over ${STEPS} steps`, async () => {
    const of = account({ plan: 'enterprise' });
    const { generate, licences, book } = ground.program();
    const made: Licence[] = [];
    const seen = { valid: 0, expired: 0 };
    for (let step = 0; step < STEPS; step += 1) {
      tick();
      if (made.length < 3 || random.chance(0.2)) made.push(await generate(of, { validDays: random.pick([1, 30, 365, 3_650]) }));
      const { licenceKey, validUntil } = random.pick(made);
      const expected = clock.now() < Date.parse(validUntil) ? 'valid' : 'expired';
      expect((await licences.validate(of, { licenceKey, endCustomerId: 'user@acmecorp.com' }, CAUSE)).verdict, `seed ${seed}`).to.equal(expected);
      seen[expected] += 1;
    }
    expect(Math.min(seen.valid, seen.expired)).to.be.greaterThan(0);
    ground.knobs.now = START + 30 * 365 * DAY_MS;
    expect(await book.page(of.tenant.id, { status: 'active', page: 1, perPage: 10, now: ground.knobs.now })).to.deep.equal({ items: [], total: 0 });
    const events = await ground.events(of.tenant.id);
    expect(events.map(({ position }) => position)).to.deep.equal(events.map(({ position }) => position).toSorted());
    const numbers = events.flatMap(({ type, data }) => (type === 'LicenceGenerated' ? [(data as { number: number }).number] : []));
    expect(numbers).to.deep.equal(numbers.map((_, index) => index + 1));
  });

  /** How often the program and the referee disagree. */
  const disagreements = async (of: CredentialPrincipal, { generate }: Pick<LicensingProgram, 'generate'>, move: () => void): Promise<number> => {
    const referee = createReferee(clock);
    let wrong = 0;
    for (let step = 0; step < STEPS; step += 1) {
      move();
      const allowed = await generate(of).then(() => true, (error: unknown) => {
        if (!(error instanceof Rejection)) throw error;
        expect(error.code).to.equal('licensing.quota_exceeded');
        expect(error.details['retryAfter'], `seed ${seed}`).to.be.at.least(1);
        return false;
      });
      wrong += Number(allowed !== referee());
    }
    return wrong;
  };

  /** Within a few months, so that many of them are used up. */
  const around = (): void => {
    clock.set(START + random.below(4 * 31 * DAY_MS) * (random.chance(0.5) ? 1 : -1));
    ground.knobs.now = clock.now();
  };

  for (const [name, move] of [['anywhere', tick], ['within a few months', around]] as const) {
    it(`lets exactly ${LIMIT} through in a month, whichever way it jumps: ${name}`, async () => {
      expect(await disagreements(account({ plan: 'free' }), ground.program(), move), `seed ${seed}`).to.equal(0);
    });
  }

  it('goes red when every month of the clock is a new one', async () => {
    const { generate } = ground.program();
    const months = new Map<string, CredentialPrincipal['tenant']['id']>();
    const forgetful: LicensingProgram['generate'] = async (...asked) => {
      // Another account for every month: what came before is forgotten.
      const month = new Date(clock.now()).toISOString().slice(0, 7);
      const tenant = months.get(month) ?? account({ plan: 'free' }).tenant.id;
      months.set(month, tenant);
      return generate(account({ plan: 'free' }, tenant), asked[1]);
    };
    expect(await disagreements(account(), { generate: forgetful }, around)).to.be.greaterThan(0);
  });

  it('names a wait that ends with the month that is used up, also where the clock was set back', async () => {
    const of = account({ plan: 'free' });
    const { generate } = ground.program();
    ground.knobs.now = Date.parse('2026-12-31T23:59:59.001Z');
    await Promise.all(Array.from({ length: LIMIT }, async () => generate(of)));
    const waitAt = async (moment: string): Promise<unknown> => {
      ground.knobs.now = Date.parse(moment);
      return generate(of).then(() => 'none', (error: Rejection) => error.details['retryAfter']);
    };
    expect(await waitAt('2026-12-31T23:59:59.999Z')).to.equal(1);
    expect(await waitAt('2026-11-30T00:00:00.000Z')).to.equal(32 * 86_400);
    expect(await waitAt('2027-01-01T00:00:00.000Z')).to.equal('none');
  });
});
