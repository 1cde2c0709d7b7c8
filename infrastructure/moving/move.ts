/**
 * Moves an installation's log between engines: keys, then events, then both logs are read back in full and compared, then the state. Killed at any moment
 * it goes on where it was when it is run again; until it is over nothing can be served from the destination.
 */
import type { StateStore } from '../../application/kernel/state.ts';
import { LEASES } from '../../application/kernel/lease-claims.ts';
import type { Position } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { type Compared, compareLogs, type Comparison, type Difference } from './compare.ts';
import { copyLog, patiently } from './copy-log.ts';
import { haveSameKeys, moveKeys } from './move-keys.ts';
import { begunIn, type MovedState, positionsIn, readState, translatedState, withStarted, writeState } from './move-state.ts';
import type { Side } from './side.ts';
import { createStarted, type Started } from './started.ts';
import { translate } from './translate.ts';
import { createWalk } from './walk.ts';

/** Ends a move with one line for the operator. */
export class MoveRefused extends Error {}

/** `events`: how far this step has come, from the beginning of the log. */
export type OnMoveProgress = (step: 'comparing' | 'copying' | 'verifying', events: number) => void;

export type Moved = Readonly<{
  events: number;
  /** Of them, copied by this run. */
  copied: number;
  keys: number;
  /** Entries of the operational state. */
  state: number;
  /** SHA-256 over every event, in hex: the same for both logs. */
  digest: string;
}>;

/** How often a copy is aligned with what is there: an append of an earlier run may still be on its way. */
const ALIGNMENTS = 3;
const STOP_IT = 'stop every process that serves it, then run this again';

type Ends = Readonly<{ source: Side; destination: Side }>;

const leasesOf = async (state: Pick<StateStore, 'list'>): Promise<string> => {
  const all: string[] = [];
  for await (const { key, value } of state.list(LEASES)) all.push(`${key}=${value}`);
  return all.join('\n');
};

/** Throws where somebody serves from a side: holders renew their leases all the time. */
const createQuiet = async ({ source, destination }: Ends): Promise<() => Promise<void>> => {
  const before = await Promise.all([source, destination].map(({ state }) => leasesOf(state)));
  return async () => {
    for (const [index, side] of [source, destination].entries()) {
      if ((await leasesOf(side.state)) !== before[index]) throw new MoveRefused(`${side.name} is in use: ${STOP_IT}`);
    }
  };
};

/** Whether there is an event behind a position: what an engine writes for itself is none. */
const hasMore = async ({ log }: Side, behind: Position | undefined): Promise<boolean> => (await createWalk(log, behind).peek()) !== undefined;

const isEmpty = async (side: Side): Promise<boolean> => {
  const { vault, state } = side;
  if (await hasMore(side, undefined)) return false;
  const keys = await Promise.all((['installation', 'tenant', 'subject'] as const).map((kind) => vault.list(kind)));
  return keys.every(({ length }) => length === 0) && [...(await readState(state)).values()].every(({ size }) => size === 0);
};

const differs = ({ destination, source }: Ends, { number, source: one, destination: other }: Difference): MoveRefused => {
  const where = `at event ${number} (${source.name}: ${one?.position ?? 'no event'}, ${destination.name}: ${other?.position ?? 'no event'})`;
  return new MoveRefused(`the logs differ ${where}: ${destination.name} holds another log, or one that was changed; move into an empty one`);
};

/** Of a destination that is no half move: undefined when it is empty; otherwise it has everything already, and there is nothing left to do. */
const isThere = async (ends: Ends, logs: Compared): Promise<Comparison | undefined> => {
  const { destination } = ends;
  if (await isEmpty(destination)) {
    if (await destination.isUsed()) throw new MoveRefused(`${destination.name} has been used with a log: move into an empty one`);
    return undefined;
  }
  const found = await compareLogs(logs);
  if (found.difference !== undefined) throw differs(ends, found.difference);
  return found;
};

