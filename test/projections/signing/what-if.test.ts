/** What-if as a load on everybody else: few of an organization at once, and in slices of time. */
import { expect } from 'chai';
import type { ReadModel } from '../../../application/kernel/read-models.ts';
import type { TenantId } from '../../../domain/kernel/ids.ts';
import type { AttemptDocument } from '../../../projections/signing/attempts.ts';
import { createWhatIf } from '../../../projections/signing/what-if.ts';
import { rejection } from '../../support/rejections.ts';
import { tenantView, USER } from '../../support/signing.ts';

const TENANT = tenantView().id;
const OTHER = '019aa5c4-6f00-7000-8000-0000000000f1' as TenantId;
const ATTEMPT: AttemptDocument = {
  id: 'one', at: '2026-03-09T14:23:42.100Z', approved: false,
  facts: { outcome: 'let_through', position: '00000000000000000001' as never, actorUserId: USER, secondFactor: false, source: 'api', fileName: 'a.exe', fileSize: 1, reason: null, address: { subject: USER, box: 'sealed' } },
};

const setUp = (attempts: number) => {
  const opened = Promise.withResolvers<void>();
  const model = { stream: async function* stream() { for (let index = 0; index < attempts; index += 1) yield ATTEMPT; } } as unknown as ReadModel<never>;
  let rests = 0;
  const whatIf = createWhatIf({
    log: { head: async () => '00000000000000000009' as never },
    freshness: { until: async () => undefined },
    personalData: { open: async () => '192.0.2.7' },
    reader: { open: async () => { await opened.promise; return model as never; }, serving: (definition) => definition },
    slices: { rest: async () => { rests += 1; } },
  });
  const signal = new AbortController().signal;
  return { go: opened.resolve, fail: opened.reject, rests: () => rests, ask: (tenant: TenantId = TENANT) => whatIf(tenant, { policy: { lockdown: true }, since: 0, signal }) };
};

describe('what-if as a load', () => {
  it('lets an organization ask two at once, and others meanwhile; who is beyond comes again later', async () => {
    const { ask, go } = setUp(1);
    const both = [ask(), ask()];
    expect(await rejection(ask())).to.deep.include({ code: 'signing.what_ifs_busy', details: { retryAfter: 5 } });
    const theirs = ask(OTHER);
    go();
    expect((await Promise.all([...both, theirs])).map(({ refused }) => refused)).to.deep.equal([1, 1, 1]);
    expect((await ask()).refused).to.equal(1);
  });

  it('has room again when one has failed', async () => {
    const { ask, fail } = setUp(1);
    const both = Promise.allSettled([ask(), ask()]);
    fail(new Error('gone'));
    expect((await both).map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
    expect((await ask().catch((error: unknown) => error) as Error).message).to.equal('gone');
  });

  it('offers others a turn after every attempt: time decides, not a count', async () => {
    const { ask, go, rests } = setUp(37);
    go();
    expect((await ask()).refused).to.equal(37);
    expect(rests()).to.equal(37);
  });
});
