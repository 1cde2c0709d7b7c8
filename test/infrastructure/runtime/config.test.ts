/** Every variable: its default, what it takes, and the one line by which a wrong value is refused. */
import { expect } from 'chai';
import { resolve } from 'node:path';
import { ConfigError, listeningUrl, readConfig, type Config } from '../../../infrastructure/runtime/config.ts';

const KEY = Buffer.alloc(32, 7).toString('base64');

const AZURE = {
  SIGNING_BACKEND: 'azure', AZURE_SIGNING_ENDPOINT: 'https://weu.codesigning.azure.net/', AZURE_SIGNING_ACCOUNT: 'acme-signing', AZURE_SIGNING_PROFILE: 'acme-public',
  AZURE_TENANT_ID: '6f1c2f0e-5d2e-4a53-9f6d-0d4a0a7f0001', AZURE_CLIENT_ID: '6f1c2f0e-5d2e-4a53-9f6d-0d4a0a7f0002', AZURE_CLIENT_SECRET: 'abc8Q~canary',
} as const;
const AZURE_SETTINGS = {
  endpoint: 'https://weu.codesigning.azure.net', account: AZURE.AZURE_SIGNING_ACCOUNT, profile: AZURE.AZURE_SIGNING_PROFILE, tenantId: AZURE.AZURE_TENANT_ID,
  clientId: AZURE.AZURE_CLIENT_ID, clientSecret: AZURE.AZURE_CLIENT_SECRET, authority: 'https://login.microsoftonline.com',
};

const refusal = (env: Readonly<Record<string, string>>): string => {
  try {
    readConfig(env);
    return 'accepted';
  } catch (error) {
    return error instanceof ConfigError ? error.message : `threw ${String(error)}`;
  }
};
const mailServerOf = (text: string) => readConfig({ SMTP_URL: text }).mailServer;

