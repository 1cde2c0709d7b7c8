import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { CAUSE, startTenancy, type Tenancy } from '../../support/tenancy.ts';
import { rejection } from '../../support/rejections.ts';

const DAY = 86_400_000;

describe('making a credential again after its answer was lost', () => {
  let tenancy: Tenancy;
  before(async () => { tenancy = await startTenancy(); });
  after(() => tenancy.close());

  /** The same id twice: what a repeated Idempotency-Key comes to when the answer that was kept for it is gone. */
  const twice = async (meanwhile: (secret: string) => Promise<unknown>) => {
    const { id: tenant } = await tenancy.organization();
    const id = randomUUID();
    const create = () => tenancy.credentials.create(tenant, { surface: 'qwick-cert', name: 'CI' }, { kind: 'operator' }, { ...CAUSE, id });
    const first = await create();
    await meanwhile(first.secret);
    const second = await create();
    expect(second.id).not.to.equal(first.id);
    await tenancy.access.credential('qwick-cert', second.secret);
    return tenancy.access.credential('qwick-cert', first.secret);
  };

  it('revokes one that nobody has ever used', async () => {
    expect((await rejection(twice(async () => undefined))).code).to.equal('tenancy.credential_revoked');
  });

  it('leaves one alone that is in use: its secret did arrive', async () => {
    expect((await twice((secret) => tenancy.access.credential('qwick-cert', secret))).kind).to.equal('credential');
  });

  it('leaves one alone that is a day old: nobody repeats a request for so long', async () => {
    expect((await twice(async () => { tenancy.knobs.now += DAY; })).kind).to.equal('credential');
  });
});
