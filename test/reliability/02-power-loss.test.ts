/**
 * Promise 2: no acknowledged event is lost to a power cut, and no file is left torn. A run of the store (appends, checkpoints, a backup) is recorded
 * as system calls; the power is then cut at random places in that recording, and what a disk may have kept of it is opened and looked at.
 */
import { expect } from 'chai';
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { requireTracing } from '../support/tracing.ts';
import { requireTool } from '../support/pending.ts';
import { seeded } from '../support/seeded.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { Disk } from './power-loss/disk.ts';
import { record, type Recording } from './power-loss/recording.ts';
import { type Acknowledged, judge, type Verdict } from './power-loss/verdict.ts';

const STATES = Number(process.env['CHANCERY_CRASH_STATES'] ?? 3_000);
/** Crash states in which a planted fault must show. */
const PLANTED_STATES = 150;

const RUN = { writers: 4, appends: 60, checkpointFrames: 60 };

/** Memory, where there is such a thing, spares the real disk thousands of small files. */
const scratch = (): ReturnType<typeof temporaryDirectory> =>
  existsSync('/dev/shm') ? temporaryDirectory('/dev/shm') : temporaryDirectory();

const heard = (known: Acknowledged, line: string): Acknowledged => {
  if (line === 'backed-up') return { ...known, backup: true };
  return line.startsWith('acknowledged ') ? { ...known, ids: [...known.ids, line.slice('acknowledged '.length).replaceAll('-', '')] } : known;
};

type Tally = Record<Verdict, number>;

/** Cuts the power at `states` places of a recording and counts what was found. */
const crash = ({ directory, operations }: Recording, states: number, seed: number): Tally => {
  const random = seeded(seed);
  const cuts = Array.from({ length: states }, () => random.below(operations.length + 1)).toSorted((one, two) => one - two);
  const disk = new Disk(directory);
  const tally: Tally = { whole: 0, lost: 0, corrupt: 0 };
  const { path, remove } = scratch();
  let acknowledged: Acknowledged = { ids: [], backup: false };
  let done = 0;
  for (const cut of cuts) {
    for (; done < cut; done += 1) {
      const operation = operations[done] as Recording['operations'][number];
      if (operation.kind === 'said') acknowledged = heard(acknowledged, operation.line);
      else disk.apply(operation);
    }
    tally[judge(disk.crash(random), acknowledged, `${path}/image`)] += 1;
  }
  remove();
  return tally;
};

describe('promise 2: nothing acknowledged is lost to a power cut, and nothing is torn', function suite() {
  this.timeout(120_000 * Math.max(1, STATES / 3_000));

  before(function needs() {
    requireTool(this, 'strace', 'Debian package strace; Linux only');
    requireTracing(this);
  });

  it(`${STATES} crash states`, () => {
    const recording = record(RUN);
    const said = recording.operations.filter(({ kind }) => kind === 'said').length;
    const synced = recording.operations.filter(({ kind }) => kind === 'sync').length;
    expect(said, 'acknowledgements seen').to.equal(RUN.writers * RUN.appends + 2);
    expect(synced, 'syncs seen').to.be.greaterThan(60);
    const seed = randomInt(2 ** 31);
    expect(crash(recording, STATES, seed), `seed ${seed}`).to.deep.equal({ whole: STATES, lost: 0, corrupt: 0 });
  });

  it('goes red when commits are not synced (synchronous=NORMAL)', () => {
    const { lost } = crash(record({ ...RUN, synchronous: 'NORMAL' }), PLANTED_STATES, 1);
    expect(lost).to.be.greaterThan(0);
  });

  it('goes red when nothing is synced (synchronous=OFF)', () => {
    const { lost, corrupt } = crash(record({ ...RUN, synchronous: 'OFF' }), PLANTED_STATES, 1);
    expect(lost + corrupt).to.be.greaterThan(0);
    expect(corrupt).to.be.greaterThan(0);
  });
});
