/**
 * Promise 8, its part on members: however many owners and admins remove and lower one another at the same moment, in two programs, a tenant
 * always has an owner. The judge folds the log, not our state.
 */
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { createAggregate } from '../../application/kernel/command-handler.ts';
import type { EventStore } from '../../application/kernel/ports.ts';
import { streams } from '../../application/tenancy/aggregates.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import type { MemberEvent } from '../../domain/tenancy/membership.events.ts';
import { membership, type MembershipCommand } from '../../domain/tenancy/membership.ts';
import { CAUSE, OPERATOR, PASSWORD, startTenancy, type Tenancy } from '../support/tenancy.ts';

const ROUNDS = 100;

/** The planted fault: whatever revision was expected, any will do. */
const forgetful = (store: EventStore): EventStore => ({ ...store, append: (stream, _expected, events, how) => store.append(stream, 'any', events, how) });

/** The fewest owners that the tenant had at any moment after its first. */
const fewestOwners = async (store: EventStore, tenant: TenantId): Promise<number> => {
  const roles = new Map<string, string>();
  let fewest = Number.POSITIVE_INFINITY;
  for await (const { type, data } of store.read<MemberEvent>(streams.membership(tenant))) {
    if (type === 'MemberRemoved') roles.delete(data.userId);
    else roles.set(data.userId, data.role);
    fewest = Math.min(fewest, [...roles.values()].filter((role) => role === 'owner').length);
  }
  return fewest;
};

describe('promise 8: a tenant always has an owner', function suite() {
  this.timeout(60_000);
  let tenancy: Tenancy;
  before(async () => { tenancy = await startTenancy(); });
  after(() => tenancy.close());

  /** A tenant of its own with that many owners, and everybody's attack on everybody else at once. */
  const race = async (owners: number, stores: readonly EventStore[]) => {
    const tenant = randomUUID() as TenantId;
    const sealed = { subject: tenant, box: 'box' };
    const people = Array.from({ length: owners }, () => randomUUID());
    const programs = stores.map((store) => createAggregate(store, membership));
    for (const userId of people) {
      await programs[0]?.execute(streams.membership(tenant), { type: 'AddMember', data: { userId, role: 'owner', email: sealed, passwordHash: sealed, by: { kind: 'operator' } } }, CAUSE);
    }
    // Both know how it stands, so that both decide at the same moment.
    for (const program of programs) await program.load(streams.membership(tenant));
    const attacks: readonly MembershipCommand[] = people.flatMap((userId, n): MembershipCommand[] =>
      n % 2 === 0 ? [{ type: 'RemoveMember', data: { userId, by: { kind: 'operator' } } }] : [{ type: 'ChangeRole', data: { userId, role: 'admin', by: { kind: 'operator' } } }],
    );
    const ended = await Promise.allSettled(attacks.map(async (command, n) => programs[n % programs.length]?.execute(streams.membership(tenant), command, CAUSE)));
    const refused = ended.flatMap((each) => (each.status === 'rejected' ? [(each.reason as { code: string }).code] : []));
    return { fewest: await fewestOwners(tenancy.ground.embedded.store, tenant), refused };
  };

  it(`over ${ROUNDS} races of 2 to 16 owners in two programs`, async () => {
    const { store } = tenancy.ground.embedded;
    for (let round = 0; round < ROUNDS; round += 1) {
      const { fewest, refused } = await race(2 + (round % 15), [store, store]);
      expect(fewest, `round ${round}`).to.equal(1);
      expect(refused, `round ${round}`).to.deep.equal(['tenancy.last_owner']);
    }
  });

  it('goes red when appends forget what revision they expect', async () => {
    const store = forgetful(tenancy.ground.embedded.store);
    const found: number[] = [];
    for (let round = 0; round < 20; round += 1) found.push((await race(2, [store, store])).fewest);
    expect(Math.min(...found)).to.equal(0);
  });

  it('and a person that two programs add at once joins with the password of the one that said so', async () => {
    const { id, slug } = await tenancy.organization();
    const programs = [tenancy, tenancy.another()];
    for (let round = 0; round < 20; round += 1) {
      const email = `twice-${round}@x.example`;
      const passwords = programs.map((_, n) => `${PASSWORD} of program ${n}`);
      const ended = await Promise.allSettled(programs.map(({ members }, n) => members.add(id, { email, password: passwords[n] ?? '', role: 'signer' }, OPERATOR)));
      const won = ended.flatMap(({ status }, n) => (status === 'fulfilled' ? [n] : []));
      expect(won, `round ${round}`).to.have.length(1);
      for (const [n, password] of passwords.entries()) {
        const signedIn = tenancy.sessions.signIn({ email, password, tenant: slug, ip: `198.51.100.${round}` }, CAUSE).then(() => 'in', ({ code }: { code: string }) => code);
        expect(await signedIn, `round ${round}, program ${n}`).to.equal(n === won[0] ? 'in' : 'tenancy.credentials_invalid');
      }
    }
  });
});
