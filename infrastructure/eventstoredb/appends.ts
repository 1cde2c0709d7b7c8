/**
 * Appends that are stored once, whatever happens on the way: under ids that stay the same, expecting a revision that stays the same, until the
 * server has said what became of them or the stream has been read for it.
 */
import type { Appended } from '../../application/kernel/ports.ts';
import type { StreamId } from '../../domain/kernel/ids.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import type { Answer, Batches } from './batches.ts';
import type { Proposal } from './batch-messages.ts';
import type { Connection } from './connection.ts';
import type { Ends, Expected } from './ends.ts';
import { mayPass, unavailable } from './failures.ts';
import { landedAnywhere, landedBehind } from './landed.ts';
import { createDeadline, type Deadline } from './waiting.ts';

export type Events = Readonly<{
  stream: StreamId;
  events: readonly Proposal[];
  /** Whether the caller chose the ids, so that the events may be there already: anywhere in the stream, or, of a copy, at their place alone. */
  chosen: boolean | 'in place';
}>;

export interface Appends {
  /** Expecting a revision, -1 for none. Rejects with `kernel.wrong_revision`. */
  at(events: Events, expected: number): Promise<Appended>;
  /** Behind whatever is there. */
  anywhere(events: Events): Promise<Appended>;
}

export type AppendsDeps = Readonly<{ connection: Connection; batches: Batches; ends: Ends }>;

/** When the time is up, what became of an append is looked for once more within this part of it. */
const LAST_LOOK = 0.1;

const giveUp = (): never => {
  throw unavailable();
};

/** `isFirst`: it was sent once only, so that the answer is to what was stored just now. */
type Outcome = Readonly<{ answer: Answer; isFirst: boolean }>;

const idsOf = ({ events }: Events): readonly string[] => events.map(({ id }) => id);

/** Sends until there is an answer; undefined when there was none in time. */
const send = async ({ connection, batches }: AppendsDeps, events: Events, expected: number, deadline: Deadline): Promise<Outcome | undefined> => {
  for (let isFirst = true; ; isFirst = false) {
    const held = connection.current();
    try {
      const answer = await batches.append(held, { ...events, expected }, deadline.attempt());
      connection.worked(held);
      return { answer, isFirst };
    } catch (error) {
      if (!mayPass(error)) throw error;
      connection.failed(held, error);
    }
    if (!(await deadline.pause())) return undefined;
  }
};

/**
 * What the server's word is enough for: events that can be nowhere else, and where they are; and of a copy, that it is stored. At a revision that is expected
 * the server takes for stored what stands there under the same ids, and nothing else.
 */
const isSettled = ({ answer, isFirst }: Outcome, { chosen }: Events): boolean => {
  if (!isFirst || chosen === true) return false;
  return 'actual' in answer ? chosen === false : answer.position !== undefined;
};

/**
 * An attempt before this answer can be stored where the stream has yet to get to: there the server does not ask whether it holds the events already, so
 * that begun again elsewhere they would be there twice. Where the stream is past the place, it never is. What was stored was found before.
 */
const mayComeLater = ({ answer, isFirst }: Outcome, expected: number): boolean => !('actual' in answer) || (!isFirst && answer.actual < expected);

/** Where it landed, or where the stream is instead. */
const store = async (deps: AppendsDeps, events: Events, expected: number, deadline: Deadline): Promise<Answer> => {
  const outcome = await send(deps, events, expected, deadline);
  if (outcome !== undefined && isSettled(outcome, events)) return outcome.answer;
  // Of what it had stored before, the server may tell a place that is not the events' own.
  const patience = Math.max(deadline.remaining(), deps.connection.patience() * LAST_LOOK);
  const landed = await landedBehind(deps.connection, { stream: events.stream, expected, ids: idsOf(events) }, patience);
  if (landed !== undefined) return landed;
  // It may still be stored later; whoever says it again under the same ids says the same thing.
  return outcome === undefined || mayComeLater(outcome, expected) ? giveUp() : outcome.answer;
};

const checkDistinct = (events: Events): void => {
  if (new Set(idsOf(events)).size < events.events.length) reject('kernel.event_id_conflict');
};

const before = async ({ connection }: AppendsDeps, events: Events, behind: number): Promise<Appended | undefined> =>
  events.chosen === true ? landedAnywhere(connection, events.stream, behind, idsOf(events)) : undefined;

const appendAt = async (deps: AppendsDeps, events: Events, expected: number): Promise<Appended> => {
  checkDistinct(events);
  const there = await before(deps, events, -1);
  if (there !== undefined) return there;
  const stored = await store(deps, events, expected, createDeadline(deps.connection.patience()));
  return 'actual' in stored ? reject('kernel.wrong_revision', { expected, actual: stored.actual }) : stored as Appended;
};

/** One attempt behind the end that was claimed. Unless it is stored there, those behind it would wait for a place in the stream that is never taken. */
const appendBehind = async (deps: AppendsDeps, events: Events, end: Expected & Readonly<{ searched: number }>, deadline: Deadline): Promise<Answer> => {
  let next = end.revision;
  let isStored = false;
  try {
    // Where the end is was asked, or remembered, first: what has come since is where it is expected, or makes the append go wrong.
    const there = await before(deps, events, end.searched);
    if (there !== undefined) return there;
    const stored = await store(deps, events, end.revision, deadline);
    isStored = !('actual' in stored);
    if ('actual' in stored) next = stored.actual;
    return stored;
  } finally {
    if (!isStored) deps.ends.moved(events.stream, end.round, next);
    deps.ends.release(events.stream);
  }
};

const appendAnywhere = async (deps: AppendsDeps, events: Events): Promise<Appended> => {
  checkDistinct(events);
  const deadline = createDeadline(deps.connection.patience());
  let searched = -1;
  for (;;) {
    const end = await deps.ends.claim(events.stream, events.events.length);
    const stored = await appendBehind(deps, events, { ...end, searched }, deadline);
    if (!('actual' in stored)) return stored as Appended;
    searched = Math.max(searched, Math.min(end.revision, stored.actual));
    if (deadline.remaining() === 0) throw unavailable();
  }
};

export const createAppends = (deps: AppendsDeps): Appends => ({
  at: (events, expected) => appendAt(deps, events, expected),
  anywhere: (events) => appendAnywhere(deps, events),
});
