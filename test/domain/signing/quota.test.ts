import { expect } from 'chai';
import { signingConcurrency, signingLimit } from '../../../domain/signing/plan-limits.ts';
import type { SigningQuotaEvent } from '../../../domain/signing/quota.events.ts';
import { RESERVATIONS_IN_A_VOLUME, signingQuota } from '../../../domain/signing/quota.ts';
import { specification } from '../../support/specification.ts';

const { given } = specification(signingQuota);
const AT = '2026-03-09T14:23:42.000Z';
const id = (number: number): string => `operation-${number}`;
const reserved = (number: number): SigningQuotaEvent => ({ type: 'SigningReserved', data: { operationId: id(number), reservedAt: AT } });
const spent = (number: number): SigningQuotaEvent => ({ type: 'SigningSpent', data: { operationId: id(number) } });
const released = (number: number): SigningQuotaEvent => ({ type: 'SigningReleased', data: { operationId: id(number) } });
const reserve = (number: number, limit?: number) => ({ type: 'ReserveSigning', data: { operationId: id(number), reservedAt: AT, limit } }) as const;
const spend = (number: number) => ({ type: 'SpendSigning', data: { operationId: id(number) } }) as const;
const release = (number: number) => ({ type: 'ReleaseSigning', data: { operationId: id(number) } }) as const;
const fold = (...events: readonly SigningQuotaEvent[]) => events.reduce(signingQuota.evolve, signingQuota.initialState);

describe('signing quota', () => {
  it('reserves below the limit', () => given(reserved(1), spent(1)).when(reserve(2, 2)).then(reserved(2)));
  it('refuses at it', () => given(reserved(1), spent(1), reserved(2), spent(2)).when(reserve(3, 2)).rejected('signing.limit_reached', { limit: 2 }));
  it('refuses for now where what is left is under way, and may come back', () => {
    given(reserved(1), spent(1), reserved(2)).when(reserve(3, 2)).rejected('signing.limit_reserved', { limit: 2 });
    given(reserved(1), spent(1), reserved(2), released(2)).when(reserve(3, 2)).then(reserved(3));
  });
  it('a limit of nothing', () => given().when(reserve(1, 0)).rejected('signing.limit_reached', { limit: 0 }));
  it('a limit lowered below what is used', () => given(reserved(1), spent(1), reserved(2)).when(reserve(3, 1)).rejected('signing.limit_reached', { limit: 1 }));
  it('no limit', () => given(...Array.from({ length: 500 }, (_, number) => reserved(number))).when(reserve(501)).then(reserved(501)));
  it('counts what is under way, and not what was given back', () => {
    given(reserved(1), released(1)).when(reserve(2, 1)).then(reserved(2));
    given(reserved(1)).when(reserve(2, 1)).rejected('signing.limit_reserved');
  });
  it('a reservation stands though the limit has been reached since', () => given(reserved(1), reserved(2)).when(reserve(1, 2)).nothing());

  it('twice is safe', () => {
    given().twice(reserve(1, 1));
    given(reserved(1)).twice(spend(1));
    given(reserved(1)).twice(release(1));
  });
  it('settles a reservation once', () => {
    given(reserved(1), spent(1)).when(release(1)).nothing();
    given(reserved(1), released(1)).when(spend(1)).nothing();
    given().when(spend(1)).nothing();
  });

  it('remembers what is under way, not what has been', () => {
    const history = Array.from({ length: 100 }, (_, number) => [reserved(number), number % 2 === 0 ? spent(number) : released(number)]).flat();
    expect(fold(...history, reserved(100))).to.deep.equal({ used: 51, open: new Set([id(100)]), taken: 101, volume: 'open' });
  });

  describe('in volumes', () => {
    const full = Array.from({ length: RESERVATIONS_IN_A_VOLUME }, (_, number) => [reserved(number), released(number)]).flat();
    const used = 1;
    const closed: SigningQuotaEvent = { type: 'QuotaVolumeClosed', data: { used } };
    const opened: SigningQuotaEvent = { type: 'QuotaVolumeOpened', data: { used: 7, open: [id(1)] } };
    const open = { type: 'OpenQuotaVolume', data: { used: 7, open: [id(1)] } } as const;

    it('closes one that is full, whatever was given back', () => given(...full.slice(0, -1)).when(reserve(2_000)).then(closed));
    it('but first says that the limit is reached', () => given(...full.slice(0, -1)).when(reserve(2_000, 1)).rejected('signing.limit_reserved'));
    it('takes nothing in one that is closed', () => {
      for (const command of [reserve(1), spend(1), release(1)]) given(reserved(1), closed).when(command).rejected('signing.quota_volume_closed');
    });
    it('begins the next with what the last one ended with', () => {
      given().when(open).then(opened);
      expect(fold(opened)).to.deep.equal({ used: 7, open: new Set([id(1)]), taken: 0, volume: 'open' });
      given(opened).when(reserve(8, 8)).then(reserved(8));
      given(opened, spent(1)).when(reserve(8, 7)).rejected('signing.limit_reached');
      given(opened).when(reserve(8, 7)).rejected('signing.limit_reserved');
      given(opened).when(release(1)).then(released(1));
      given(opened).when(reserve(1, 7)).nothing();
    });
    it('begins it once', () => {
      given().twice(open);
      given(opened, reserved(2), closed).when(open).nothing();
    });
  });

  it('tolerates events that it does not know', () => {
    const state = fold(reserved(1));
    expect(signingQuota.evolve(state, { type: 'signing.Else.v1', data: {} } as unknown as SigningQuotaEvent)).to.equal(state);
  });
});

describe('limits of plans', () => {
  const cases: readonly (readonly [plan: string, limits: object, signings: number | undefined, concurrency: number])[] = [
    ['free', {}, 100, 1],
    ['pro', {}, undefined, 2],
    ['enterprise', {}, undefined, 16],
    ['enterprise', { signingOperations: 5_000, concurrency: 64 }, 5_000, 64],
    ['free', { signingOperations: 0, concurrency: 3 }, 0, 3],
    ['from the future', {}, undefined, 1],
  ];
  for (const [plan, limits, signings, concurrency] of cases) {
    it(`${plan} with ${JSON.stringify(limits)}`, () => {
      expect(signingLimit({ plan, limits })).to.equal(signings);
      expect(signingConcurrency({ plan, limits })).to.equal(concurrency);
    });
  }
});
