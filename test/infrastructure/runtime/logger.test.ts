/** What is logged, and what cannot be. */
import { expect } from 'chai';
import { createLogger, hushable, LOG_LEVELS } from '../../../infrastructure/runtime/logger.ts';

const logged = (fields: object, message = 'said'): Readonly<Record<string, unknown>> => {
  const lines: string[] = [];
  createLogger({ level: 'debug', destination: { write: (line) => void lines.push(line) } }).info(fields, message);
  expect(lines).to.have.length(1);
  return JSON.parse(lines[0] ?? '') as Record<string, unknown>;
};

/** Every form of secret that the program hands out or takes in. */
const CANARIES = {
  'API key': 'qwick_ak_CanaryCanaryCanary12345',
  'other keys': 'qapi_CanaryCanary qlk_CanaryCanary svc_CanaryCanary',
  'access token': 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJDYW5hcnkifQ.Q2FuYXJ5Q2FuYXJ5',
  'Authorization value': 'Bearer Canary-Token-123456',
  'private key': '-----BEGIN PRIVATE KEY-----\nCanaryCanary\n-----END PRIVATE KEY-----',
  'half a private key': '-----BEGIN EC PRIVATE KEY-----\nCanaryCanary',
  'link with a code': 'https://host/accept?token=Canary123',
  'URL with a password': 'mongodb://root:Canary123@db/x',
  'webhook secret': 'whsec_Canary/Canary+Canary=',
  'e-mail address': 'canary@example.com',
} as const;

const NAMES = ['password', 'newPassword', 'secret', 'client_secret', 'token', 'access_token', 'refreshToken', 'authorization', 'Authorization', 'cookie', 'apiKey', 'api_key', 'api-key', 'privateKey', 'seed', 'totp', 'otp', 'masterKey', 'email', 'e-mail', 'body', 'headers', 'query', 'url', 'recovery_codes', 'jwt'];

describe('logger', () => {
  for (const [what, secret] of Object.entries(CANARIES)) {
    it(`blanks a ${what} wherever it stands`, () => {
      const places = { plain: secret, list: [`before ${secret} after`], deep: { er: { still: secret } }, [secret]: 1, error: new Error(`failed with ${secret}`), cause: new Error('x', { cause: new Error(secret) }) };
      expect(JSON.stringify(logged(places, `says ${secret}`))).to.not.match(/canary/i);
    });
  }

  it('blanks fields by name, whatever is in them', () => {
    for (const name of NAMES) {
      for (const value of ['canary', 12_345, ['canary'], { inner: 'canary' }]) {
        expect(logged({ a: { [name]: value } })['a'], name).to.deep.equal({ [name]: '[redacted]' });
      }
    }
  });

  it('leaves what operators need: ids, names, numbers, codes', () => {
    const fields = { requestId: '0198c0de-7000-7000-8000-000000000001', status: 200, ms: 1.5, route: '/api/v1/apikeys/:id/revoke', actor: { kind: 'credential', id: '0198c0de-7000-7000-8000-000000000002' }, ok: true, none: null, position: 12n, at: new Date(0) };
    expect(logged(fields)).to.deep.include({ ...fields, position: '12', at: '1970-01-01T00:00:00.000Z', level: 'info', msg: 'said' });
  });

  it('writes neither bytes nor functions, neither depth nor length without end', () => {
    const circular: Record<string, unknown> = { name: 'x' };
    circular['self'] = circular;
    const line = JSON.stringify(logged({ bytes: Buffer.from('canary'), view: new Uint8Array(3), run: () => 'canary', circular, long: 'x'.repeat(100_000), many: Array(10_000).fill(1) }));
    expect(line.length).to.be.lessThan(5_000);
    expect(line).to.contain('[6 bytes]').and.contain('[deep]').and.not.contain('canary');
  });

  it('keeps one line a record, whatever is said', () => {
    const lines: string[] = [];
    createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } }).warn({ name: 'a\n{"level":"info","msg":"forged"}' }, 'b\r\nforged');
    expect(lines).to.have.length(1);
    expect(lines[0]?.trimEnd().split(/[\r\n]/)).to.have.length(1);
  });

  it('stays fast on hostile text', () => {
    const started = performance.now();
    for (const text of ['a@'.repeat(50_000), 'eyJ'.repeat(50_000), '//'.repeat(50_000), '-----BEGIN PRIVATE KEY-----'.repeat(5_000), 'Bearer '.repeat(20_000)]) logged({ text });
    expect(performance.now() - started).to.be.lessThan(1_000);
  });

  it('says nothing any more once it is hushed', () => {
    const lines: string[] = [];
    const { logger, hush } = hushable(createLogger({ level: 'debug', destination: { write: (line) => void lines.push(line) } }));
    const say = (): void => { for (const word of ['debug', 'info', 'warn', 'error'] as const) logger[word]({ a: 1 }, word); };
    say();
    expect(lines.map((line) => (JSON.parse(line) as { msg: string; a: number }).msg)).to.deep.equal(['debug', 'info', 'warn', 'error']);
    hush();
    say();
    expect(lines).to.have.length(4);
  });

  it('says nothing below its level', () => {
    for (const level of LOG_LEVELS) {
      const lines: string[] = [];
      const logger = createLogger({ level, destination: { write: (line) => void lines.push(line) } });
      for (const word of ['debug', 'info', 'warn', 'error'] as const) logger[word]({}, word);
      expect(lines.length, level).to.equal(4 - LOG_LEVELS.indexOf(level));
    }
  });
});
