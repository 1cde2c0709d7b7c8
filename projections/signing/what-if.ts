/** A candidate policy tried on what was really attempted: which of it would have been refused, and by which rule. */
import type { EventLog } from '../../application/kernel/ports.ts';
import type { PersonalData, Place } from '../../application/kernel/sealing.ts';
import { operationStream } from '../../application/signing/operations.ts';
import { refusedAddress } from '../../application/signing/refusals.ts';
import type { Position, TenantId } from '../../domain/kernel/ids.ts';
import { judge, type PolicyRefusal } from '../../domain/signing/judge.ts';
import { reject } from '../../domain/kernel/rejection.ts';
import type { SigningPolicy } from '../../domain/signing/policy.ts';
import type { Freshness } from '../kernel/freshness.ts';
import { createSlices, type Slices } from '../kernel/pause.ts';
import type { Reader } from '../kernel/reader.ts';
import { signingAttempts, type AttemptDocument, type AttemptFacts } from './attempts.ts';

export type WhatIfQuestion = Readonly<{
  policy: SigningPolicy;
  /** Milliseconds since 1970, inclusive: attempts from then on are considered. */
  since: number;
  signal: AbortSignal;
}>;

export type WhatIfAnswer = Readonly<{
  considered: number;
  refused: number;
  byCode: ReadonlyMap<PolicyRefusal, number>;
  /** The first of the refused, oldest first: at most `WHAT_IF_ITEMS`. */
  items: readonly Readonly<{ operationId: string; code: PolicyRefusal; at: string; outcome: AttemptFacts['outcome'] }>[];
  /** Attempts of people who have been erased: the rule of addresses was not asked about them. */
  unknownAddresses: number;
  /** The log up to here is in it, and nothing after; undefined while the log is empty. */
  toPosition: Position | undefined;
}>;

export type WhatIf = (tenant: TenantId, question: WhatIfQuestion) => Promise<WhatIfAnswer>;

export const WHAT_IF_ITEMS = 1_000;

/** An attempt that is one. */
type Attempt = Readonly<{ id: string; at: string; approved: boolean; facts: AttemptFacts }>;

/** What the candidate would have let through of each person lately; no more than it takes to refuse the next. Asked in order of time. */
const createWindows = ({ perUserLimit }: SigningPolicy) => {
  const { count = 0, windowSeconds = 0 } = perUserLimit ?? {};
  const people = new Map<string, number[]>();
  const windowOf = (userId: string, at: number): number[] => {
    const times = people.get(userId) ?? [];
    people.set(userId, times);
    while (times.length > count || (times[0] ?? Infinity) <= at - windowSeconds * 1_000) times.shift();
    return times;
  };
  return {
    count: (userId: string, at: number): number => (perUserLimit === undefined ? 0 : windowOf(userId, at).length),
    add: (userId: string, at: number): void => {
      if (perUserLimit !== undefined) windowOf(userId, at).push(at);
    },
  };
};

const placeOf = (tenant: TenantId, { id, at, facts }: Attempt): Place =>
  facts.outcome === 'let_through' ? { tenant, place: `${operationStream(tenant, id)}#address` } : refusedAddress(tenant, at, id);