describe('configuration', () => {
  it('has the documented defaults, frozen', () => {
    const config = readConfig({});
    expect(Object.isFrozen(config)).to.equal(true);
    expect({ ...config, surfaceHosts: Object.fromEntries(config.surfaceHosts) }).to.deep.equal({
      host: '127.0.0.1', port: 8080, publicUrl: undefined, dataDir: resolve('data'), masterKey: undefined, previousMasterKey: undefined, operatorToken: undefined,
      logOrigin: undefined, mailServer: undefined, tsaUrl: undefined, signingBackend: 'local', azure: undefined, cliMinVersion: undefined, cliVersion: undefined,
      eventStoreUrl: undefined, mongoUrl: undefined, kafkaBrokers: [], kafkaTls: false, kafkaLogin: undefined, kafkaTopicPrefix: 'chancery.',
      roles: ['api', 'projector', 'relay', 'dispatcher', 'scheduler'],
      surfaceHosts: { 'app.qwickcert.com': 'qwick-cert', 'api.quantumapi.eu': 'quantum-api', 'login.quickztna.com': 'quick-ztna', 'quantumlock.softquantus.com': 'quantum-lock', 'certwatch.localhost': 'certwatch' },
      trustProxy: [], outboundAllow: [], logLevel: 'info',
    });
  });

  it('takes an empty variable for an unset one', () => {
    const names = ['HOST', 'PORT', 'PUBLIC_URL', 'MASTER_KEY', 'OPERATOR_TOKEN', 'EVENTSTORE_URL', 'MONGO_URL', 'KAFKA_BROKERS', 'SMTP_URL', 'SIGNING_BACKEND', 'ROLES', 'TRUST_PROXY', 'LOG_LEVEL'];
    expect(readConfig(Object.fromEntries(names.map((name) => [name, '']))).port).to.equal(8080);
  });

  const taken: readonly (readonly [env: Readonly<Record<string, string>>, part: Partial<Config>])[] = [
    [{ HOST: '::1', PORT: '0' }, { host: '::1', port: 0 }],
    [{ HOST: 'localhost' }, { host: 'localhost' }],
    [{ PUBLIC_URL: 'https://trust.example.com/base/' }, { publicUrl: 'https://trust.example.com/base' }],
    [{ DATA_DIR: '/var/lib/chancery' }, { dataDir: '/var/lib/chancery' }],
    [{ MASTER_KEY: KEY }, { masterKey: new Uint8Array(32).fill(7) }],
    [{ OPERATOR_TOKEN: 'op_0123456789' }, { operatorToken: 'op_0123456789' }],
    [{ LOG_ORIGIN: 'log.example.com/chancery' }, { logOrigin: 'log.example.com/chancery' }],
    [{ TSA_URL: 'http://timestamp.example.com/tsr' }, { tsaUrl: 'http://timestamp.example.com/tsr' }],
    [{ CLI_MIN_VERSION: '1.0.0', CLI_VERSION: '1.2.3-rc.1' }, { cliMinVersion: '1.0.0', cliVersion: '1.2.3-rc.1' }],
    [{ ROLES: 'scheduler, api, projector,relay,api,dispatcher' }, { roles: ['scheduler', 'api', 'projector', 'relay', 'dispatcher'] }],
    [{ SURFACE_HOSTS: 'Sign.Example.com=qwick-cert, ops.example.com=platform' }, { surfaceHosts: new Map([['sign.example.com', 'qwick-cert'], ['ops.example.com', 'platform']]) }],
    [{ TRUST_PROXY: '10.0.0.0/8, 127.0.0.1,fd00::/8' }, { trustProxy: ['10.0.0.0/8', '127.0.0.1', 'fd00::/8'] }],
    [{ OUTBOUND_ALLOW: 'localhost:9000, [::1]:80,10.0.0.5:443' }, { outboundAllow: ['localhost:9000', '[::1]:80', '10.0.0.5:443'] }],
    [{ LOG_LEVEL: 'debug' }, { logLevel: 'debug' }],
    [{ SIGNING_BACKEND: 'local', AZURE_TENANT_ID: 'someone else\'s business' }, { signingBackend: 'local', azure: undefined }],
    [{ ...AZURE, AZURE_AUTHORITY: 'http://127.0.0.1:8443/' }, { signingBackend: 'azure', azure: { ...AZURE_SETTINGS, authority: 'http://127.0.0.1:8443' } }],
    [AZURE, { azure: AZURE_SETTINGS }],
  ];
  for (const [env, part] of taken) it(`takes ${Object.keys(env).join(', ')}`, () => expect(readConfig(env)).to.deep.include(part));

  const refused: readonly (readonly [name: string, value: string])[] = [
    ['HOST', 'not a host'], ['HOST', '999.1.1.1'], ['HOST', 'http://x'],
    ['PORT', 'abc'], ['PORT', '65536'], ['PORT', '-1'], ['PORT', '80.5'],
    ['PUBLIC_URL', 'trust.example.com'], ['PUBLIC_URL', 'ftp://x'], ['PUBLIC_URL', 'https://x/?q=1'],
    ['LOG_ORIGIN', 'two words'], ['LOG_ORIGIN', 'a+b'],
    ['TSA_URL', 'not-a-url'], ['SIGNING_BACKEND', 'hsm'], ['CLI_VERSION', 'latest'], ['CLI_MIN_VERSION', '1.2'],
    ['ROLES', 'api,cook'], ['ROLES', ','], ['KAFKA_BROKERS', 'kafka'], ['KAFKA_BROKERS', 'kafka:0'], ['KAFKA_BROKERS', ','], ['KAFKA_TOPIC_PREFIX', 'a b'], ['SURFACE_HOSTS', 'example.com'], ['SURFACE_HOSTS', 'example.com=nothing'],
    ['SURFACE_HOSTS', 'a.example=platform,a.example=certwatch'], ['SURFACE_HOSTS', 'a.example:80=platform'],
    ['TRUST_PROXY', '10.0.0.0/33'], ['TRUST_PROXY', 'proxy.example.com'], ['TRUST_PROXY', '*'],
    ['OUTBOUND_ALLOW', 'localhost'], ['OUTBOUND_ALLOW', 'localhost:0'], ['OUTBOUND_ALLOW', 'http://localhost:80'], ['LOG_LEVEL', 'loud'],
  ];
  for (const [name, value] of refused) {
    it(`refuses ${name}=${value} in one line that names it and what is accepted`, () => {
      const line = refusal({ [name]: value });
      expect(line).to.match(new RegExp(`^${name} has the wrong value ".*"; accepted is .+$`));
      expect(line).to.not.contain('\n');
    });
  }

  for (const name of Object.keys(AZURE).slice(1)) {
    it(`needs ${name} with SIGNING_BACKEND=azure`, () => {
      expect(refusal({ ...AZURE, [name]: '' })).to.match(new RegExp(`^${name} is not set, and SIGNING_BACKEND=azure needs it; accepted is .+$`));
    });
  }

  const wrongAzure: readonly (readonly [name: string, value: string])[] = [
    ['AZURE_SIGNING_ENDPOINT', 'weu.codesigning.azure.net'], ['AZURE_SIGNING_ENDPOINT', 'http://weu.codesigning.azure.net'],
    ['AZURE_AUTHORITY', 'http://10.0.0.1'], ['AZURE_AUTHORITY', 'http://localhost.example.com'], ['AZURE_SIGNING_ACCOUNT', '../acme'], ['AZURE_SIGNING_PROFILE', 'acme public'],
    ['AZURE_TENANT_ID', 'common'], ['AZURE_TENANT_ID', 'a/b'], ['AZURE_CLIENT_ID', 'a b'],
  ];
  for (const [name, value] of wrongAzure) {
    it(`refuses ${name}=${value} in one line`, () => expect(refusal({ ...AZURE, [name]: value })).to.match(new RegExp(`^${name} has the wrong value ".*"; accepted is .+$`)));
  }

  it('never shows a secret, not even a wrong one', () => {
    expect(refusal({ ...AZURE, AZURE_CLIENT_SECRET: 'canary with spaces' })).to.match(/^AZURE_CLIENT_SECRET is no client secret; accepted is /).and.not.contain('canary');
    const wrong: readonly (readonly [string, string])[] = [['MASTER_KEY', 'canary'], ['MASTER_KEY', Buffer.from('canary canary').toString('base64')], ['MASTER_KEY', `${KEY.slice(0, -1)}!`], ['OPERATOR_TOKEN', 'canary with spaces'], ['OPERATOR_TOKEN', 'canary'], ['PUBLIC_URL', 'https://user:canary@example.com']];
    for (const [name, value] of wrong) {
      const line = refusal({ [name]: value });
      expect(line).to.match(new RegExp(`^${name} .*; accepted is .+$`)).and.not.contain(value).and.not.contain('canary');
    }
    expect(refusal({ MASTER_KEY: Buffer.alloc(16).toString('base64') })).to.equal('MASTER_KEY holds 16 bytes; accepted is 32 bytes in base64 (44 characters)');
  });

  const SHARED = { EVENTSTORE_URL: 'esdb://events:2113?tls=false', MONGO_URL: 'mongodb://mongo:27017/chancery', KAFKA_BROKERS: 'kafka:9092', MASTER_KEY: KEY, OPERATOR_TOKEN: 'op_0123456789' };

  it('takes engines one by one where one process can do with them, and parts of the program where all are shared', () => {
    expect(readConfig({ MONGO_URL: SHARED.MONGO_URL })).to.include({ mongoUrl: 'mongodb://mongo:27017/chancery' });
    expect(readConfig({ KAFKA_BROKERS: 'one:9092, two:9093', KAFKA_TOPIC_PREFIX: 'acme-' })).to.deep.include({ kafkaBrokers: ['one:9092', 'two:9093'], kafkaTopicPrefix: 'acme-' });
    expect(readConfig({ ...SHARED, KAFKA_BROKERS: '' })).to.include({ eventStoreUrl: 'esdb://events:2113?tls=false' });
    expect(readConfig({ ...SHARED, ROLES: 'api, projector' })).to.deep.include({ roles: ['api', 'projector'] });
  });

  it('takes what Kafka asks for, a password with a user alone', () => {
    expect(readConfig({ KAFKA_BROKERS: 'one:9092', KAFKA_TLS: 'true', KAFKA_USERNAME: 'u', KAFKA_PASSWORD: 'canary', KAFKA_SASL_MECHANISM: 'scram-sha-512' }))
      .to.deep.include({ kafkaTls: true, kafkaLogin: { mechanism: 'scram-sha-512', username: 'u', password: 'canary' } });
    for (const half of [{ KAFKA_USERNAME: 'u' }, { KAFKA_PASSWORD: 'canary' }]) {
      expect(refusal({ KAFKA_BROKERS: 'one:9092', ...half })).to.match(/^KAFKA_USERNAME and KAFKA_PASSWORD are not both set; accepted is /).and.not.contain('canary');
    }
    expect(refusal({ KAFKA_TLS: 'yes' })).to.match(/^KAFKA_TLS has the wrong value/);
  });

  for (const name of ['MONGO_URL', 'MASTER_KEY', 'OPERATOR_TOKEN']) {
    it(`needs ${name} beside EVENTSTORE_URL`, () => expect(refusal({ ...SHARED, [name]: '' })).to.match(new RegExp(`^EVENTSTORE_URL is set without ${name}; accepted is both`)));
  }

  for (const name of ['EVENTSTORE_URL', 'KAFKA_BROKERS']) {
    it(`leaves no part of the program out without ${name}`, () => expect(refusal({ ...SHARED, [name]: '', ROLES: 'api,projector,relay' })).to.match(new RegExp(`^ROLES leaves out dispatcher,scheduler while ${name} is not set; accepted is `)));
  }

  it('never shows a connection string', () => {
    const wrong: readonly (readonly [string, string])[] = [
      ['EVENTSTORE_URL', 'http://u:canary@x'], ['EVENTSTORE_URL', 'esdb://'], ['MONGO_URL', 'mongodb://u:canary@x'], ['MONGO_URL', 'mongodb://u:canary@x/'], ['MONGO_URL', 'mongodb://u:canary@x/a/b'], ['MONGO_URL', 'mysql://u:canary@x/db'],
    ];
    for (const [name, value] of wrong) expect(refusal({ ...SHARED, [name]: value }), value).to.match(new RegExp(`^${name} is no connection string .*; accepted is `)).and.not.contain('canary');
  });

  it('reads where mail goes, with TLS wherever a password travels', () => {
    expect(mailServerOf('smtp://mail.example.com')).to.deep.equal({ host: 'mail.example.com', port: 25, secure: false, requireTls: false });
    expect(mailServerOf('smtp://u%40x:p%3Aw@mail.example.com/')).to.deep.equal({ host: 'mail.example.com', port: 587, secure: false, requireTls: true, user: 'u@x', password: 'p:w' });
    expect(mailServerOf('smtps://u:p@[2001:db8::1]:2465/?from=ca@example.com')).to.deep.equal({ host: '2001:db8::1', port: 2465, secure: true, requireTls: false, user: 'u', password: 'p', from: 'ca@example.com' });
    expect(mailServerOf('smtp://u:p@127.0.0.1:2525')).to.include({ port: 2525, requireTls: false });
    const wrong = ['mail.example.com', 'http://u:canary@x', 'smtp://u:canary@x/path', 'smtp://u:canary@x/?tls.rejectUnauthorized=false', 'smtp://:canary@x', 'smtp://x/?from=canary', 'smtp://u:%zzcanary@x', 'smtp://x/?from=a@b.example&from=c@d.example', 'smtp://x:0'];
    for (const text of wrong) expect(refusal({ SMTP_URL: text }), text).to.match(/^SMTP_URL .*; accepted is smtp:\/\//).and.not.contain('canary');
  });

  it('takes the key before only together with the one that takes its place', () => {
    const key = Buffer.alloc(32, 1).toString('base64');
    expect(readConfig({ MASTER_KEY: key, MASTER_KEY_PREVIOUS: key }).previousMasterKey).to.deep.equal(new Uint8Array(Buffer.alloc(32, 1)));
    expect(refusal({ MASTER_KEY_PREVIOUS: key })).to.match(/^MASTER_KEY_PREVIOUS is set without MASTER_KEY; accepted is/u);
  });

  it('keeps messages to one line, whatever was given', () => {
    const line = refusal({ LOG_LEVEL: 'a\nb\u001B[31m' });
    expect(line.includes('\n') || line.includes('\u001B')).to.equal(false);
  });

  it('writes listening addresses as links', () => {
    expect([listeningUrl('127.0.0.1', 8080), listeningUrl('::1', 1)]).to.deep.equal(['http://127.0.0.1:8080', 'http://[::1]:1']);
  });
});
