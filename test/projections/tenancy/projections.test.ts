/** The read models of tenancy as folds: given events, then documents; twice the same, the same document. */
import { expect } from 'chai';
import type { Message } from '../../../domain/kernel/decider.ts';
import { INSTALLATION, type Position, type StreamId, type TenantId } from '../../../domain/kernel/ids.ts';
import type { Recorded } from '../../../application/kernel/ports.ts';
import type { AnyProjection } from '../../../projections/kernel/projection.ts';
import { credentialIndexProjection } from '../../../projections/tenancy/credential-index.ts';
import { credentialsProjection } from '../../../projections/tenancy/credentials.ts';
import { membersProjection } from '../../../projections/tenancy/members.ts';
import { tenancyProjections } from '../../../projections/tenancy/index.ts';
import { tenantsProjection } from '../../../projections/tenancy/tenants.ts';
import { sourceFixture } from '../../support/tenancy-fixtures.ts';

const tenant = '019aa5c4-6f00-7000-8000-0000000000f0' as TenantId;

const recorded = (message: Message, at: number): Recorded => ({
  ...message,
  id: `event-${at}`,
  stream: 'tenancy.any' as StreamId,
  tenant,
  revision: at,
  position: String(at).padStart(20, '0') as Position,
  time: new Date(Date.UTC(2026, 2, 9, 15, 0, at)).toISOString(),
  cause: { actor: { kind: 'operator', id: 'operator' }, correlation: 'test' },
});

type Documents = Map<string, object>;

const tell = ({ id, on, tenant: tenantOf }: AnyProjection, documents: Documents, event: Recorded): void => {
  const key = `${tenantOf?.(event) ?? event.tenant}/${id(event) ?? ''}`;
  const document = on[event.type]?.(documents.get(key), event);
  if (document === undefined) documents.delete(key);
  else documents.set(key, document);
};

/** Documents by tenant and id after these events, each told once or more. */
const folded = (projection: unknown, events: readonly Message[], times = 1): Record<string, object> => {
  const documents: Documents = new Map();
  for (const [at, told] of events.entries()) {
    for (let time = 0; time < times; time += 1) tell(projection as AnyProjection, documents, recorded(told, at));
  }
  return Object.fromEntries(documents);
};

const message = (type: string, over: object = {}): Message => ({ type, data: { ...sourceFixture(type), ...over } });
const history: readonly Message[] = [
  message('TenantCreated'),
  message('MemberAdded'),
  message('MemberRoleChanged'),
  message('CredentialCreated'),
  message('PlanSet'),
  message('MemberRemoved'),
  message('CredentialRevoked'),
  message('InvitationCreated'),
  message('InvitationAccepted'),
  message('MailSent'),
];
const only = (projection: unknown, count: number): unknown => {
  const types = Object.keys((projection as AnyProjection).on);
  return Object.values(folded(projection, history.slice(0, count).filter(({ type }) => types.includes(type))))[0];
};

describe('read models of tenancy', () => {
  it('say the same when they are told twice', () => {
    for (const projection of tenancyProjections) {
      const events = history.filter(({ type }) => type in projection.on);
      expect(events.length, projection.name).to.be.greaterThan(0);
      expect(folded(projection, events, 2), projection.name).to.deep.equal(folded(projection, events));
    }
  });

  it('know members, and who was one', () => {
    expect(only(membersProjection, 3)).to.deep.include({ status: 'active', role: 'signer', addedAt: '2026-03-09T15:00:00.000Z', removedAt: null });
    expect(only(membersProjection, 7)).to.deep.include({ status: 'removed', role: 'signer', email: sourceFixture('MemberAdded')['email'] });
  });

  it('know the tenants under the installation, with their plans', () => {
    const documents = folded(tenantsProjection, [message('TenantCreated'), message('PlanSet')]);
    expect(Object.keys(documents)).to.deep.equal([`${INSTALLATION}/${tenant}`]);
    expect(Object.values(documents)[0]).to.have.nested.property('plans.qwick-cert.plan', 'pro');
    expect(Object.values(documents)[0]).to.have.nested.property('plans.quantum-lock.plan', 'free');
  });

  it('know credentials without their hashes, and hashes without anything else', () => {
    const document = only(credentialsProjection, 4);
    expect(document).to.deep.include({ prefix: 'qwick_ak_abc1', revokedAt: null });
    expect(document).not.to.have.property('secretHash');
    expect(only(credentialsProjection, 7)).to.deep.include({ revokedAt: '2026-03-09T14:23:44.892Z' });
    const index = folded(credentialIndexProjection, [message('CredentialCreated')]);
    const { secretHash, credentialId } = sourceFixture('CredentialCreated');
    expect(index).to.deep.equal({ [`${INSTALLATION}/${String(secretHash)}`]: { tenant, credentialId } });
  });

  it('skip what they cannot place, and never throw', () => {
    for (const projection of tenancyProjections) {
      const changes = history.filter(({ type }) => type in projection.on && !/Created|Added/u.test(type));
      expect(folded(projection, changes), projection.name).to.deep.equal({});
    }
  });
});
