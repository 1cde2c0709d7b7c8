/** POST /signing-operations/:id/result: what becomes of a signature after it was answered. */
import { expect } from 'chai';
import { startProgram, type Organization, type Program } from './program.ts';

const API = '/qwick-cert/api/v1';

describe('the report of the embedding', () => {
  let program: Program;
  let acme: Organization;
  let key: string;

  before(async () => {
    program = await startProgram();
  });
  after(() => program.close());
  beforeEach(async () => {
    acme = await program.organization();
    key = (await program.key(acme)).secret;
  });

  const signed = async (more: object = {}, as = key): Promise<string> => {
    const body = { digest: `${'A'.repeat(43)}=`, algorithm: 'sha256', file_name: 'a.exe', file_size: 1, organization_slug: acme.slug, ...more };
    const { status, json } = await program.ask('POST', `${API}/sign-digest`, { as, body });
    expect(status).to.equal(200);
    return json.data.operation_id;
  };
  const report = (operation: string, body: object, as = key, slug = acme.slug) =>
    program.ask('POST', `${API}/signing-operations/${operation}/result?organization_slug=${slug}`, { as, body });
  const statusOf = async (operation: string): Promise<string> =>
    (await program.ask('GET', `${API}/signing-operations/${operation}?organization_slug=${acme.slug}`, { as: key })).json.data.status;

  it('completes an operation that was signed to be reported on', async () => {
    const operation = await signed({ await_result: true });
    expect(await statusOf(operation)).to.equal('signed');
    const { status, json } = await report(operation, { status: 'completed' });
    expect([status, json.data]).to.deep.equal([200, { operation_id: operation, status: 'completed', reported_at: '2026-03-09T15:00:00.000Z' }]);
    expect(await statusOf(operation)).to.equal('completed');
  });

  it('or says that it could not be embedded, and why', async () => {
    const operation = await signed({ await_result: true });
    expect((await report(operation, { status: 'embed_failed', error: 'read-only' })).status).to.equal(200);
    const { json } = await program.ask('GET', `${API}/signing-operations/${operation}?organization_slug=${acme.slug}`, { as: key });
    expect(json.data).to.include({ status: 'embed_failed', error: 'read-only' });
    const without = await signed();
    await report(without, { status: 'embed_failed' });
    expect((await program.ask('GET', `${API}/signing-operations/${without}?organization_slug=${acme.slug}`, { as: key })).json.data).to.include({ status: 'embed_failed' }).and.to.not.have.property('error');
  });

  it('may also tell of a failure after `completed`', async () => {
    const operation = await signed({ await_result: false });
    expect(await statusOf(operation)).to.equal('completed');
    expect((await report(operation, { status: 'embed_failed' })).status).to.equal(200);
    expect(await statusOf(operation)).to.equal('embed_failed');
  });

  it('comes once, also when two come at once', async () => {
    const operation = await signed({ await_result: true });
    const both = await Promise.all([report(operation, { status: 'completed' }), report(operation, { status: 'embed_failed' })]);
    expect(both.map(({ status }) => status).toSorted((one, other) => one - other)).to.deep.equal([200, 409]);
    const won = both.find(({ status }) => status === 200)?.json.data.status;
    const refused = both.find(({ status }) => status === 409)?.json.error;
    expect(refused).to.include({ code: 'QWICK_API_601' }).and.have.deep.property('details', { status: won });
    expect(await statusOf(operation)).to.equal(won);
  });

  it('is the business of who signed: a colleague, another organization and a stranger\'s id are told the same', async () => {
    const operation = await signed({ await_result: true });
    const colleague = await program.session(acme, 'signer');
    const other = await program.organization();
    const foreign = (await program.key(other)).secret;
    for (const { status, json } of [
      await report(operation, { status: 'completed' }, colleague),
      await report(operation, { status: 'completed' }, foreign, other.slug),
      await report('019aa5c4-6f00-7000-8000-00000000dead', { status: 'completed' }),
    ]) expect([status, json.error.code, json.error.details]).to.deep.equal([404, 'QWICK_API_602', {}]);
    expect(await statusOf(operation)).to.equal('signed');
  });

  it('may come from the person or from any of their keys', async () => {
    const one = await signed({ await_result: true });
    expect((await report(one, { status: 'completed' }, await program.session(acme))).status).to.equal(200);
    const other = await signed({ await_result: true });
    expect((await report(other, { status: 'completed' }, (await program.key(acme, ['sign'])).secret)).status).to.equal(200);
  });

  it('needs the permission to sign', async () => {
    const operation = await signed({ await_result: true });
    for (const as of [(await program.key(acme, ['read_audit'])).secret, await program.session(acme, 'viewer')]) {
      const { status, json } = await report(operation, { status: 'completed' }, as);
      expect([status, json.error.code]).to.deep.equal([403, 'QWICK_AUTH_303']);
    }
  });

  it('says what it is, and no error that was none', async () => {
    const operation = await signed({ await_result: true });
    for (const [body, field] of [
      [{}, 'status'],
      [{ status: 'signed' }, 'status'],
      [{ status: 'completed', error: 'none' }, 'error'],
      [{ status: 'embed_failed', error: 7 }, 'error'],
    ] as const) {
      const { status, json } = await report(operation, body);
      expect([status, json.error.code, Object.keys(json.error.details.fields)]).to.deep.equal([400, 'QWICK_API_600', [field]]);
    }
    expect((await report('not-an-id', { status: 'completed' })).status).to.be.oneOf([400, 404]);
  });

  it('shows in the log who reported what', async () => {
    const operation = await signed({ await_result: true });
    await report(operation, { status: 'embed_failed', error: 'read-only' });
    const events = [];
    for await (const event of program.store.read(`signing.operation-${acme.id}-${operation}` as never)) events.push(event);
    expect(events.map(({ type }) => type)).to.deep.equal(['SigningRequested', 'SigningCompleted', 'SigningResultReported']);
    expect(events[2]?.data).to.include({ result: 'embed_failed', error: 'read-only', actorUserId: acme.owner.userId });
  });
});
