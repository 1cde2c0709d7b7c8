/** An event store in memory whose appends can be told to fail: for what happens around a failing disk. */
import type { Message } from '../../domain/kernel/decider.ts';
import { streamParts, type Position, type StreamId } from '../../domain/kernel/ids.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { Appended, AppendOptions, Cause, EventStore, ExpectedRevision, Recorded } from '../../application/kernel/ports.ts';

export type ScriptedStore = EventStore &
  Readonly<{
    /** Everything appended, in order. */
    log: readonly Recorded[];
    /** What the next appends do, first come first served; the rest succeed. */
    plan: ('ok' | Error)[];
  }>;

const causeOf = (how: Cause & AppendOptions, index: number): Cause => how.causes?.[index] ?? how;

export const createScriptedStore = (): ScriptedStore => {
  const log: Recorded[] = [];
  const plan: ('ok' | Error)[] = [];
  const of = (stream: StreamId): readonly Recorded[] => log.filter((event) => event.stream === stream);
  const append = async (stream: StreamId, expected: ExpectedRevision, events: readonly Message[], how: Cause & AppendOptions): Promise<Appended> => {
    const next = plan.shift() ?? 'ok';
    if (next !== 'ok') throw next;
    const actual = of(stream).length - 1;
    if (expected !== 'any' && (expected === 'none' ? -1 : expected) !== actual) throw new Rejection('kernel.wrong_revision', { expected, actual });
    for (const [index, event] of events.entries()) {
      const { actor, correlation } = causeOf(how, index);
      log.push({
        ...event,
        id: `event-${log.length}`,
        stream,
        tenant: streamParts(stream).tenant,
        revision: of(stream).length,
        position: String(log.length).padStart(20, '0') as Position,
        time: '2026-03-09T14:23:42.100Z',
        cause: { actor, correlation },
      });
    }
    return { revision: of(stream).length - 1, position: log.at(-1)?.position as Position };
  };
  return {
    log,
    plan,
    append,
    head: async (stream) => of(stream).length - 1,
    read: async function* read<Event extends Message>(stream: StreamId, from = 0) {
      yield* of(stream).slice(from) as unknown as readonly Recorded<Event>[];
    },
  };
};
