import { expect } from 'chai';
import type { Subject } from '../../../application/kernel/sealing.ts';
import { withSubject } from '../../../application/kernel/with-subject.ts';
import type { SubjectId, TenantId } from '../../../domain/kernel/ids.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { rejection } from '../../support/rejections.ts';

const place = { tenant: '019aa5c4-6f00-7000-8000-0000000000f0' as TenantId, name: 'somebody' };

/** Rejects with these codes, one after another, and then succeeds; each time with the subject as it is then. */
const work = (...codes: readonly string[]) => {
  let looked = 0;
  const seen: string[] = [];
  const personalData = { subject: async (): Promise<Subject> => ({ id: `subject ${(looked += 1)}` as SubjectId, newKeys: [] }) };
  const run = withSubject(personalData, place, async ({ id }) => {
    seen.push(id);
    const code = codes[seen.length - 1];
    if (code !== undefined) throw new Rejection(code);
    return 'done';
  });
  return { run, seen };
};

describe('work that mentions a person', () => {
  it('is done once when nothing comes between', async () => {
    const { run, seen } = work();
    expect([await run, seen]).to.deep.equal(['done', ['subject 1']]);
  });

  for (const code of ['kernel.key_exists', 'kernel.subject_unknown']) {
    it(`is done again with who they are by now: ${code}`, async () => {
      const { run, seen } = work(code, code);
      expect([await run, seen]).to.deep.equal(['done', ['subject 1', 'subject 2', 'subject 3']]);
    });

    it(`is given up when that does not end: ${code}`, async () => {
      expect((await rejection(work(code, code, code).run)).code).to.equal(code);
    });
  }

  it('is not repeated for any other reason', async () => {
    const { run, seen } = work('storage.unavailable');
    expect((await rejection(run)).code).to.equal('storage.unavailable');
    expect(seen).to.have.length(1);
  });
});
