/**
 * Two processes on an EventStoreDB node and a FerretDB that hang and come back: what they tell a load balancer meanwhile, and how long they take to end
 * when they are told to while an engine that they need does not answer.
 */
import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { requireOwnEngine, startOwnEngine, type OwnEngine } from '../support/engines.ts';
import { ask, serve, startOwnNode, within, type OwnNode, type Served } from '../support/processes.ts';

/** 2 s for an answer and 1 s for which it is told again; the rest is for cores that are busy. */
const NOTICED_MS = 20_000;
/** Engines take their time to be found again. */
const BACK_MS = 60_000;
/** 10 s in all, and what cores that are busy take. */
const STOP_MS = 15_000;

const unavailable = async ({ url }: Served): Promise<unknown> => {
  const answer = await ask(url, 'GET', '/readyz');
  return [answer.status, answer.json()['unavailable']];
};

describe('processes whose engines hang', function suite() {
  this.timeout(120_000);
  let node: OwnNode;
  let mongo: OwnEngine;
  let all: readonly Served[];

  before(async function start() {
    this.timeout(240_000);
    requireOwnEngine(this, 'ferretdb');
    [node, mongo] = await Promise.all([startOwnNode(), startOwnEngine('ferretdb')]);
    const env = {
      EVENTSTORE_URL: node.address, MONGO_URL: mongo.address, MASTER_KEY: randomBytes(32).toString('base64'), OPERATOR_TOKEN: `operator-${randomBytes(8).toString('hex')}`,
      PUBLIC_URL: 'https://several.example.com',
    };
    // One of them holds the leases, the other one waits for them.
    all = await Promise.all([serve(env), serve(env)]);
  });
  after(async () => {
    for (const { program } of all ?? []) program.process.kill('SIGKILL');
    await Promise.all((all ?? []).map(({ program }) => program.gone));
    await Promise.all([node?.stop(), mongo?.stop()]);
  });

  const tells = (withinMs: number, status: number, names: readonly string[]): Promise<unknown> =>
    Promise.all(all.map((one) => within(withinMs, `${status} ${names.join()}`, async () => JSON.stringify(await unavailable(one)) === JSON.stringify([status, names]))));

  it('are not ready while one does not answer, say which, and are again when it does', async () => {
    for (const [name, engine] of [['MongoDB', mongo], ['EventStoreDB', node]] as const) {
      engine.pause();
      try {
        await tells(NOTICED_MS, 503, [name]);
      } finally {
        engine.resume();
      }
      await tells(BACK_MS, 200, []);
    }
  });

  it('end within fifteen seconds when they are told to meanwhile, with exit code 0', async () => {
    mongo.pause();
    try {
      const began = performance.now();
      for (const { program } of all) program.process.kill('SIGTERM');
      const ends = await Promise.all(all.map(async ({ program }) => [await program.gone, performance.now() - began] as const));
      expect(ends.map(([code]) => code)).to.deep.equal([0, 0]);
      expect(Math.max(...ends.map(([, ms]) => ms))).to.be.below(STOP_MS);
    } finally {
      mongo.resume();
    }
  });
});
