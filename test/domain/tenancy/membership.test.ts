import { expect } from 'chai';
import * as fc from 'fast-check';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import type { MemberAdded, MembershipEvent } from '../../../domain/tenancy/membership.events.ts';
import { membership, type MembershipCommand } from '../../../domain/tenancy/membership.ts';
import { ROLES } from '../../../domain/tenancy/terms.ts';
import { specification } from '../../support/specification.ts';

const by = { kind: 'operator' } as const;
const email = { subject: 'ann', box: 'sealed' };
const passwordHash = { subject: 'ann', box: 'hashed' };
const added = (userId: string, role: MemberAdded['data']['role'], term = 1): MemberAdded => ({
  type: 'MemberAdded',
  data: { userId, role, email, passwordHash, term },
});
const removed = (userId: string) => ({ type: 'MemberRemoved', data: { userId } }) as const;
const add = (limit: number | undefined) =>
  ({ type: 'AddMember', data: { userId: 'cyd', role: 'viewer', email, passwordHash, by, ...(limit !== undefined && { limit }) } }) as const;

describe('the members of a tenant', () => {
  const { given } = specification(membership);

  it('are added once', () => {
    given().when({ type: 'AddMember', data: { userId: 'ann', role: 'owner', email, passwordHash, by } }).then(added('ann', 'owner'));
    given(added('ann', 'owner')).when({ type: 'AddMember', data: { userId: 'ann', role: 'owner', email, passwordHash, by } }).rejected('tenancy.member_exists');
  });

  it('are no more than there may be', () => {
    const history = [added('ann', 'owner'), added('bob', 'signer')] as const;
    given(...history).when(add(2)).rejected('tenancy.member_limit', { limit: 2 });
    given(...history).when(add(1)).rejected('tenancy.member_limit', { limit: 1 });
    given(...history).when(add(3)).then(added('cyd', 'viewer'));
    given(...history).when(add(undefined)).then(added('cyd', 'viewer'));
    given(...history, removed('bob')).when(add(2)).then(added('cyd', 'viewer'));
  });

  it('begin a new term when they are added again', () => {
    given(added('ann', 'owner'), added('bob', 'signer'), removed('bob'))
      .when({ type: 'AddMember', data: { userId: 'bob', role: 'viewer', email, passwordHash, by } })
      .then(added('bob', 'viewer', 2));
  });

  it('change their role', () => {
    const command = { type: 'ChangeRole', data: { userId: 'bob', role: 'viewer', by } } as const;
    given(added('ann', 'owner'), added('bob', 'signer')).when(command).then({ type: 'MemberRoleChanged', data: { userId: 'bob', role: 'viewer' } });
    given(added('ann', 'owner'), added('bob', 'signer')).twice(command);
    given(added('ann', 'owner')).when(command).rejected('tenancy.member_unknown');
    given(added('ann', 'owner'), added('bob', 'signer'), removed('bob')).when(command).rejected('tenancy.member_unknown');
  });

  it('are removed', () => {
    given(added('ann', 'owner'), added('bob', 'signer')).twice({ type: 'RemoveMember', data: { userId: 'bob', by } });
    given(added('ann', 'owner')).when({ type: 'RemoveMember', data: { userId: 'bob', by } }).rejected('tenancy.member_unknown');
  });

  it('always have an owner among them', () => {
    given(added('ann', 'owner'), added('bob', 'admin')).when({ type: 'RemoveMember', data: { userId: 'ann', by } }).rejected('tenancy.last_owner');
    given(added('ann', 'owner')).when({ type: 'ChangeRole', data: { userId: 'ann', role: 'admin', by } }).rejected('tenancy.last_owner');
    given(added('ann', 'owner'), added('bob', 'owner'), removed('bob')).when({ type: 'RemoveMember', data: { userId: 'ann', by } }).rejected('tenancy.last_owner');
    given(added('ann', 'owner'), added('bob', 'owner')).when({ type: 'RemoveMember', data: { userId: 'ann', by } }).then(removed('ann'));
  });

  it('neither become owners nor stop being it by the hand of an admin', () => {
    const history = [added('ann', 'owner'), added('cyd', 'owner'), added('bob', 'admin')] as const;
    const byAdmin = { by: { kind: 'person', userId: 'bob' } } as const;
    given(...history).when({ type: 'ChangeRole', data: { userId: 'bob', role: 'owner', ...byAdmin } }).rejected('tenancy.owner_required');
    given(...history).when({ type: 'ChangeRole', data: { userId: 'cyd', role: 'viewer', ...byAdmin } }).rejected('tenancy.owner_required');
    given(...history).when({ type: 'RemoveMember', data: { userId: 'cyd', ...byAdmin } }).rejected('tenancy.owner_required');
    given(...history).when({ type: 'AddMember', data: { userId: 'dan', role: 'owner', email, passwordHash, ...byAdmin } }).rejected('tenancy.owner_required');
    given(...history).when({ type: 'RemoveMember', data: { userId: 'bob', ...byAdmin } }).then(removed('bob'));
  });

  it('are changed by nobody who is no owner or admin any more when it is decided', () => {
    const commands = (userId: string): readonly MembershipCommand[] => {
      const byBob = { by: { kind: 'person', userId } } as const;
      return [
        { type: 'AddMember', data: { userId: 'dan', role: 'admin', email, passwordHash, ...byBob } },
        { type: 'ChangeRole', data: { userId: 'cyd', role: 'admin', ...byBob } },
        { type: 'RemoveMember', data: { userId: 'cyd', ...byBob } },
      ];
    };
    const history = [added('ann', 'owner'), added('bob', 'admin'), added('cyd', 'viewer')] as const;
    for (const command of commands('bob')) {
      given(...history, { type: 'MemberRoleChanged', data: { userId: 'bob', role: 'signer' } }).when(command).rejected('tenancy.forbidden');
      given(...history, removed('bob')).when(command).rejected('tenancy.forbidden');
    }
    for (const command of commands('stranger')) given(...history).when(command).rejected('tenancy.forbidden');
    const lowered = [...history, { type: 'MemberRoleChanged', data: { userId: 'cyd', role: 'owner' } }, { type: 'MemberRoleChanged', data: { userId: 'cyd', role: 'admin' } }] as const;
    given(...lowered).when({ type: 'AddMember', data: { userId: 'dan', role: 'owner', email, passwordHash, by: { kind: 'person', userId: 'cyd' } } }).rejected('tenancy.owner_required');
  });

  it('have an owner after any run of commands', () => {
    const userId = fc.constantFrom('ann', 'bob', 'cyd');
    const anybody = fc.oneof(fc.constant({ kind: 'operator' } as const), userId.map((each) => ({ kind: 'person', userId: each }) as const));
    const command: fc.Arbitrary<MembershipCommand> = fc.oneof(
      fc.record({ userId, role: fc.constantFrom(...ROLES), by: anybody }).map((data) => ({ type: 'ChangeRole' as const, data })),
      fc.record({ userId, role: fc.constantFrom(...ROLES), by: anybody }).map((data) => ({ type: 'AddMember' as const, data: { ...data, email, passwordHash } })),
      fc.record({ userId, by: anybody }).map((data) => ({ type: 'RemoveMember' as const, data })),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
        const history: MembershipEvent[] = [added('ann', 'owner')];
        for (const each of commands) history.push(...attempt(each, history));
        const { members } = history.reduce(membership.evolve, membership.initialState);
        expect([...members.values()].some(({ role }) => role === 'owner')).to.equal(true);
      }),
    );
  });
});

const attempt = (command: MembershipCommand, history: readonly MembershipEvent[]): readonly MembershipEvent[] => {
  try {
    return membership.decide(command, history.reduce(membership.evolve, membership.initialState));
  } catch (error) {
    if (error instanceof Rejection) return [];
    throw error;
  }
};
