import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { collect } from '../../support/collect.ts';
import { SIGNED, START, startProgram, type Organization, type Program } from './program.ts';

const API = '/qwick-cert/api/v1';
const OPERATIONS = `${API}/signing-operations`;
const DIGEST = 'n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=';
const BATCH = '550e8400-e29b-41d4-a716-446655440000';
const MISSING = '019aa5c4-6f00-7000-8000-00000000dead';
const HOUR = 3_600_000;

describe('GET /signing-operations', () => {
  let program: Program;
  let acme: Organization;
  let key: string;
  let signer: string;
  /** Operation ids in the order they were asked for. */
  const ids: string[] = [];

  const get = (path: string, as: string = key) => program.ask('GET', path, { as });
  const list = (query = '', as: string = key) => get(`${OPERATIONS}?organization_slug=${acme.slug}${query}`, as);
  const names = async (query = ''): Promise<string[]> => (await list(query)).json.data.items.map((item: { file_name: string }) => item.file_name);
  const exported = (query = '') => get(`${OPERATIONS}/export?organization_slug=${acme.slug}${query}`);

  const shape = async (query: string) => {
    const { items, page, page_size, total } = (await list(query)).json.data;
    return [items.length, page, page_size, total];
  };

  const sign = async (over: object, as: string): Promise<void> => {
    const body = { digest: DIGEST, algorithm: 'sha256', file_name: 'x.exe', file_size: 1, organization_slug: acme.slug, ...over };
    const { json } = await program.ask('POST', `${API}/sign-digest`, { as, body });
    ids.push(json.data?.operation_id);
  };

  before(async () => {
    program = await startProgram();
    acme = await program.organization();
    key = (await program.key(acme)).secret;
    signer = await program.session(acme, 'signer');
    program.knobs.sign = async () => {
      program.knobs.now += 2_792;
      return SIGNED;
    };
    await sign({ file_name: 'one.exe', client_channel: 'github_action', client_version: '1.2.0', batch_id: BATCH }, key);
    program.knobs.now = START + HOUR;
    program.knobs.sign = () => Promise.reject(new Rejection('signing.backend_failed'));
    await sign({ file_name: 'two.msi', file_size: 2_048_576, batch_id: BATCH }, key);
    program.knobs.now = START + 2 * HOUR;
    program.knobs.sign = async () => SIGNED;
    signer = await program.session(acme, 'signer');
    await sign({ file_name: '=cmd|\' /C calc\'!A0, "three".ps1' }, signer);
    program.knobs.now = START + 24 * HOUR;
    signer = await program.session(acme, 'signer');
    await sign({ file_name: 'four.cab' }, key);
  });
  after(() => program.close());

  it('shows an item as the document does, field by field', async () => {
    const { status, json } = await list('&source=github_action');
    expect(status).to.equal(200);
    expect(Object.keys(json)).to.deep.equal(['data', 'request_id', 'api_version']);
    expect(Object.keys(json.data)).to.deep.equal(['items', 'page', 'page_size', 'total']);
    const [item] = json.data.items;
    expect(Object.entries(item)).to.deep.equal([
      ['id', ids[0]], ['organization_id', acme.id], ['actor_user_id', acme.owner.userId], ['actor_email', acme.owner.email], ['file_name', 'one.exe'],
      ['file_size', 1], ['digest_algorithm', 'sha256'], ['status', 'completed'], ['source', 'github_action'], ['batch_id', BATCH],
      ['signed_at', '2026-03-09T15:00:02.792Z'], ['created_at', '2026-03-09T15:00:00.000Z'],
    ]);
  });

  it('shows one as the document does, field by field', async () => {
    const { status, json } = await get(`${OPERATIONS}/${ids[0]}?organization_slug=${acme.slug}`);
    expect(status).to.equal(200);
    expect(Object.entries(json.data)).to.deep.equal([
      ['id', ids[0]], ['organization_id', acme.id], ['actor_user_id', acme.owner.userId], ['actor_email', acme.owner.email], ['file_name', 'one.exe'],
      ['file_size', 1], ['file_hash', DIGEST], ['digest_algorithm', 'sha256'], ['status', 'completed'], ['source', 'github_action'],
      ['client_channel', 'github_action'], ['client_version', '1.2.0'], ['batch_id', BATCH], ['signed_at', '2026-03-09T15:00:02.792Z'],
      ['duration_ms', 2_792], ['created_at', '2026-03-09T15:00:00.000Z'],
    ]);
    const { json: plain } = await get(`${OPERATIONS}/${ids[3]}?organization_slug=${acme.slug}`);
    expect(plain.data).to.include({ client_channel: null, client_version: null, batch_id: null, source: 'api', duration_ms: 0 });
  });

  it('shows a failed one without times of what did not happen', async () => {
    const [item] = (await list('&status=failed')).json.data.items;
    expect(item).to.include({ file_name: 'two.msi', signed_at: null });
    const { json } = await get(`${OPERATIONS}/${item.id}?organization_slug=${acme.slug}`);
    expect(json.data).to.include({ status: 'failed', signed_at: null, duration_ms: null });
  });

  describe('filters', () => {
    const three = '=cmd|\' /C calc\'!A0, "three".ps1';
    const cases: readonly (readonly [string, readonly string[]])[] = [
      ['', ['four.cab', three, 'two.msi', 'one.exe']],
      ['&status=completed', ['four.cab', three, 'one.exe']],
      ['&status=failed', ['two.msi']],
      ...['pending', 'signed', 'embed_failed', 'timeout', 'abandoned'].map((status) => [`&status=${status}`, []] as const),
      ['&source=cli', [three]],
      ['&source=api', ['four.cab', 'two.msi']],
      ['&source=github_action', ['one.exe']],
      ['&source=dashboard', []],
      [`&batch_id=${BATCH}`, ['two.msi', 'one.exe']],
      [`&batch_id=${BATCH.toUpperCase()}&status=failed`, ['two.msi']],
      [`&batch_id=${BATCH}&status=failed&source=cli`, []],
      [`&batch_id=${MISSING}`, []],
      [`&actor_user_id=${MISSING}`, []],
      ['&status=completed&source=api', ['four.cab']],
      ['&date_from=2026-03-10', ['four.cab']],
      ['&date_to=2026-03-09', [three, 'two.msi', 'one.exe']],
      ['&date_from=2026-03-09&date_to=2026-03-09', [three, 'two.msi', 'one.exe']],
      ['&date_from=2026-03-09T16:00:00Z&date_to=2026-03-09T17:00:00Z', [three, 'two.msi']],
      ['&date_from=2026-03-09T16:00:00.001Z', ['four.cab', three]],
      ['&date_from=2026-03-09T17:00:00%2B01:00&status=failed', ['two.msi']],
      ['&date_from=2026-03-09T16:00:00Z&date_to=2026-03-09T16:00:00Z', ['two.msi']],
    ];
    for (const [query, expected] of cases) {
      it(query === '' ? 'none: newest first' : query, async () => {
        expect(await names(query)).to.deep.equal(expected);
        expect((await list(query)).json.data.total, 'total').to.equal(expected.length);
        const rows = parse((await exported(query)).text, { columns: true, recordDelimiter: '\r\n' });
        expect(rows.map((row) => (row as { file_name: string }).file_name.replace(/^'=/u, '=')), 'export').to.deep.equal(expected);
      });
    }

    it('by actor', async () => {
      const { actor_user_id: person } = (await list('&source=cli')).json.data.items[0];
      expect(await names(`&actor_user_id=${person}`)).to.deep.equal([three]);
      expect(await names(`&actor_user_id=${acme.owner.userId.toUpperCase()}`)).to.deep.equal(['four.cab', 'two.msi', 'one.exe']);
    });
  });

  describe('pages', () => {
    it('50 a page unless asked otherwise', async () => expect(await shape('')).to.deep.equal([4, 1, 50, 4]));
    it('never overlap', async () => {
      const pages = await Promise.all([1, 2, 3].map((page) => list(`&page_size=2&page=${page}`)));
      const all = (await list()).json.data.items;
      expect(pages.flatMap(({ json }) => json.data.items)).to.deep.equal(all);
      expect(pages[2]?.json.data).to.deep.include({ items: [], page: 3, page_size: 2, total: 4 });
    });
    it('of more than 100 are of 100, and say so', async () => {
      expect(await shape('&page_size=101')).to.deep.equal([4, 1, 100, 4]);
      expect(await shape('&page_size=100000000000000000000')).to.deep.equal([4, 1, 100, 4]);
    });
  });

  describe('refuses with QWICK_API_600 and names the field', () => {
    const cases: readonly (readonly [string, string])[] = [
      ...['page', 'page_size'].flatMap((name) => ['0', '-1', 'abc', '1.5', '', '0x10', '1e3', ' 1'].map((value) => [`&${name}=${encodeURIComponent(value)}`, name] as const)),
      ['&page=1&page=2', 'page'],
      ['&page=99999999999999999999', 'page'],
      ['&status=done', 'status'],
      ['&status=', 'status'],
      ['&source=jenkins', 'source'],
      ['&batch_id=1', 'batch_id'],
      ['&actor_user_id=me', 'actor_user_id'],
      ['&date_from=yesterday', 'date_from'],
      ['&date_from=2026-03-11&date_to=2026-03-10', 'date_to'],
      ['&date_from=2026-03-10T01:00:00%2B02:00&date_to=2026-03-09T22:59:59Z', 'date_to'],
      ['&date_to=2026-02-30', 'date_to'],
      ['&date_to=2026-03-09T15:00:00', 'date_to'],
      ['&stauts=failed', 'stauts'],
      ['&status[$ne]=failed', 'status[$ne]'],
    ];
    for (const [query, field] of cases) {
      it(query, async () => {
        const { status, json } = await list(query);
        expect([status, json.error?.code]).to.deep.equal([400, 'QWICK_API_600']);
        expect(Object.keys(json.error.details.fields)).to.deep.equal([field]);
      });
    }
    it('no organization', async () => {
      for (const path of [OPERATIONS, `${OPERATIONS}/export`, `${OPERATIONS}/${ids[0]}`]) {
        const { status, json } = await get(path);
        expect([status, Object.keys(json.error.details.fields)]).to.deep.equal([400, ['organization_slug']]);
      }
    });
    it('an export\'s pages that are none', async () => {
      for (const name of ['page', 'page_size']) expect((await exported(`&${name}=0`)).json.error.details.fields).to.have.all.keys(name);
    });
  });

  describe('is of one\'s own organization only', () => {
    it('a foreign operation, a missing one and no id at all are the same 404', async () => {
      const other = await program.organization();
      const stranger = (await program.key(other)).secret;
      const foreign = await get(`${OPERATIONS}/${ids[0]}?organization_slug=${other.slug}`, stranger);
      const missing = await get(`${OPERATIONS}/${MISSING}?organization_slug=${other.slug}`, stranger);
      const nonsense = await get(`${OPERATIONS}/nonsense?organization_slug=${other.slug}`, stranger);
      const slug = await get(`${OPERATIONS}/${ids[0]}?organization_slug=${acme.slug}`, stranger);
      const nowhere = await get(`${OPERATIONS}/${ids[0]}?organization_slug=nowhere`, stranger);
      for (const { status, json } of [foreign, missing, nonsense, slug, nowhere]) {
        expect(status).to.equal(404);
        expect(json.error).to.deep.equal({
          code: 'QWICK_API_602', message: 'Resource not found in tenant scope', details: {}, docs: 'https://docs.qwickcert.com/errors/QWICK_API_602',
        });
      }
      expect((await get(`${OPERATIONS}?organization_slug=${other.slug}`, stranger)).json.data).to.deep.include({ items: [], total: 0 });
      for (const path of [OPERATIONS, `${OPERATIONS}/export`]) expect((await get(`${path}?organization_slug=${acme.slug}`, stranger)).status).to.equal(404);
    });

    it('an id in capitals is the same id', async () =>
      expect((await get(`${OPERATIONS}/${ids[0]?.toUpperCase()}?organization_slug=${acme.slug}`)).json.data.id).to.equal(ids[0]));
  });

  it('asks a key for read_audit, and nothing of a person but membership', async () => {
    const signOnly = (await program.key(acme, ['sign'])).secret;
    for (const path of [OPERATIONS, `${OPERATIONS}/export`, `${OPERATIONS}/${ids[0]}`]) {
      const refused = await get(`${path}?organization_slug=${acme.slug}`, signOnly);
      expect(refused.json.error).to.deep.include({ code: 'QWICK_AUTH_303', details: { required: 'read_audit' } });
      for (const role of ['viewer', 'developer'] as const) {
        expect((await get(`${path}?organization_slug=${acme.slug}`, await program.session(acme, role))).status).to.equal(200);
      }
    }
  });

  describe('export', () => {
    it('is CSV with the document\'s columns, a header row and CRLF, safe from formulas', async () => {
      const { status, headers, text } = await exported();
      expect(status).to.equal(200);
      expect(headers.get('content-type')).to.equal('text/csv; charset=utf-8');
      expect(headers.get('content-disposition')).to.equal('attachment; filename="signing-operations.csv"');
      expect(headers.get('x-qwick-cli-update')).to.equal('optional');
      expect(headers.get('x-ratelimit-limit')).to.equal('1000');
      const lines = text.split('\r\n');
      expect(lines[0]).to.equal('id,file_name,file_size,status,source,actor_email,signed_at,created_at');
      expect(lines.at(-1)).to.equal('');
      expect(text.replaceAll('\r\n', '')).to.not.match(/[\r\n]/u);
      expect(lines[4]).to.equal(`${ids[0]},one.exe,1,completed,github_action,${acme.owner.email},2026-03-09T15:00:02.792Z,2026-03-09T15:00:00.000Z`);
      expect(lines[2]).to.contain(`,"'=cmd|' /C calc'!A0, ""three"".ps1",`);
      expect(lines[3]).to.match(/,two\.msi,2048576,failed,api,[^,]+,,2026-03-09T16:00:00\.000Z$/u);
    });

    it('has no pages: what a list is asked with is taken, and ignored', async () => expect((await exported('&page=2&page_size=1')).text).to.equal((await exported()).text));

    it('of nothing is the header row', async () =>
      expect((await exported('&status=abandoned')).text).to.equal('id,file_name,file_size,status,source,actor_email,signed_at,created_at\r\n'));

    it('leaves a trace before its first line, or does not happen', async () => {
      await exported('&status=failed&date_from=2026-01-01');
      const stream = `signing.exports-${acme.id}-${new Date(program.knobs.now).toISOString().slice(0, 10)}` as Parameters<Program['store']['read']>[0];
      expect((await collect(program.store.read(stream))).at(-1)?.data).to.deep.include({ filters: { status: 'failed', from: '2026-01-01T00:00:00.000Z' } });
      const { append } = program.knobs;
      program.knobs.append = () => Promise.reject(new Rejection('storage.unavailable'));
      const refused = await exported();
      program.knobs.append = append;
      expect([refused.status, refused.json.error.code]).to.deep.equal([503, 'QWICK_INFRA_000']);
    });
  });
});
