/** A start that fails says which variable to change, and to what. */
import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { startProgram } from '../../../api/composition/program.ts';
import { listenError, sealError, unavailableLine } from '../../../api/composition/start-errors.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import { ConfigError, readConfig } from '../../../infrastructure/runtime/config.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

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
    expect(String(sealError(new Rejection('kernel.seal_broken'), { dataDir: '/data' }))).to.match(/DATA_DIR "\/data": a sealed key or secret in events\.db was changed.*restore a backup/);
    const other = new Error('other');
    expect(sealError(other, { dataDir: '/data' })).to.equal(other);
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

  it('blames the disk of DATA_DIR alone only where nothing is kept elsewhere', () => {
    expect(unavailableLine({ EVENTSTORE_URL: '' })).to.equal('nothing can be stored in DATA_DIR: its disk is full or failing');
    expect(unavailableLine({ MONGO_URL: 'mongodb://u:p@h/x' })).to.match(/^what MONGO_URL leads to did not answer in time/u);
    expect(unavailableLine({ MONGO_URL: 'mongodb://u:p@h/x', EVENTSTORE_URL: 'esdb://h' })).to.match(/^what EVENTSTORE_URL and MONGO_URL lead to did not answer in time/u).and.not.contain('//');
  });
});
