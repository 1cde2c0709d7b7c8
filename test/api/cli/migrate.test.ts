/** `chancery migrate`: what it says, and how it ends. */
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { openMongo } from '../../../infrastructure/mongodb/connection.ts';
import { isStateInMongo, markState } from '../../../infrastructure/runtime/state-place.ts';
import { runCommand } from '../../support/cli.ts';
import { startEventStoreNode } from '../../support/eventstore-node/node.ts';
import { alterLog, fillLog, makeInstallation } from '../../support/moving.ts';
import { otherDatabase } from '../../support/mongo.ts';
import { describeWithEngine } from '../../support/pending.ts';
import { silentLogger } from '../../support/silent.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

describe('chancery migrate', () => {
  it('moves, says the digest, finds it done the next time, and goes red on a planted fault', async () => {
    const [from, to] = [temporaryDirectory(), temporaryDirectory()];
    await makeInstallation(from.path, ({ store }) => fillLog(store, 30));
    const args = ['migrate', '--from', 'env:OLD', '--to', `embedded:${to.path}`, '--json'];
    const env = { OLD: `embedded:${from.path}` };
    const first = await runCommand(args, env);
    expect([first.code, first.err]).to.deep.equal([0, '']);
    const { events, copied, digest } = JSON.parse(first.out) as { events: number; copied: number; digest: string };
    expect([copied, digest.length]).to.deep.equal([events, 64]);
    expect(JSON.parse((await runCommand(args, env)).out)).to.include({ events, copied: 0, digest });
    expect((await runCommand(args.slice(0, -1), env)).out).to.match(new RegExp(`^${events} events are the same in embedded:.*\nSHA-256 ${digest}\n`));
    alterLog(to.path, 'UPDATE events SET time = time + 1 WHERE position = 7');
    markState(to.path, 'mongodb');
    const red = await runCommand(args, env);
    expect([red.code, red.out]).to.deep.equal([1, '']);
    expect(red.err).to.match(/the logs differ at event 7 \(embedded:.*: 0{19}7, embedded:.*: 0{19}7\)/);
    // What it refuses stays as it was.
    expect(isStateInMongo(to.path)).to.equal(true);
    from.remove();
    to.remove();
  });

  it('says in one line what is wrong, by the option, and no password', async () => {
    const { path, remove } = temporaryDirectory();
    const wrong: readonly (readonly [args: readonly string[], words: RegExp])[] = [
      [['--from', 'postgres://u:geheim@h/d', '--to', `embedded:${path}`], /--from names no engine; accepted is embedded:DATA_DIR/],
      [['--from', 'env:NOWHERE', '--to', `embedded:${path}`], /--from names the variable NOWHERE, which is not set/],
      [['--from', `embedded:${path}/nothing`, '--to', `embedded:${path}`], /holds no log/],
      [['--from', `embedded:${path}`, '--to', `embedded:${path}/`], /are the same log/],
      [['--from', 'esdb://u:geheim@127.0.0.1:1', '--to', `embedded:${path}`], /--from is given without --from-mongo/],
      [['--from', 'esdb://u:geheim@127.0.0.1:1', '--from-mongo', 'mongodb://u:geheim@h/d', '--to', 'esdb://b:1', '--to-mongo', 'mongodb://u:geheim@h/d'], /are the same database/],
      [['--from', `embedded:${path}`, '--to', 'esdb://u:geheim@127.0.0.1:1', '--to-mongo', 'http://geheim'], /--to-mongo names no engine; accepted is mongodb/],
    ];
    for (const [args, words] of wrong) {
      const { code, err } = await runCommand(['migrate', ...args]);
      expect([code, err.split('\n').length], err).to.deep.equal([1, 1]);
      expect(err).to.match(words).and.not.include('geheim');
    }
    remove();
  });
});

describeWithEngine('chancery migrate, with MongoDB', 'MONGO_URL', (address) => {
  it('takes the state of a directory along into MongoDB and back, and not what is older there', async () => {
    const [from, to, back] = [temporaryDirectory(), temporaryDirectory(), temporaryDirectory()];
    const env = { STATE: otherDatabase(address) };
    await makeInstallation(from.path, ({ store }) => fillLog(store, 20));
    const there = await runCommand(['migrate', '--from', `embedded:${from.path}`, '--to', `embedded:${to.path}`, '--to-mongo', 'env:STATE', '--json'], env);
    expect(there.err).to.equal('');
    const without = await runCommand(['migrate', '--from', `embedded:${to.path}`, '--to', `embedded:${back.path}`]);
    expect([without.code, without.err]).to.deep.equal([1, `chancery: ${to.path} holds a log whose state stands in MongoDB since its last start; accepted is to name that database, too: --from-mongo`]);
    const returned = await runCommand(['migrate', '--from', `embedded:${to.path}`, '--from-mongo', 'env:STATE', '--to', `embedded:${back.path}`, '--json'], env);
    expect(returned.err).to.equal('');
    const [one, other] = [there, returned].map(({ out }) => JSON.parse(out) as Record<string, unknown>);
    expect([other?.['digest'], other?.['state']]).to.deep.equal([one?.['digest'], one?.['state']]);
    expect([from, to, back].map(({ path }) => isStateInMongo(path))).to.deep.equal([false, true, false]);
    const mongo = await openMongo(env.STATE, { logger: silentLogger });
    await mongo.db.dropDatabase();
    await mongo.close();
    for (const { remove } of [from, to, back]) remove();
  }).timeout(60_000);

  it('moves into EventStoreDB and MongoDB and back, and the digest is the same', async () => {
    const [from, back, node] = [temporaryDirectory(), temporaryDirectory(), await startEventStoreNode()];
    const url = new URL(address);
    url.pathname = `/test-${randomUUID()}`;
    await makeInstallation(from.path, ({ store }) => fillLog(store, 200));
    const env = { STATE: url.href };
    const there = await runCommand(['migrate', '--from', `embedded:${from.path}`, '--to', node.url, '--to-mongo', 'env:STATE', '--json'], env);
    expect(there.err).to.equal('');
    const returned = await runCommand(['migrate', '--from', node.url, '--from-mongo', 'env:STATE', '--to', `embedded:${back.path}`, '--json'], env);
    expect(returned.err).to.equal('');
    const [one, other] = [there, returned].map(({ out }) => JSON.parse(out) as Record<string, unknown>);
    expect([other?.['digest'], other?.['events'], other?.['keys']]).to.deep.equal([one?.['digest'], one?.['copied'], 3]);
    const mongo = await openMongo(url.href, { logger: silentLogger });
    await mongo.db.dropDatabase();
    await mongo.close();
    await node.close();
    for (const { remove } of [from, back]) remove();
  }).timeout(60_000);
});
