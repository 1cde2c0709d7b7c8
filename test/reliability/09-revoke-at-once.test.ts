/**
 * Promise 9: what was taken away is refused from the answer on, by every program and on a connection that is open already. Each trial makes
 * something, sees it work in both programs (so that every cache knows it), takes it away through one, and uses it in the other at once.
 */
import { expect } from 'chai';
import type { Access, SurfaceName } from '../../application/tenancy/access.ts';
import { codeIn, collectMail, type Post } from '../support/mails.ts';
import { CAUSE, OPERATOR, PASSWORD, startTenancy, type Tenancy } from '../support/tenancy.ts';

const TRIALS = 100;

type Organization = Awaited<ReturnType<Tenancy['organization']>>;
type Program = Pick<Tenancy, 'access' | 'invitations'>;
/** Something that works until it is taken away. */
type Trial = Readonly<{ use: (program: Program) => Promise<unknown>; take: () => Promise<unknown>; refused: string }>;
type Prepare = (n: number) => Promise<Trial>;

/** The planted fault: an access that remembers for a few seconds whom it let in. */
const remembering = (access: Access, now: () => number): Access => {
  const known = new Map<string, { until: number; answer: unknown }>();
  const through = async <T>(key: string, ask: () => Promise<T>): Promise<T> => {
    const kept = known.get(key);
    if (kept !== undefined && kept.until > now()) return kept.answer as T;
    const answer = await ask();
    known.set(key, { until: now() + 5_000, answer });
    return answer;
  };
  return {
    ...access,
    credential: (surface, secret) => through(secret, () => access.credential(surface, secret)),
    session: (token) => through(token, () => access.session(token)),
  };
};

const useKey = (secret: string, surface: SurfaceName = 'qwick-cert') => (program: Program) => program.access.credential(surface, secret);
const useToken = (token: string) => (program: Program) => program.access.session(token);
/** Whoever is no admin any more may do no admin's work. */
const useRole = (token: string) => async (program: Program) => {
  const { role } = await program.access.session(token);
  if (role !== 'admin') throw Object.assign(new Error('lowered'), { code: 'tenancy.forbidden' });
};

