/**
 * Promise 19, its part on licences: what is sent stays text. Naughty strings come back as they went in, through the list, the details and the
 * validation; none of them reaches a line of the log, a header, or an event in the clear.
 */
import { expect } from 'chai';
import { createLogger } from '../../infrastructure/runtime/logger.ts';
import { startProgram } from '../../api/composition/program.ts';
import { readConfig } from '../../infrastructure/runtime/config.ts';
import { resolve } from '../../api/composition/provide.ts';
import { storage } from '../../api/composition/tokens.ts';
import { failOnFatal } from '../support/silent.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { NAUGHTY } from './mutants.ts';
import { apiKeyHeader, createAsk, createMake, type Ask } from './world.ts';

const API = '/quantum-lock/api/v1';
const CANARY = 'inj-canary-78';
const BREAKS: readonly string[] = [
  '\r\nX-Injected: yes', '\n{"level":"error","msg":"forged"}', '\u2028', '\u0085', '"}],"total":0,"x":[{"', '<script>alert(1)</script>', '\u202Egnp', '=1+1', "' OR 1=1 --", '$ne', '../../etc/passwd', '{{constructor}}', '${1}', '%00', '__proto__', '\\', '\t',
];
const INPUTS = [...new Set([...BREAKS, ...NAUGHTY.filter((_, index) => index % 4 === 0)])].map((input) => `${CANARY}${input}`.toWellFormed()).filter((input) => !input.includes('\0') && input.length <= 100);

type Json = Readonly<Record<string, any>>; // oxlint-disable-line typescript/no-explicit-any -- answers are looked into at many places

const isLine = (line: string): boolean => {
  try {
    return ['level', 'time', 'msg'].every((name) => Object.hasOwn(JSON.parse(line) as object, name));
  } catch {
    return false;
  }
};

/** What is wrong with a text that was logged. */
const faultsOf = (text: string, secret: string): readonly string[] => {
  const forged = text.trimEnd().split('\n').every(isLine) ? [] : ['no line of ours'];
  return [...forged, ...[CANARY, secret].filter((each) => text.includes(each)).map(() => 'what was sent')];
};

const lineOf = (msg: string): string => `{"level":"info","time":"2026-03-09T15:00:00.000Z","msg":"${msg}"}\n`;

describe('promise 19: what is sent with a licence stays text', function suite() {
  this.timeout(60_000);
  const directory = temporaryDirectory();
  const logs: string[] = [];
  let program: Awaited<ReturnType<typeof startProgram>>;
  let ask: Ask;
  let close: () => void;
  let key: string;

  before(async () => {
    const config = readConfig({ PORT: '0', DATA_DIR: directory.path });
    program = await startProgram({ config, logger: createLogger({ level: 'debug', destination: { write: (line) => void logs.push(line) } }), onFatal: failOnFatal });
    ({ ask, close } = createAsk(Number(new URL(program.url).port)));
    const make = createMake(ask);
    const operator = `Bearer ${program.operatorToken}`;
    await make(operator, 'POST', '/platform/v1/tenants', { slug: 'acme', name: 'Acme', owner: { email: 'owner@acme.example', password: 'plenty of words to remember 7' }, plans: { 'quantum-lock': 'enterprise' } });
    key = String((await make(operator, 'POST', '/platform/v1/tenants/acme/credentials', { surface: 'quantum-lock', name: 'test' }))['secret']);
  });
  after(async () => {
    close();
    await program.stop(1_000);
    directory.remove();
  });

  const call = async (method: string, path: string, body?: object): Promise<Json> => {
    const answer = await ask({ method, path: `${API}${path}`, headers: apiKeyHeader(`Bearer ${key}`), body: body && JSON.stringify(body) });
    expect(Object.keys(answer.headers)).to.not.include('x-injected');
    return { status: answer.status, ...(JSON.parse(answer.text) as Json) };
  };

  it(`${INPUTS.length} strings as customer, feature, metadata and reason come back as they went in`, async () => {
    const made: Json[] = [];
    for (const input of INPUTS) {
      const licence = await call('POST', '/licenses/generate', { end_customer_id: input, features: [input], metadata: { note: input } });
      expect([licence['status'], licence['end_customer_id'], licence['features']], JSON.stringify(input)).to.deep.equal([201, input, [input]]);
      expect(await call('POST', '/licenses/validate', { license_key: licence['license_key'], end_customer_id: input })).to.deep.include({ valid: true, end_customer_id: input });
      expect(await call('POST', `/licenses/${licence['license_key']}/revoke`, { reason: input })).to.deep.include({ status: 200, reason: input });
      expect(await call('GET', `/licenses/${licence['license_key']}`)).to.deep.include({ end_customer_id: input, revoked_reason: input });
      made.push(licence);
    }
    const listed: string[] = [];
    for (let page = 1; listed.length < made.length; page += 1) {
      const { licenses } = await call('GET', `/licenses?per_page=100&page=${page}`);
      listed.push(...licenses.map(({ end_customer_id: customer }: Json) => customer as string));
    }
    expect(listed).to.deep.equal(INPUTS);
    expect((await call('GET', '/revocations'))['revoked_ids']).to.have.members(made.map((licence) => licence['license_key'] as string));
  });

  it('the same strings where they do not belong are refused in words of our own', async () => {
    for (const input of INPUTS) {
      const path = encodeURIComponent(input);
      for (const [status, answer] of [
        [404, await call('GET', `/licenses/${path}`)], [404, await call('POST', `/licenses/${path}/revoke`, { reason: 'x' })], [400, await call('GET', `/revocations?since=${path}`)],
        [400, await call('GET', `/licenses?status_filter=${path}`)], [400, await call('POST', '/licenses/generate', { end_customer_id: 'x', valid_days: input })],
      ] as const) {
        expect(answer['status']).to.equal(status);
        expect(String(answer['detail'])).to.not.contain(CANARY);
      }
      const { status } = await ask({ method: 'GET', path: `${API}/stats`, headers: { 'x-api-key': `qlk_${path}` } });
      expect(status).to.equal(401);
    }
  });

  it('leaves nothing of them in the log, each line of which is one, nor in an event', async () => {
    expect(logs.length).to.be.greaterThan(INPUTS.length * 8);
    for (const text of logs) expect(faultsOf(text, key), text).to.deep.equal([]);
    const feed = resolve(program.container, storage.log).feed();
    let events = 0;
    for (let page = await feed.pull(undefined, 5_000, AbortSignal.timeout(10_000)); page.events.length > 0; ) {
      for (const { type, data } of page.events) {
        const { features: _features, ...rest } = data as Json;
        expect(JSON.stringify(rest), type).to.not.contain(CANARY);
        events += 1;
      }
      if (page.events.length < 5_000) break;
      page = await feed.pull(page.scannedTo, 5_000, AbortSignal.timeout(10_000));
    }
    expect(events).to.be.greaterThan(INPUTS.length * 3);
  });

  it('goes red with a log that says what was sent, or is put together as text', () => {
    expect(faultsOf(lineOf('request'), key)).to.deep.equal([]);
    expect(faultsOf(lineOf(`generated for ${CANARY}`), key)).to.deep.equal(['what was sent']);
    expect(faultsOf(lineOf(`key ${key}`), key)).to.deep.equal(['what was sent']);
    expect(faultsOf(lineOf(`x"}\n{"level":"error","msg":"forged`), key)).to.deep.equal(['no line of ours']);
  });
});
