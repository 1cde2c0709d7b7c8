/**
 * Whether requests are welcome now, for load balancers: the engines answer, and no read model is further behind than half a minute. Kafka does not count:
 * what is for it waits in the log, and no request needs it.
 */
import type { EventLog } from '../../application/kernel/ports.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import type { Config } from '../../infrastructure/runtime/config.ts';
import type { Metrics } from '../../infrastructure/runtime/metrics.ts';
import type { Projections, ProjectionStatus } from '../../projections/kernel/projections.ts';
import type { Readiness } from '../kernel/operational.ts';

/** An engine on another machine, and a small question to it: any answer will do, a rejection is none. */
export type Engine = Readonly<{ name: string; ask: () => Promise<unknown> }>;

export type ReadinessDeps = Readonly<{
  engines: readonly Engine[];
  projections: Pick<Projections, 'ready' | 'status'>;
  /** Milliseconds that an answer may take; 2 s. */
  patienceMs?: number;
  /** Milliseconds for which what was found is told again; 1 s. */
  toldForMs?: number;
}>;

/** What was found; `projections` as they were when the log last answered. */
export type Found = Readonly<{ ready: boolean; unavailable: readonly string[]; behind: readonly string[]; projections: readonly ProjectionStatus[] }>;

export type Look = () => Promise<Found>;

const PATIENCE_MS = 2_000;
const TOLD_FOR_MS = 1_000;
/** Seconds of lag with which a read model counts as behind, and under which it no longer does: one that stays about a limit must not make a server come and go. */
export const BEHIND = 30;
const AGAIN = 10;

/** Undefined when there is no answer in time; whoever asks meanwhile waits for the same answer, which may come to them. */
const createPatient = <T extends object>(ask: () => Promise<T>, patienceMs: number): (() => Promise<T | undefined>) => {
  let asked: Promise<T | undefined> | undefined;
  return async () => {
    asked ??= ask().catch(() => undefined).finally(() => { asked = undefined; });
    const late = Promise.withResolvers<undefined>();
    // An answer that has come while this process was busy is taken first.
    const timer = setTimeout(() => setImmediate(() => late.resolve(undefined)), patienceMs);
    return Promise.race([asked, late.promise]).finally(() => clearTimeout(timer));
  };
};

/** Of those that have been behind, the ones that still are, and those that have come to be. */
const behindNow = (all: readonly ProjectionStatus[], before: readonly string[]): readonly string[] =>
  all.filter(({ name, ready, lag }) => !ready || lag > (before.includes(name) ? AGAIN : BEHIND)).map(({ name }) => name);

const createLook = ({ engines, projections, patienceMs = PATIENCE_MS }: ReadinessDeps): Look => {
  const asking = engines.map(({ name, ask }) => ({ name, answer: createPatient(async () => ({ answer: await ask() }), patienceMs) }));
  const status = createPatient(() => projections.status(), patienceMs);
  let known: readonly ProjectionStatus[] = [];
  let behind: readonly string[] = [];
  return async () => {
    const [now, ...answers] = await Promise.all([status(), ...asking.map(({ answer }) => answer())]);
    known = now ?? known;
    behind = behindNow(known, behind);
    const unavailable = asking.flatMap(({ name }, index) => (answers[index] === undefined ? [name] : []));
    return { ready: projections.ready() && unavailable.length === 0 && behind.length === 0, unavailable, behind, projections: known };
  };
};

/** Looks when it is asked, once for all who ask meanwhile, and at most once a second: a probe costs next to nothing, however often it comes. */
export const createReadinessLook = (deps: ReadinessDeps): Look => {
  const look = createLook(deps);
  const { toldForMs = TOLD_FOR_MS } = deps;
  let found: Promise<Found> | undefined;
  let until = Infinity;
  return () => {
    if (found === undefined || performance.now() >= until) {
      until = Infinity;
      found = look().finally(() => { until = performance.now() + toldForMs; });
    }
    return found;
  };
};

/** What a process cannot serve without, beside what lies in its own data directory. */
export const enginesOf = ({ eventStoreUrl, mongoUrl }: Pick<Config, 'eventStoreUrl' | 'mongoUrl'>, { log, state }: Readonly<{ log: Pick<EventLog, 'head'>; state: Pick<StateStore, 'get'> }>): readonly Engine[] => [
  ...(eventStoreUrl === undefined ? [] : [{ name: 'EventStoreDB', ask: () => log.head() }]),
  ...(mongoUrl === undefined ? [] : [{ name: 'MongoDB', ask: () => state.get('readiness', 'question') }]),
];

const shown = ({ name, version, serving, position, lag }: ProjectionStatus): object => ({ name, version, serving, position, lag });

/** Names and numbers only: anybody may ask. */
export const readinessOf = (look: Look): Readiness => async () => {
  const { ready, unavailable, behind, projections } = await look();
  return { ready, details: { unavailable, behind, projections: projections.map(shown) } };
};

/** The same for whoever scrapes. */
export const watchReadiness = ({ gauge }: Pick<Metrics, 'gauge'>, look: Look, engines: readonly Engine[]): void => {
  gauge('projection_lag_seconds', 'Age of the oldest event in the log that a read model does not include yet; 0 when it includes all.', ['projection'], async () =>
    (await look()).projections.map(({ name, lag }) => ({ labels: { projection: name }, value: lag })),
  );
  gauge('engine_up', 'Whether an engine on another machine answers: 1, or 0.', ['engine'], async () => {
    const { unavailable } = await look();
    return engines.map(({ name }) => ({ labels: { engine: name }, value: unavailable.includes(name) ? 0 : 1 }));
  });
};
