/**
 * Promise 1: no acknowledged event is lost to kill -9. A child process appends with 32 concurrent writers and tells of each event that the
 * store has acknowledged; it is killed at a random moment (also while it starts, migrates or checkpoints), and what it left is read by a
 * program that shares no code with the store.
 */
import { expect } from 'chai';
import { randomInt } from 'node:crypto';
import { openEventStore } from '../../infrastructure/event-store/event-store.ts';
import { systemClock } from '../../infrastructure/runtime/clock.ts';
import { systemIds } from '../../infrastructure/runtime/ids.ts';
import { requireTool } from '../support/pending.ts';
import { sampleCodec } from '../support/sample-events.ts';
import { failOnFatal } from '../support/silent.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { kill, lost, program, readIndependently, requireWhole, type StartVictim } from './kill-harness.ts';

const KILLS = Number(process.env['CHANCERY_KILLS'] ?? 50);
/** Kills in one data directory, each on top of what the ones before left. */
const KILLS_PER_DIRECTORY = 10;
/** Long enough to start, to append and to checkpoint several times. */
const LIFE_MS = 450;
/** The same from the first acknowledgement on. */
const WORK_MS = 200;

const appender = (options: object): StartVictim => (dataDir) =>
  program('appender.ts', dataDir, JSON.stringify({ writers: 32, checkpointFrames: 300, ...options }));

const wait = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });

const ownCount = async (path: string): Promise<number> => {
  const { log, close } = await openEventStore({ path, codec: sampleCodec, clock: systemClock, ids: systemIds, onFatal: failOnFatal });
  const head = await log.head();
  await close();
  return Number(head ?? 0);
};

/** How many of the acknowledged events are missing; whatever is there must be whole. */
const missingFrom = async (database: string, acknowledged: readonly string[]): Promise<number> => {
  const found = await readIndependently(database).catch(() => undefined);
  // Killed before its first table was made: then it cannot have acknowledged anything.
  if (found === undefined) return acknowledged.length;
  requireWhole(found);
  return lost(acknowledged, found).length;
};

const START_MS = 20_000;
const LOOK_MS = 5;

const firstAcknowledged = async (victim: ReturnType<StartVictim>): Promise<void> => {
  for (let waited = 0; victim.acknowledged.length === 0 && waited < START_MS; waited += LOOK_MS) await wait(LOOK_MS);
};

/** One directory, several lives: what was acknowledged in all of them must be there after each. */
const lives = async (start: StartVictim, kills: number, atWork = false): Promise<Readonly<{ acknowledged: number; lost: number }>> => {
  const { path, remove } = temporaryDirectory();
  const acknowledged: string[] = [];
  let missing = 0;
  try {
    for (let life = 0; life < kills && missing === 0; life += 1) {
      const victim = start(path);
      // Every other life is killed at work, however slow the machine is today; the rest at any time, the start included.
      const waited = life % 2 === 1 || atWork;
      if (waited) await firstAcknowledged(victim);
      await wait(randomInt(0, waited ? WORK_MS : LIFE_MS));
      await kill(victim);
      acknowledged.push(...victim.acknowledged);
      missing = await missingFrom(`${path}/events.db`, acknowledged);
    }
    if (missing === 0) expect(await ownCount(`${path}/events.db`)).to.equal((await readIndependently(`${path}/events.db`)).events);
    return { acknowledged: acknowledged.length, lost: missing };
  } finally {
    remove();
  }
};

describe('promise 1: no acknowledged event is lost to kill -9', function suite() {
  this.timeout(120_000 * Math.max(1, KILLS / 50));

  before(function needs() {
    requireTool(this, 'python3', 'the independent reader');
  });

  it(`${KILLS} kills at random moments`, async () => {
    let total = 0;
    for (let killed = 0; killed < KILLS; killed += KILLS_PER_DIRECTORY) {
      const { acknowledged, lost: missing } = await lives(appender({}), KILLS_PER_DIRECTORY);
      expect(missing).to.equal(0);
      total += acknowledged;
    }
    expect(total, 'acknowledged events').to.be.greaterThan(KILLS * 10);
  });

  it('goes red when events are acknowledged before they are stored', async () => {
    let missing = 0;
    for (let tried = 0; tried < 5 && missing === 0; tried += 1) missing = (await lives(appender({ acknowledgeEarly: true }), 5, true)).lost;
    expect(missing).to.be.greaterThan(0);
  });
});
