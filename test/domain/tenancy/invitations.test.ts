import { expect } from 'chai';
import type { InvitationCreated, MemberAdded, MembershipEvent } from '../../../domain/tenancy/membership.events.ts';
import type { Managed } from '../../../domain/tenancy/manager.ts';
import { membership, type MembershipCommand } from '../../../domain/tenancy/membership.ts';
import type { Role } from '../../../domain/tenancy/terms.ts';
import { specification } from '../../support/specification.ts';

const sealed = (box: string) => ({ subject: 'dan', box });
const passwordHash = sealed('hash');
const email = sealed('email');
const added = (userId: string, role: Role, term = 1): MemberAdded => ({ type: 'MemberAdded', data: { userId, role, email, passwordHash, term } });
const created = (over: Partial<InvitationCreated['data']> = {}): InvitationCreated => ({
  type: 'InvitationCreated',
  data: {
    invitationId: 'i1', userId: 'dan', role: 'signer', email: sealed('invited'), code: sealed('code'), codeHash: 'h1', invitedBy: 'bob',
    createdAt: '2026-03-09T12:00:00.000Z', expiresAt: '2026-03-16T12:00:00.000Z', ...over,
  },
});
const byBob = { by: { kind: 'person', userId: 'bob' } } as const;
const invite = (over: Partial<InvitationCreated['data']> & Partial<Managed> = {}): MembershipCommand => {
  const { by = byBob.by, ...rest } = over;
  return { type: 'Invite', data: { ...created(rest).data, by } };
};
const accept = (over: object = {}): MembershipCommand => ({
  type: 'AcceptInvitation',
  data: { invitationId: 'i1', codeHash: 'h1', at: '2026-03-16T11:59:59.999Z', email, passwordHash, ...over },
});
const accepted = { type: 'InvitationAccepted', data: { invitationId: 'i1', userId: 'dan' } } as const;
const ended = (reason: 'revoked' | 'member_added' | 'inviter_left', invitationId = 'i1') =>
  ({ type: 'InvitationRevoked', data: { invitationId, userId: 'dan', reason } }) as const;
const lower = (role: Role): MembershipCommand => ({ type: 'ChangeRole', data: { userId: 'bob', role, by: { kind: 'operator' } } });
const people = [added('ann', 'owner'), added('bob', 'admin')] as const;

describe('an invitation', () => {
  const { given } = specification(membership);

  it('is made once, for somebody who is neither member nor asked already', () => {
    given(...people).when(invite()).then(created());
    given(...people).twice(invite());
    given(...people, added('dan', 'viewer')).when(invite()).rejected('tenancy.member_exists');
    given(...people, created()).when(invite({ invitationId: 'i2' })).rejected('tenancy.invitation_pending');
    given(...people, created(), ended('revoked')).when(invite({ invitationId: 'i2' })).then(created({ invitationId: 'i2' }));
    const late = { invitationId: 'i2', createdAt: '2026-03-16T12:00:00.000Z', expiresAt: '2026-03-23T12:00:00.000Z' };
    given(...people, created()).when(invite(late)).then(created(late));
  });

  it('is neither made nor revoked by who has lost the right meanwhile', () => {
    const gone = [...people, { type: 'MemberRemoved', data: { userId: 'bob' } }] as const;
    given(...gone).when(invite()).rejected('tenancy.forbidden');
    given(...gone, created({ invitedBy: 'ann' })).when({ type: 'RevokeInvitation', data: { invitationId: 'i1', ...byBob } }).rejected('tenancy.forbidden');
  });

  it('to own the tenant is made by who may give ownership', () => {
    given(...people).when(invite({ role: 'owner' })).rejected('tenancy.owner_required');
    given(...people).when(invite({ role: 'owner', by: { kind: 'operator' } })).then(created({ role: 'owner' }));
  });

  it('makes a member in the same append that uses it up', () => {
    given(...people, created()).when(accept()).then(accepted, added('dan', 'signer'));
    given(...people, created(), accepted, added('dan', 'signer')).when(accept()).rejected('tenancy.code_invalid');
    given(...people, added('dan', 'viewer'), { type: 'MemberRemoved', data: { userId: 'dan' } }, created()).when(accept()).then(accepted, added('dan', 'signer', 2));
  });

  it('is refused with a wrong code, after its time, and once it is revoked', () => {
    given(...people, created()).when(accept({ codeHash: 'h2' })).rejected('tenancy.code_invalid');
    given(...people, created()).when(accept({ invitationId: 'i2' })).rejected('tenancy.code_invalid');
    given(...people, created()).when(accept({ at: '2026-03-16T12:00:00.000Z' })).rejected('tenancy.code_invalid');
    given(...people, created(), ended('revoked')).when(accept()).rejected('tenancy.code_invalid');
  });

  it('is no way beyond the plan, and stays good until there is room', () => {
    given(...people, created()).when(accept({ limit: 2 })).rejected('tenancy.member_limit', { limit: 2 });
    given(...people, created()).when(accept({ limit: 3 })).then(accepted, added('dan', 'signer'));
  });

  it('is revoked, but not after it was accepted, nor by an admin when it is to ownership', () => {
    const revoke = { type: 'RevokeInvitation', data: { invitationId: 'i1', ...byBob } } as const;
    given(...people, created()).when(revoke).then(ended('revoked'));
    given(...people, created()).twice(revoke);
    given(...people).when(revoke).rejected('tenancy.invitation_unknown');
    given(...people, created(), accepted).when(revoke).rejected('tenancy.invitation_accepted');
    given(...people, created({ role: 'owner' })).when(revoke).rejected('tenancy.owner_required');
  });

  it('ends with what its maker may do', () => {
    const remove: MembershipCommand = { type: 'RemoveMember', data: { userId: 'bob', by: { kind: 'operator' } } };
    given(...people, created()).when(remove).then({ type: 'MemberRemoved', data: { userId: 'bob' } }, ended('inviter_left'));
    given(...people, created()).when(lower('viewer')).then({ type: 'MemberRoleChanged', data: { userId: 'bob', role: 'viewer' } }, ended('inviter_left'));
    given(...people, created()).when(lower('owner')).then({ type: 'MemberRoleChanged', data: { userId: 'bob', role: 'owner' } });
    const byOwner = [added('ann', 'owner'), added('bob', 'owner'), created({ role: 'owner' })] as const;
    given(...byOwner).when(lower('admin')).then({ type: 'MemberRoleChanged', data: { userId: 'bob', role: 'admin' } }, ended('inviter_left'));
    const { invitedBy: _, ...byOperator } = created().data;
    given(...people, { type: 'InvitationCreated', data: byOperator }).when(remove).then({ type: 'MemberRemoved', data: { userId: 'bob' } });
  });

  it('ends when the person is added without it', () => {
    const add: MembershipCommand = { type: 'AddMember', data: { userId: 'dan', role: 'viewer', email, passwordHash, by: { kind: 'operator' } } };
    given(...people, created()).when(add).then(added('dan', 'viewer'), ended('member_added'));
  });

  it('leaves nothing of code and address in the state once it has ended', () => {
    const history: readonly MembershipEvent[] = [...people, created(), ended('revoked')];
    const { invitations } = history.reduce(membership.evolve, membership.initialState);
    expect([...invitations.values()]).to.deep.equal([{ status: 'revoked', userId: 'dan', role: 'signer' }]);
  });
});
