import { expect } from 'chai';
import { BSON, MongoCompatibilityError } from 'mongodb';
import { createGuard } from '../../../infrastructure/mongodb/failures.ts';
import { openMongo } from '../../../infrastructure/mongodb/connection.ts';
import type { Rejection } from '../../../domain/kernel/rejection.ts';
import { ConfigError } from '../../../infrastructure/runtime/config-values.ts';
import { requireOwnEngine, startOwnEngine, type OwnEngine } from '../../support/engines.ts';
import { rejection } from '../../support/rejections.ts';
import { serve, serverOf, type Answers } from '../../support/scripted-mongo.ts';
import { silentLogger } from '../../support/silent.ts';
import { until } from '../../support/until.ts';

const PASSWORD = 'not-to-be-shown';
const refusal = async (url: string): Promise<string> => {
  const error: unknown = await openMongo(url, { logger: silentLogger, patience: 1_000 }).then((mongo) => mongo.close(), (reason: unknown) => reason);
  expect(error).to.be.instanceOf(ConfigError);
  const { message } = error as ConfigError;
  expect(message).to.match(/^MONGO_URL [^\n]+; accepted is [^\n]+$/).and.not.contain(PASSWORD);
  return message;
};

const answered = async (answers: Answers, user = ''): Promise<string> => {
  const { url, server } = await serve(answers);
  try {
    return await refusal(url.replace('//', `//${user}`));
  } finally {
    server.close();
  }
};

const unauthorized: Answers = () => ({ ok: 0, code: 13, codeName: 'Unauthorized', errmsg: 'requires authentication' });

describe('the connection to MongoDB', () => {
  describe('at the start says in one line what is wrong', () => {
    it('of the address', async () => {
      for (const url of ['', 'here', 'http://127.0.0.1/x', `mongodb://u:${PASSWORD}@:/x`, `mongodb://u:${PASSWORD}@h:99999999/x`, `mongodb://u:${PASSWORD}@h/x?bogus=1`, `mongodb://u:${PASSWORD}@x@h/x`]) {
        expect(await refusal(url), url).to.match(/^MONGO_URL is no connection string/);
      }
      for (const url of [`mongodb://u:${PASSWORD}@h`, 'mongodb://h/', 'mongodb://h/?w=1', 'mongodb://h?w=1']) expect(await refusal(url), url).to.match(/names no database/);
      for (const url of ['mongodb://h/a.b', 'mongodb://h/%24x', `mongodb://h/${'a'.repeat(64)}`]) expect(await refusal(url), url).to.match(/names a database that cannot be/);
    });

    it('of a server that is not there', async () => {
      expect(await refusal(`mongodb://u:${PASSWORD}@127.0.0.1:1/chancery`)).to.match(/leads to no server that answers as MongoDB/);
    });

    it('of a server that is too old', async () => {
      expect(await answered(serverOf('5.0.31', 13))).to.match(/leads to MongoDB 5\.0\.31; accepted is MongoDB 6\.0 or newer/);
      expect(await answered(serverOf('6.0.1', 16))).to.match(/accepted is MongoDB 6\.0 or newer/);
      expect(await answered(serverOf('3.6.0', 6))).to.match(/too old; accepted is MongoDB 6\.0 or newer/);
    });

    it('of a user or a password', async () => {
      const failed: Answers = () => ({ ok: 0, code: 18, codeName: 'AuthenticationFailed', errmsg: `no ${PASSWORD}` });
      expect(await answered(serverOf('7.0.0', 21, failed), `u:${PASSWORD}@`)).to.match(/holds a user or a password that the server refuses/);
      expect(await answered(serverOf('7.0.0', 21, unauthorized))).to.match(/holds no user who may use its database/);
    });
  });

  describe('later', function suite() {
    this.timeout(60_000);
    let engine: OwnEngine;

    before(async function start() {
      requireOwnEngine(this, 'ferretdb');
      engine = await startOwnEngine('ferretdb');
    });

    after(() => engine?.stop());

    it('answers storage.unavailable while the server is gone or hangs, within its patience, and goes on by itself', async () => {
      const { db, guarded, close } = await openMongo(engine.address, { logger: silentLogger, patience: 1_000 });
      const ask = (): Promise<unknown> => guarded(() => db.collection('x').insertOne({ at: 1 }));
      const again = (): Promise<unknown> => until('an answer', () => ask().then(() => true, () => undefined));
      try {
        await ask();
        await engine.kill();
        expect(await rejection(ask())).to.deep.equal({ code: 'storage.unavailable', details: { retryAfter: 5 } });
        await engine.restart();
        await again();
        engine.pause();
        // Its threads stop one after the other: the first may still be answered.
        expect(await until('no answer', () => ask().then(() => undefined, (error: unknown) => (error as Rejection).code))).to.equal('storage.unavailable');
        engine.resume();
        await again();
      } finally {
        await close();
      }
      expect((await rejection(ask())).code).to.equal('storage.unavailable');
    });

    it('reads and writes the same values whatever the connection string asks of the driver', async () => {
      const document = { _id: 'a' as never, text: 'x', number: 7, bytes: Buffer.from([1, 2]), date: new Date(0) };
      for (const option of ['', 'promoteBuffers=true', 'promoteValues=false', 'promoteLongs=false', 'raw=true', 'useBigInt64=true', 'bsonRegExp=true', 'ignoreUndefined=true', 'readPreference=secondary&w=0&journal=false']) {
        const url = `${engine.address}${engine.address.includes('?') ? '&' : '?'}${option}`;
        const { db, close } = await openMongo(url, { logger: silentLogger });
        try {
          await db.collection('z').deleteMany({});
          await db.collection('z').insertOne({ ...document });
          const found = await db.collection('z').findOne({});
          expect([found?.['text'], found?.['number'], found?.['bytes'].constructor.name, found?.['bytes'].value(), found?.['date']], option).to.deep.equal(['x', 7, 'Binary', document.bytes, document.date]);
        } finally {
          await close();
        }
      }
    });

    it('lets pass what is no trouble of the server', async () => {
      const { db, guarded, close } = await openMongo(engine.address, { logger: silentLogger });
      try {
        await guarded(() => db.collection<{ _id: string }>('y').insertOne({ _id: 'a' }));
        const twice = await guarded(() => db.collection<{ _id: string }>('y').insertOne({ _id: 'a' })).catch((error: unknown) => error);
        expect(twice).to.have.property('code', 11_000);
        const mistake = new TypeError('mine');
        expect(await guarded(() => Promise.reject(mistake)).catch((error: unknown) => error)).to.equal(mistake);
      } finally {
        await close();
      }
    });
  });

  it('takes what cannot be read for trouble of the server', async () => {
    const guarded = createGuard({ logger: silentLogger, patience: 1_000 });
    for (const error of [new BSON.BSONError('no document'), new MongoCompatibilityError('no server that is known')]) {
      expect((await rejection(guarded(() => Promise.reject(error)))).code).to.equal('storage.unavailable');
    }
  });
});
