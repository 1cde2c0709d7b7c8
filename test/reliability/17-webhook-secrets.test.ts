/** Promise 17 for webhooks: what deliveries are signed with stands in no file, in no form; it is said once, in the answer that makes it. */
import { expect } from 'chai';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTenant, startApp, type App } from '../support/app.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';

/** Every way in which the bytes may be written down; base64 without its ends, which depend on what stands beside them. */
const formsOf = (shown: string): readonly Buffer[] => {
  const bytes = Buffer.from(shown.replace('whsec_', ''), 'base64');
  const hex = bytes.toString('hex');
  const aligned = [0, 1, 2].map((offset) => Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64').slice(offset === 0 ? 0 : 4, 40));
  return [bytes, ...[hex, hex.toUpperCase(), ...aligned, ...aligned.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))].map((text) => Buffer.from(text))];
};

const filesBelow = (directory: string): readonly string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));

/** The files below a directory that hold any of it. */
const holding = (directory: string, secrets: readonly string[]): readonly string[] => {
  const forms = secrets.flatMap(formsOf);
  const files = filesBelow(directory);
  expect(files.length, 'files looked at').to.be.greaterThan(4);
  return files.filter((file) => {
    const content = readFileSync(file);
    return forms.some((form) => content.includes(form));
  });
};

describe('promise 17: what webhooks are signed with stays sealed', function suite() {
  this.timeout(30_000);
  let [app, receiver]: [App, Receiver] = [] as never;
  before(async () => {
    receiver = await startReceiver();
    app = await startApp({ env: { OUTBOUND_ALLOW: receiver.host } });
  });
  after(async () => {
    await app.close();
    await receiver.close();
  });

  it('is in no file, after it was made, used, rotated and asked for again, and in no delivery', async () => {
    await createTenant(app, 'sealed');
    const said: string[] = [];
    const ask = async (method: string, path: string, body?: object, headers: Readonly<Record<string, string>> = {}): Promise<Readonly<Record<string, string>>> => {
      const answer = await app.ask(method, `/platform/v1/tenants/sealed/webhooks${path}`, { token: app.operatorToken, body, headers });
      said.push(answer.text);
      return (answer.text === '' ? {} : answer.json()) as Readonly<Record<string, string>>;
    };
    const secrets: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      const { id, secret = '' } = await ask('POST', '', { url: `${receiver.url}/${index}` }, { 'idempotency-key': `"make-${index}"` });
      await ask('POST', `/${id}/test`);
      const rotated = await ask('POST', `/${id}/rotate-secret`, {}, { 'idempotency-key': `"rotate-${index}"` });
      await ask('POST', `/${id}/test`);
      secrets.push(secret, rotated['secret'] ?? '');
      said.length = 0;
      for (const path of ['', `/${id}`, `/${id}/deliveries`]) await ask('GET', path);
      await ask('PATCH', `/${id}`, { description: 'looked at' });
      expect(said.some((text) => secrets.some((one) => text.includes(one.replace('whsec_', '')))), 'said again').to.equal(false);
    }
    expect(new Set(secrets).size).to.equal(10);
    const sent = receiver.received.map(({ headers, body }) => Buffer.from(JSON.stringify(headers) + body));
    expect(sent.length).to.be.at.least(10);
    expect(sent.some((call) => secrets.flatMap(formsOf).some((form) => call.includes(form)))).to.equal(false);
    expect(holding(app.dataDir, secrets)).to.deep.equal([]);
    // Seen red: one that is written down is found.
    writeFileSync(join(app.dataDir, 'planted'), `x${Buffer.from((secrets[3] ?? '').replace('whsec_', ''), 'base64').toString('hex')}`);
    expect(holding(app.dataDir, secrets)).to.have.length(1);
  });

  it('and where receivers are is in no file either, of webhooks as of SIEM sinks', async () => {
    await createTenant(app, 'addressed');
    const canary = 'canary-path-7f3a91';
    const url = `${receiver.url}/${canary}`;
    const ask = async (method: string, path: string, body?: object): Promise<Readonly<Record<string, string>>> => {
      const answer = await app.ask(method, `/platform/v1/tenants/addressed${path}`, { token: app.operatorToken, body, headers: method === 'POST' ? { 'idempotency-key': `"${path}"` } : {} });
      return (answer.text === '' ? {} : answer.json()) as Readonly<Record<string, string>>;
    };
    for (const [kind, body, changed] of [['webhooks', { url }, { url: `${url}-2` }], ['siem-sinks', { name: 'x', kind: 'ocsf-http', url, bearer_token: canary }, { url: `${url}-2`, bearer_token: `${canary}-2` }]] as const) {
      const { id = '', url: said } = await ask('POST', `/${kind}`, body);
      expect(said).to.equal(url);
      expect((await ask('PATCH', `/${kind}/${id}`, changed))['url']).to.equal(`${url}-2`);
      expect(await ask('POST', `/${kind}/${id}/test`)).to.include({ delivered: true });
      if (kind === 'siem-sinks') expect((await ask('POST', `/${kind}/${id}/pause`))['url']).to.equal(`${url}-2`);
      expect((await ask('GET', `/${kind}/${id}`))['url']).to.equal(`${url}-2`);
      expect(JSON.stringify(await ask('GET', `/${kind}`))).to.contain(`${url}-2`);
    }
    expect(receiver.received.some(({ path }) => path.endsWith(`${canary}-2`))).to.equal(true);
    await ask('GET', '/events?limit=200');
    const clear = (): readonly string[] => filesBelow(app.dataDir).filter((file) => readFileSync(file).includes(canary));
    expect(clear()).to.deep.equal([]);
    writeFileSync(join(app.dataDir, 'planted-2'), `x${url}`);
    expect(clear()).to.have.length(1);
  });
});
