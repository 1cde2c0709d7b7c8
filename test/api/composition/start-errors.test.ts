/** A start that fails says which variable to change, and to what. */
import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { startProgram } from '../../../api/composition/program.ts';
import { listenError, originError, sealError, unavailableLine } from '../../../api/composition/start-errors.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { ConfigError, readConfig } from '../../../infrastructure/runtime/config.ts';
import { runCommand } from '../../support/cli.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

const keyOf = (byte: number): string => Buffer.alloc(32, byte).toString('base64');

describe('a start that fails', () => {
  let directory: TemporaryDirectory;
  before(() => { directory = temporaryDirectory(); });
  after(() => directory.remove());

  const started = (env: Readonly<Record<string, string>>) =>
    startProgram({ config: readConfig({ PORT: '0', ...env, DATA_DIR: directory.path }), logger: silentLogger, onFatal: failOnFatal });

  const refusal = async (env: Readonly<Record<string, string>>): Promise<string> => {
    const outcome = await started(env).catch((error: unknown) => error);
    return outcome instanceof ConfigError ? outcome.message : `not refused: ${String(outcome)}`;
  };

  it('names PORT when it is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const line = await refusal({ PORT: String(port) });
    other.close();
    expect(line).to.equal(`PORT ${port} of HOST 127.0.0.1 is in use by another program; accepted is a free port (0: any free one) (EADDRINUSE)`);
  });

  it('names the data when what was sealed in it was changed', () => {
    const here = { dataDir: '/data', eventStoreUrl: undefined };
    expect(String(sealError(new Rejection('kernel.seal_broken'), here))).to.match(/DATA_DIR "\/data": a sealed key or secret in events\.db was changed.*restore a backup/);
    const other = new Error('other');
    expect(sealError(other, here)).to.equal(other);
  });

  it('names MONGO_URL, and no file, where keys and log are in other engines', () => {
    const shared = { dataDir: '/data', eventStoreUrl: 'esdb://u:secret@h', logOrigin: 'log.example/two' };
    expect(String(sealError(new Rejection('kernel.seal_broken'), shared))).to.match(/^ConfigError: MONGO_URL: the keys there do not open .* EVENTSTORE_URL leads to.*; accepted is the database that belongs to this log/).and.not.match(/events\.db|DATA_DIR|secret@/);
    const differs = new Rejection('transparency.origin_differs', { origin: 'log.example/one' });
    expect(String(originError(differs, shared))).to.match(/^ConfigError: LOG_ORIGIN is "log\.example\/two", but the log that EVENTSTORE_URL leads to bears "log\.example\/one"/);
  });

  it('names HOST when it is no address of this machine', async () => {
    expect(await refusal({ HOST: '192.0.2.1' })).to.match(/^HOST "192\.0\.2\.1" is no address of this machine; accepted is .* \(EADDRNOTAVAIL\)$/);
  });

  for (const [code, line] of [['ENOTFOUND', /^HOST "box" cannot be resolved; accepted is .*\(ENOTFOUND\)$/], ['EACCES', /^PORT 80 of HOST box is not for this user to listen on; accepted is .*\(EACCES\)$/]] as const) {
    it(`says what ${code} means`, () => {
      const told = listenError(Object.assign(new Error('listen'), { code }), { host: 'box', port: 80 });
      expect(told).to.be.instanceOf(ConfigError);
      expect((told as Error).message).to.match(line);
    });
  }

  it('leaves other errors as they are', () => {
    const error = new Error('else');
    expect(listenError(error, { host: 'box', port: 80 })).to.equal(error);
  });

  it('names LOG_ORIGIN, what the log bears and what is accepted', async () => {
    const first = await started({ LOG_ORIGIN: 'log.example/one' });
    await first.stop(100);
    expect(await refusal({ LOG_ORIGIN: 'log.example/two' })).to.equal(
      'LOG_ORIGIN is "log.example/two", but the log in DATA_DIR bears "log.example/one" since its first start; accepted is "log.example/one", or leaving it unset',
    );
  });

  it('ends with the code of wrong settings where MASTER_KEY is not the key of the data', async () => {
    const home = temporaryDirectory();
    const first = await startProgram({ config: readConfig({ PORT: '0', MASTER_KEY: keyOf(1), DATA_DIR: home.path }), logger: silentLogger, onFatal: failOnFatal });
    await first.stop(100);
    const { code, err } = await runCommand(['serve'], { PORT: '0', MASTER_KEY: keyOf(2), DATA_DIR: home.path, LOG_LEVEL: 'silent' });
    home.remove();
    expect([code, err]).to.deep.equal([2, 'chancery: MASTER_KEY is not the key that the stored data is sealed with; accepted is only the one it was first started with, or changed to']);
  });

  it('blames the disk of DATA_DIR alone only where nothing is kept elsewhere', () => {
    expect(unavailableLine({ EVENTSTORE_URL: '' })).to.equal('nothing can be stored in DATA_DIR: its disk is full or failing');
    expect(unavailableLine({ MONGO_URL: 'mongodb://u:p@h/x' })).to.match(/^what MONGO_URL leads to did not answer during the start/u);
    expect(unavailableLine({ MONGO_URL: 'mongodb://u:p@h/x', EVENTSTORE_URL: 'esdb://h' })).to.match(/^what EVENTSTORE_URL and MONGO_URL lead to did not answer during the start/u).and.not.contain('//');
  });
});
