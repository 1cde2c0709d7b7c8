/** A start on an engine that is away for a moment: it begins anew instead of ending. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect } from 'chai';
import type { Logger } from '../../../application/kernel/ports.ts';
import { startProgram } from '../../../api/composition/program.ts';
import { readConfig } from '../../../infrastructure/runtime/config.ts';
import { closing } from '../../support/leavings.ts';
import { openTestMongo } from '../../support/mongo.ts';
import { describeWithEngine } from '../../support/pending.ts';
import { failOnFatal, silentLogger } from '../../support/silent.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** Leads to a server, and cuts everything off so many times, each time when so many messages have passed since it began anew. */
const cuttingProxy = async (host: string, port: number, { cuts, after }: Readonly<{ cuts: number; after: number }>) => {
  const open = new Set<Socket>();
  let [passed, left] = [0, cuts];
  const pass = (to: Socket) => (bytes: Buffer): void => {
    passed += 1;
    if (passed < after || left === 0) return void to.write(bytes);
    [passed, left] = [0, left - 1];
    for (const socket of open) socket.destroy();
  };
  const server = createServer((near) => {
    const far = connect(port, host);
    for (const [one, other] of [[near, far], [far, near]] as const) {
      open.add(one);
      one.on('error', () => undefined).on('close', () => { open.delete(one); other.destroy(); });
    }
    near.on('data', pass(far));
    far.on('data', (bytes) => near.write(bytes));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const close = closing(async () => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => { server.close(resolve); });
  });
  return { port: (server.address() as AddressInfo).port, left: () => left, close };
};

/** Starts on an engine that is cut off so many times; what was said, and what became of it. */
const startCut = async (address: string, cuts: number) => {
  const { url, remove } = await openTestMongo(address);
  const { hostname, port } = new URL(url);
  // By its fortieth message the program has been greeted, and is at work on collections.
  const proxy = await cuttingProxy(hostname, Number(port), { cuts, after: 40 });
  const near = new URL(url);
  near.host = `127.0.0.1:${proxy.port}`;
  near.searchParams.set('retryReads', 'false');
  near.searchParams.set('retryWrites', 'false');
  const directory = temporaryDirectory();
  const warned: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (_fields: object, words: string) => { warned.push(words); } };
  const config = readConfig({ PORT: '0', LOG_LEVEL: 'silent', MONGO_URL: near.href, DATA_DIR: directory.path });
  const outcome = await startProgram({ config, logger, onFatal: failOnFatal }).then((program) => program.stop(0).then(() => 'served'), (error: unknown) => (error as { code?: string }).code);
  const left = proxy.left();
  await proxy.close();
  await remove();
  directory.remove();
  return { outcome, left, anew: warned.filter((words) => words.includes('begins anew')).length };
};

describeWithEngine('a start on an engine that is cut off', 'MONGO_URL', (address) => {
  it('begins anew, and serves', async () => {
    expect(await startCut(address, 1)).to.deep.equal({ outcome: 'served', left: 0, anew: 1 });
  }).timeout(60_000);

  it('ends when that does not help', async () => {
    expect(await startCut(address, 9)).to.include({ outcome: 'storage.unavailable', anew: 2 });
  }).timeout(60_000);
});