const logsOf = ({ source, destination }: Ends, pauseMs?: number) => ({ source: patiently(source.log, pauseMs), destination: patiently(destination.log, pauseMs) });

const isOvertaken = (error: unknown): boolean => error instanceof Rejection && error.code === 'kernel.wrong_revision';

/** Copies what is missing behind what is the same. Answers how many events that were. */
const copyMissing = async (ends: Ends, logs: ReturnType<typeof logsOf>, onProgress: OnMoveProgress): Promise<number> => {
  let copied = 0;
  const copyBehind = async ({ events, last }: Comparison): Promise<void> => {
    const before = copied;
    await copyLog(logs, last?.source, (page) => {
      copied += page.length;
      onProgress('copying', events + copied - before);
    });
  };
  for (let alignment = 1; ; alignment += 1) {
    const found = await compareLogs(logs, (_event, _pair, number) => onProgress('comparing', number));
    if (found.difference?.destination !== undefined) throw differs(ends, found.difference);
    try {
      await copyBehind(found);
      return copied;
    } catch (error) {
      // What an earlier run had sent has been stored meanwhile.
      if (!isOvertaken(error) || alignment === ALIGNMENTS) throw error;
    }
  }
};

const verify = async (ends: Ends, logs: Compared, before: MovedState, onProgress: OnMoveProgress): Promise<Readonly<{ found: Comparison; started: Started }>> => {
  const { see, started } = createStarted(begunIn(before));
  const found = await compareLogs(logs, (event, _pair, number) => {
    see(event);
    onProgress('verifying', number);
  });
  const { difference } = found;
  if (difference !== undefined && difference.destination === undefined) throw new MoveRefused(`${ends.source.name} has grown meanwhile: ${STOP_IT}`);
  if (difference !== undefined) throw differs(ends, difference);
  return { found, started };
};

const moveState = async ({ source, destination }: Ends, logs: Compared, found: Comparison, started: Started): Promise<number> => {
  const wanted = withStarted(await readState(source.state), started);
  const at = await translate(logs, found.index, positionsIn(wanted));
  return writeState(destination.state, translatedState(wanted, at));
};

const checkEnds = async ({ source, destination }: Ends): Promise<void> => {
  if (await source.marker.isSet()) throw new MoveRefused(`${source.name} is itself the unfinished destination of a move`);
  if (source.name === destination.name) throw new MoveRefused('--from and --to are the same log');
};

/** `pauseMs`: between two looks at an engine that is away. */
export type MoveOptions = Readonly<{ onProgress?: OnMoveProgress; pauseMs?: number }>;

/** Rejects with a `MoveRefused` in one line where a side is in use, or the destination holds something else. */
export const move = async (ends: Ends, { onProgress = () => undefined, pauseMs }: MoveOptions = {}): Promise<Moved> => {
  const { source, destination } = ends;
  await checkEnds(ends);
  const logs = logsOf(ends, pauseMs);
  const quiet = await createQuiet(ends);
  const there = (await destination.marker.isSet()) ? undefined : await isThere(ends, logs);
  if (there !== undefined) return { events: there.events, copied: 0, keys: 0, state: 0, digest: there.digests.destination };
  await destination.marker.set();
  const keys = await moveKeys(source.vault, destination.vault);
  const copied = await copyMissing(ends, logs, onProgress);
  const { found, started } = await verify(ends, logs, await readState(source.state), onProgress);
  const state = await moveState(ends, logs, found, started);
  if (!(await haveSameKeys(source.vault, destination.vault))) throw new MoveRefused(`the keys of ${source.name} have changed meanwhile: ${STOP_IT}`);
  if (await hasMore(source, found.last?.source)) throw new MoveRefused(`${source.name} has grown meanwhile: ${STOP_IT}`);
  await quiet();
  await destination.marker.clear();
  return { events: found.events, copied, keys, state, digest: found.digests.destination };
};