const createTrial = (tenant: TenantId, { policy, since }: WhatIfQuestion, personalData: Pick<PersonalData, 'open'>) => {
  const windows = createWindows(policy);
  const asksForAddress = (policy.ipAllowlist ?? []).length > 0;
  const byCode = new Map<PolicyRefusal, number>();
  const items: WhatIfAnswer['items'][number][] = [];
  const tally = { considered: 0, refused: 0, unknownAddresses: 0 };

  const verdict = async (attempt: Attempt, at: number): Promise<PolicyRefusal | undefined> => {
    const { facts, approved } = attempt;
    const address = asksForAddress ? await personalData.open(facts.address, placeOf(tenant, attempt)) : undefined;
    if (asksForAddress && address === undefined) tally.unknownAddresses += 1;
    return judge(policy, { ...facts, reason: facts.reason ?? undefined, at, address, approved, signedInWindow: windows.count(facts.actorUserId, at) });
  };

  const refuse = ({ id, at, facts }: Attempt, code: PolicyRefusal): void => {
    tally.refused += 1;
    byCode.set(code, (byCode.get(code) ?? 0) + 1);
    if (items.length < WHAT_IF_ITEMS) items.push({ operationId: id, code, at, outcome: facts.outcome });
  };

  return {
    byCode,
    items,
    tally,
    consider: async (attempt: Attempt): Promise<void> => {
      const at = Date.parse(attempt.at);
      const { actorUserId, outcome } = attempt.facts;
      // What was signed before the first day counts for the person's rate, and for nothing else.
      if (at < since) return outcome === 'let_through' ? windows.add(actorUserId, at) : undefined;
      tally.considered += 1;
      const code = await verdict(attempt, at);
      if (code !== undefined) refuse(attempt, code);
      // Whom plan or queue had turned away would not have signed under the candidate either.
      else if (outcome !== 'turned_away') windows.add(actorUserId, at);
      return undefined;
    },
  };
};

/** Of one organization, in this process: each walks through as many attempts as there are. */
const WHAT_IFS_AT_ONCE = 2;
/** Seconds; a guess: when one of those under way ends, nobody knows. */
const RETRY_AFTER = 5;
/** Milliseconds of work before everybody else has a turn. */
const SLICE_MS = 10;

const atMost = (limit: number, whatIf: WhatIf): WhatIf => {
  const underWay = new Map<TenantId, number>();
  return async (tenant, question) => {
    const taken = underWay.get(tenant) ?? 0;
    if (taken >= limit) reject('signing.what_ifs_busy', { retryAfter: RETRY_AFTER });
    underWay.set(tenant, taken + 1);
    try {
      return await whatIf(tenant, question);
    } finally {
      const left = (underWay.get(tenant) ?? 1) - 1;
      if (left > 0) underWay.set(tenant, left);
      else underWay.delete(tenant);
    }
  };
};

type Deps = Readonly<{
  reader: Reader;
  log: Pick<EventLog, 'head'>;
  freshness: Pick<Freshness, 'until'>;
  personalData: Pick<PersonalData, 'open'>;
  slices?: Slices;
}>;

/** One attempt in memory at a time. Rejects with `signing.what_ifs_busy` {retryAfter}, and with `storage.behind` when the read model does not reach the log's head in time. */
export const createWhatIf = ({ reader, log, freshness, personalData, slices = createSlices(SLICE_MS) }: Deps): WhatIf => {
  const attempts = async function* attempts(tenant: TenantId, from: number, to: Position | undefined): AsyncIterable<Attempt> {
    const model = await reader.open<AttemptDocument>(tenant, signingAttempts);
    const question = { where: { at: { gte: new Date(Math.max(0, from)).toISOString() } }, order: { by: 'at', direction: 'asc' } } as const;
    for await (const { id, at, approved, facts } of model.stream(question)) {
      if (at !== null && facts !== null && facts.position <= (to ?? '')) yield { id, at, approved, facts };
    }
  };

  return atMost(WHAT_IFS_AT_ONCE, async (tenant, question) => {
    const toPosition = await log.head();
    if (toPosition !== undefined) await freshness.until(signingAttempts.name, toPosition);
    const trial = createTrial(tenant, question, personalData);
    const from = question.since - (question.policy.perUserLimit?.windowSeconds ?? 0) * 1_000;
    for await (const attempt of attempts(tenant, from, toPosition)) {
      await trial.consider(attempt);
      await slices.rest();
      question.signal.throwIfAborted();
    }
    return { ...trial.tally, byCode: trial.byCode, items: trial.items, toPosition };
  });
};
