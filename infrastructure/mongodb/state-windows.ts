/**
 * Fixed windows, counted exactly by any number of processes: one document each. The hits of this process on one window wait for each other and are counted
 * together, so that a busy window takes a round trip for many of them. While they all fit, one atomic increment counts them; near the limit, and where a
 * window opens or closes, they are folded one by one into what is stored, which is replaced only if it is still the same.
 */
import type { Collection } from 'mongodb';
import { createGathering } from '../../application/kernel/gathering.ts';
import { createRecent } from '../../application/kernel/recent.ts';
import type { StateStore } from '../../application/kernel/state.ts';
import { isUnavailable } from '../../application/kernel/unavailable.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import type { HitAnswer } from '../state/operations.ts';
import { hitIn, type Window, type WindowRule } from '../state/window.ts';
import type { Guarded } from './failures.ts';
import { insertNew } from './insert-new.ts';
import { nameIn } from './state-entries.ts';

export type WindowDocument = { _id: string; count: number; resetAt: number };

type Hit = Readonly<{ rule: WindowRule; resolve: (answer: HitAnswer) => void; reject: (error: unknown) => void }>;

type Deps = Readonly<{ windows: Collection<WindowDocument>; asking: Guarded }>;

/** Hits counted in one go. */
const MOST_TOGETHER = 256;
/** Somebody else is ahead each time a round is lost: after so many something is wrong. */
const ROUNDS = 200;
/** Windows whose state is remembered, to count on while it cannot be asked for. */
const REMEMBERED = 10_000;

const openAt = (window: Window | undefined, now: number): Window | undefined => (window !== undefined && window.resetAt > now ? window : undefined);

/** One after the other; the last answer is how the window stands then. */
const fold = (stored: Window | undefined, rules: readonly WindowRule[]): readonly HitAnswer[] => {
  let window = stored;
  return rules.map((rule) => {
    const answer = hitIn(openAt(window, rule.now), rule);
    window = answer;
    return answer;
  });
};

/** All of them in one increment, if there is room for all and none opens, closes or shortens the window. */
const countTogether = async (windows: Deps['windows'], name: string, rules: readonly WindowRule[]): Promise<readonly HitAnswer[] | undefined> => {
  const room = Math.min(...rules.map(({ limit }) => limit)) - rules.length;
  const times = rules.map(({ now }) => now);
  const upTo = Math.min(...rules.map(({ now, windowMs }) => now + windowMs));
  const present = { _id: name, count: { $lte: room }, resetAt: { $gt: Math.max(...times), $lte: upTo } };
  const after = await windows.findOneAndUpdate(present, { $inc: { count: rules.length } }, { returnDocument: 'after' });
  if (after === null) return undefined;
  const before = after.count - rules.length;
  return rules.map((_rule, index) => ({ count: before + index + 1, exceeded: false, resetAt: after.resetAt }));
};

/** Undefined when the window has changed meanwhile. `owed`: hits that were counted here while they could not be stored. */
const countEach = async (windows: Deps['windows'], name: string, rules: readonly WindowRule[], owed: Window | undefined): Promise<readonly HitAnswer[] | undefined> => {
  const [found, first] = [await windows.findOne({ _id: name }), rules[0] as WindowRule];
  const answers = fold(joined(openAt(found ?? undefined, first.now), openAt(owed, first.now)), rules);
  const { count, resetAt } = answers.at(-1) as HitAnswer;
  if (found === null) return (await insertNew(windows, { _id: name, count, resetAt })) ? answers : undefined;
  if (found.count === count && found.resetAt === resetAt) return answers;
  const same = { _id: name, count: found.count, resetAt: found.resetAt };
  const { matchedCount } = await windows.updateOne(same, { $set: { count, resetAt } });
  return matchedCount === 1 ? answers : undefined;
};

/** What others have stored, and what is owed to it. */
const joined = (stored: Window | undefined, owed: Window | undefined): Window | undefined => {
  if (stored === undefined || owed === undefined) return stored ?? owed;
  return { count: stored.count + owed.count, resetAt: Math.min(stored.resetAt, owed.resetAt) };
};

/**
 * Counting without the server: on from what this process knew last. It is remembered as owed, and added as soon as there is a server to
 * add it to; each process counts for itself meanwhile.
 */
const createMemory = () => {
  const known = createRecent<string, Window>(REMEMBERED);
  const owed = createRecent<string, Window>(REMEMBERED);
  return {
    learn: (name: string, { count, resetAt }: Window): void => {
      known.set(name, { count, resetAt });
      owed.delete(name);
    },
    owed: (name: string): Window | undefined => owed.get(name),
    count: (name: string, rules: readonly WindowRule[]): readonly HitAnswer[] => {
      const { now } = rules[0] as WindowRule;
      const [base, before] = [openAt(known.get(name), now), openAt(owed.get(name), now)];
      const answers = fold(joined(base, before), rules);
      const { count, resetAt } = answers.at(-1) as HitAnswer;
      owed.set(name, { count: count - (base?.count ?? 0), resetAt });
      return answers;
    },
  };
};

export const createWindows = ({ windows, asking }: Deps): Pick<StateStore, 'hit'> => {
  const memory = createMemory();

  const count = async (name: string, rules: readonly WindowRule[]): Promise<readonly HitAnswer[]> => {
    const owed = memory.owed(name);
    for (let round = 1; round <= ROUNDS; round += 1) {
      const answers = (owed === undefined ? await countTogether(windows, name, rules) : undefined) ?? (await countEach(windows, name, rules, owed));
      if (answers !== undefined) return answers;
    }
    throw new Rejection('storage.unavailable', { retryAfter: 1 });
  };

  const stored = async (name: string, rules: readonly WindowRule[]): Promise<readonly HitAnswer[]> => {
    try {
      const answers = await asking(() => count(name, rules));
      memory.learn(name, answers.at(-1) as HitAnswer);
      return answers;
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      return memory.count(name, rules);
    }
  };

  const work = async (name: string, hits: readonly Hit[]): Promise<void> => {
    try {
      const answers = await stored(name, hits.map(({ rule }) => rule));
      hits.forEach(({ resolve }, index) => resolve(answers[index] as HitAnswer));
    } catch (error) {
      for (const { reject } of hits) reject(error);
    }
  };

  const ask = createGathering<Hit>({ work, sociable: () => true, most: MOST_TOGETHER });
  return { hit: (scope, key, rule) => new Promise((resolve, reject) => { ask(nameIn(scope, key), { rule, resolve, reject }); }) };
};
