/**
 * Promise 1, seen from outside: what a client was told with a 2xx is there after kill -9. The whole program runs as `npm start` runs it; 32
 * clients give it real commands; it is killed at a random moment, while it starts or in the middle of their work. What it left is
 * read by a program that shares no code with it, and asked of it over HTTP in its next life.
 */
import { expect } from 'chai';
import { randomInt } from 'node:crypto';
import { copyFileSync, existsSync } from 'node:fs';
import { requireTool } from '../support/pending.ts';
import { serveProgram, type ServedProgram } from '../support/served-program.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { afresh, forgotten, nothingTold, write, type Told } from './http-writers.ts';
import { kill, readIndependently, requireWhole } from './kill-harness.ts';

const KILLS = Number(process.env['CHANCERY_HTTP_KILLS'] ?? 20);
/** Acknowledgements in one life before the kill, at most. */
const LONGEST_LIFE = 60;
/** Long enough for the planted fault to begin. */
const PLANTED_LIFE = 300;
/** A first start also makes three authorities' keys. */
const FIRST_START_MS = 1_200;

/** One data directory, each life on top of what the ones before left. `startMs`: how long it took each of them to serve. */
type Lives = Readonly<{ dataDir: string; told: Told; preload?: URL; startMs: number[] }>;

/** At any time from now on, up to so many milliseconds. */
const moment = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, randomInt(Math.max(1, Math.ceil(ms)))); });

/** Killed at a random moment of its start. */
const killWhileStarting = async ({ startMs }: Lives, program: ServedProgram): Promise<void> => {
  await moment(startMs.at(-1) ?? FIRST_START_MS);
  await kill(program);
};

const whatItForgot = async (program: ServedProgram, told: Told): Promise<readonly string[]> =>
  forgotten(await program.listening, `Bearer ${program.operatorToken()}`, told);

/** Killed while 32 clients wait for answers, after so many of them; before that it is asked for what it acknowledged in its last life. */
const killAtWork = async ({ told, startMs }: Lives, program: ServedProgram, acknowledgements: number): Promise<readonly string[]> => {
  const begun = performance.now();
  const url = await program.listening;
  startMs.push(performance.now() - begun);
  const operator = `Bearer ${program.operatorToken()}`;
  const missing = await whatItForgot(program, told);
  let left = acknowledgements;
  const dead = Promise.withResolvers<void>();
  const acknowledged = (): void => {
    left -= 1;
    // At once, before anything else can happen, or a moment later.
    if (left === 0) void (randomInt(2) === 0 ? kill(program) : moment(5).then(() => kill(program))).then(dead.resolve, dead.reject);
  };
  await write(url, operator, told, acknowledged);
  await dead.promise;
  return missing;
};

/** How many acknowledged events an independent reader misses. It reads a copy, so that it mends nothing by looking. */
const lostInLog = async ({ dataDir, told }: Lives): Promise<number> => {
  const { path, remove } = temporaryDirectory();
  try {
    for (const name of ['events.db', 'events.db-wal']) if (existsSync(`${dataDir}/${name}`)) copyFileSync(`${dataDir}/${name}`, `${path}/${name}`);
    const found = await readIndependently(`${path}/events.db`).catch(() => undefined);
    if (found === undefined) return told.facts.length;
    requireWhole(found);
    const stored = new Set(found.facts);
    return told.facts.filter((fact) => !stored.has(fact)).length;
  } finally {
    remove();
  }
};

/** What an independent reader misses, and what the program itself does. */
type Lost = Readonly<{ inLog: number; forgotten: readonly string[] }>;

const NOTHING: Lost = { inLog: 0, forgotten: [] };

/** One life and its end; `acknowledgements` undefined: killed while it starts. */
const live = async (lives: Lives, acknowledgements?: number): Promise<Lost> => {
  const program = serveProgram(lives);
  try {
    if (acknowledgements === undefined) await killWhileStarting(lives, program);
    const missing = acknowledgements === undefined ? [] : await killAtWork(lives, program, acknowledgements);
    return { inLog: await lostInLog(lives), forgotten: missing };
  } finally {
    program.process.kill('SIGKILL');
  }
};

/** In its last life it is asked for all that it ever acknowledged, and ends in order. */
const lastLife = async ({ dataDir, told }: Lives): Promise<void> => {
  const program = serveProgram({ dataDir });
  try {
    expect(await whatItForgot(program, afresh(told))).to.deep.equal([]);
    program.process.kill('SIGTERM');
    expect(await program.gone).to.equal(0);
  } finally {
    program.process.kill('SIGKILL');
  }
};

describe('promise 1 over HTTP: no acknowledged command is lost to kill -9', function suite() {
  this.timeout(180_000 * Math.max(1, KILLS / 20));
  let directory: TemporaryDirectory;
  let lives: Lives;

  before(function needs() {
    requireTool(this, 'python3', 'the independent reader');
    directory = temporaryDirectory();
    lives = { dataDir: directory.path, told: nothingTold(), startMs: [] };
  });

  after(() => directory?.remove());

  it(`${KILLS} kills of the whole program, 32 clients at work`, async () => {
    // The first life, which makes tables and keys, and every third one end before they serve.
    for (let life = 0; life < KILLS; life += 1) {
      expect(await live(lives, life % 3 === 0 ? undefined : randomInt(1, LONGEST_LIFE))).to.deep.equal(NOTHING);
    }
    await lastLife(lives);
    expect(lives.told.unexpected, 'answers other than 2xx').to.deep.equal([]);
    expect(lives.told.facts.length, 'acknowledged events').to.be.greaterThan(KILLS * 10);
  });

  it('goes red when commands are acknowledged before they are committed', async () => {
    const preload = new URL('programs/commit-late.ts', import.meta.url);
    let missing = 0;
    for (let tried = 0; tried < 5 && missing === 0; tried += 1) {
      const { inLog, forgotten: unknown } = await live({ ...lives, preload }, PLANTED_LIFE);
      missing = inLog + unknown.length;
    }
    expect(missing).to.be.greaterThan(0);
  });
});