describe('promise 9: revoking works at once', function suite() {
  this.timeout(120_000);
  let tenancy: Tenancy;
  let other: ReturnType<Tenancy['another']>;
  let acme: Organization;
  let post: Post;
  before(async () => {
    tenancy = await startTenancy();
    other = tenancy.another();
    post = collectMail(tenancy);
    acme = await tenancy.organization({ slug: 'acme' });
  });
  after(() => tenancy.close());

  const person = async (n: number | string) => {
    const email = `person-${n}@acme.example`;
    const { userId } = await tenancy.members.add(acme.id, { email, password: PASSWORD, role: 'admin' }, OPERATOR);
    return { email, userId };
  };
  const signIn = async (email: string) => (await tenancy.sessions.signIn({ email, password: PASSWORD, ip: email }, CAUSE)).accessToken;
  const newKey = (userId?: string, what: Readonly<{ surface: SurfaceName; kind?: string }> = { surface: 'qwick-cert' }) =>
    tenancy.credentials.create(acme.id, { ...what, name: 'k' }, userId === undefined ? { kind: 'operator' } : { kind: 'person', userId: userId as never, amr: ['pwd'] }, { ...CAUSE, id: crypto.randomUUID() });
  const KINDS: Readonly<Record<string, Prepare>> = {
    'a revoked key': async () => {
      const { id, secret } = await newKey();
      return { use: useKey(secret), take: () => tenancy.credentials.revoke(acme.id, id, CAUSE), refused: 'tenancy.credential_revoked' };
    },
    'a revoked licence key': async () => {
      const { id, secret } = await newKey(undefined, { surface: 'quantum-lock' });
      return { use: useKey(secret, 'quantum-lock'), take: () => tenancy.credentials.revoke(acme.id, id, CAUSE), refused: 'tenancy.credential_revoked' };
    },
    'the service token of a removed member': async (n) => {
      const { userId } = await person(`service-${n}`);
      const { secret } = await newKey(userId, { surface: 'quantum-lock', kind: 'service' });
      return { use: useKey(secret, 'quantum-lock'), take: () => tenancy.members.remove(acme.id, userId, OPERATOR), refused: 'tenancy.credential_revoked' };
    },
    'the key of a removed member': async (n) => {
      const { userId } = await person(`key-${n}`);
      const { secret } = await newKey(userId);
      return { use: useKey(secret), take: () => tenancy.members.remove(acme.id, userId, OPERATOR), refused: 'tenancy.credential_revoked' };
    },
    'the session of a removed member': async (n) => {
      const { email, userId } = await person(`gone-${n}`);
      return { use: useToken(await signIn(email)), take: () => tenancy.members.remove(acme.id, userId, OPERATOR), refused: 'tenancy.token_invalid' };
    },
    'a lowered role': async (n) => {
      const { email, userId } = await person(`low-${n}`);
      return { use: useRole(await signIn(email)), take: () => tenancy.members.changeRole(acme.id, userId, 'viewer', OPERATOR), refused: 'tenancy.forbidden' };
    },
    'a session that was signed out': async (n) => {
      const token = await signIn((await person(`out-${n}`)).email);
      return { use: useToken(token), take: async () => tenancy.sessions.signOut(await tenancy.access.session(token), CAUSE), refused: 'tenancy.token_invalid' };
    },
    'every session after a password reset': async (n) => {
      const { email } = await person(`reset-${n}`);
      const token = await signIn(email);
      tenancy.knobs.now += 61_000;
      await tenancy.passwordResets.request({ email, ip: email }, CAUSE);
      const code = codeIn((await post.deliver())[0] ?? { text: '' });
      return { use: useToken(token), take: () => tenancy.passwordResets.confirm({ token: code, password: `${PASSWORD} anew`, ip: email }, CAUSE), refused: 'tenancy.token_invalid' };
    },
    'an invitation that was revoked': async (n) => {
      const email = `asked-${n}@acme.example`;
      tenancy.knobs.now += 61_000;
      const { id } = await tenancy.invitations.create(acme.id, { email, role: 'viewer' }, { ...OPERATOR, id: crypto.randomUUID() });
      const code = codeIn((await post.deliver())[0] ?? { text: '' });
      // Seen by a refusal that leaves it good: its password is none.
      const use = ({ invitations }: Program) => invitations.accept({ token: code, password: 'x', ip: email }, CAUSE).catch((error: { code: string }) => { if (error.code !== 'request.invalid') throw error; });
      return { use, take: () => tenancy.invitations.revoke(acme.id, id, OPERATOR), refused: 'tenancy.code_invalid' };
    },
  };

  /** How often it was accepted after it had been taken away. */
  const tryOut = async (prepare: Prepare, trials: number, programs: readonly Program[]): Promise<number> => {
    let accepted = 0;
    for (let n = 0; n < trials; n += 1) {
      const { use, take, refused } = await prepare(n);
      for (const program of programs) await use(program);
      await take();
      for (const program of programs) {
        const code = await use(program).then(() => 'accepted', (error: { code: string }) => error.code);
        if (code === 'accepted') accepted += 1;
        else expect(code).to.equal(refused);
      }
    }
    return accepted;
  };

  for (const [what, prepare] of Object.entries(KINDS)) {
    it(`${what}: ${TRIALS} trials, two programs, none accepted`, async () => {
      expect(await tryOut(prepare, TRIALS, [tenancy, other])).to.equal(0);
    });
  }

  it('a replaced signing key of access tokens signs nothing any more, in any program', async () => {
    const { email } = await person('rotated');
    const kids = new Set<string>();
    for (let n = 0; n < 20; n += 1) {
      const kid = await tenancy.keys.rotate(CAUSE);
      const { token } = await other.access.session(await signIn(email)).then(({ tenant, userId, sessionId }) => other.accessTokens.issue({ tenant: tenant.id, slug: tenant.slug, userId, role: 'admin', sessionId, amr: [] }));
      expect(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())).to.include({ kid });
      kids.add(kid);
      tenancy.knobs.now += 61_000;
    }
    expect(kids.size).to.equal(20);
  });

  it('goes red with an access that remembers for five seconds', async () => {
    for (const what of ['a revoked key', 'the session of a removed member', 'a lowered role'] as const) {
      const planted = { ...other, access: remembering(other.access, () => tenancy.knobs.now) };
      expect(await tryOut((n) => (KINDS[what] as Prepare)(1_000 + n), 3, [planted]), what).to.equal(3);
    }
  });
});
