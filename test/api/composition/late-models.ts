/** Read models that a process writes faster than they follow: from a request's first append on they are behind, and how sinks are doing cannot be told. */
import { resolve } from '../../../api/composition/provide.ts';
import { storage } from '../../../api/composition/tokens.ts';
import type { Recorded } from '../../../application/kernel/ports.ts';
import type { Position } from '../../../domain/kernel/ids.ts';
import { SINK_STATUSES } from '../../../application/delivery/siem-status.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';
import type { Answer, App } from '../../support/app.ts';

export type Late = Readonly<{
  /** Asks while models are late; answers what was answered, and how to find the events that the request itself has brought until one looks. */
  ask: (call: () => Promise<Answer>) => Promise<Readonly<{ answer: Answer; brought: () => Promise<readonly Recorded[]> }>>;
}>;

const WINDOW = 1_000;
/** What else writes to the log makes models late as well, also before the request has written: it is asked again then. */
const TRIES = 40;
const never = AbortSignal.abort();

const behind = (): Promise<never> => Promise.reject(new Rejection('storage.behind', { retryAfter: 1 }));

/** From now on, and only while `ask` is under way. */
export const plantLateModels = ({ program: { container } }: Pick<App, 'program'>): Late => {
  const freshness = resolve(container, storage.freshness);
  const log = resolve(container, storage.log);
  const state = resolve(container, storage.state);
  const real = {
    wrote: freshness.wrote.bind(freshness), settled: freshness.settled.bind(freshness), until: freshness.until.bind(freshness), get: state.get.bind(state),
  };
  let armed = false;
  let hasWritten = false;
  const isLate = (): boolean => armed && hasWritten;
  freshness.wrote = (tenant, position) => {
    hasWritten = true;
    real.wrote(tenant, position);
  };
  freshness.settled = (...asked) => (isLate() ? behind() : real.settled(...asked));
  state.get = (scope, key) => (isLate() && scope === SINK_STATUSES ? Promise.reject(new Rejection('storage.unavailable', { retryAfter: 1 })) : real.get(scope, key));
  freshness.until = (...asked) => (isLate() ? behind() : real.until(...asked));

  const since = async (from: Position | undefined): Promise<readonly Recorded[]> => {
    const feed = log.feed();
    const found: Recorded[] = [];
    for (let place = from; ; ) {
      const { events, scannedTo } = await feed.pull(place, WINDOW, never);
      found.push(...events);
      if (scannedTo === undefined || scannedTo === place) return found;
      place = scannedTo;
    }
  };

  const once = async (call: () => Promise<Answer>) => {
    const from = await log.head();
    [armed, hasWritten] = [true, false];
    try {
      const answer = await call();
      const request = answer.headers.get('x-request-id');
      return { answer, brought: async () => (await since(from)).filter(({ cause }) => cause.correlation === request) };
    } finally {
      armed = false;
    }
  };

  return {
    ask: async (call) => {
      for (let tried = 1; ; tried += 1) {
        const asked = await once(call);
        if (asked.answer.status !== 503 || (await asked.brought()).length > 0 || tried === TRIES) return asked;
      }
    },
  };
};
