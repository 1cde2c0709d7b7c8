/** What the driver's errors mean to the rest of the program. */
import { BSON, MongoAPIError, MongoCompatibilityError, MongoClientClosedError, MongoError, MongoNotConnectedError, MongoServerError, MongoTopologyClosedError } from 'mongodb';
import type { Logger } from '../../application/kernel/ports.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { RETRY_AFTER } from '../runtime/sqlite-protocol.ts';

/**
 * Answers what `work` does, or rejects with `storage.unavailable` when the database is away, slow or refuses for now: then nobody knows
 * whether a write was made. Duplicate keys and mistakes of the program pass as they are, and so does every error that is not the driver's.
 */
export type Guarded = <Result>(work: () => Promise<Result>) => Promise<Result>;

export const DUPLICATE_KEY = 11_000;

/** Codes of what was asked wrongly: values, types, commands, fields, options and indexes that cannot be. */
const MISTAKES: ReadonlySet<unknown> = new Set([2, 9, 14, 16, 40, 52, 54, 57, 59, 66, 67, 72, 73, 85, 86]);

/** Whether an insertion met an `_id` (or another unique value) that is there already. */
export const isDuplicate = (error: unknown): boolean => error instanceof MongoServerError && error.code === DUPLICATE_KEY;

const isGone = (error: unknown): boolean =>
  error instanceof MongoNotConnectedError || error instanceof MongoTopologyClosedError || error instanceof MongoClientClosedError;

/** The driver does not wrap every error of its sockets. */
const isOfSocket = (error: unknown): boolean => {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && /^(?:E[A-Z]+|ERR_(?:STREAM|SOCKET)_[A-Z_]+)$/.test(code);
};

/** What came cannot be read: octets that are no documents, or a greeting of what is no server that the driver knows. */
const isUnreadable = (error: unknown): boolean => error instanceof BSON.BSONError || error instanceof MongoCompatibilityError;

const isTrouble = (error: unknown): boolean => {
  if (isUnreadable(error)) return true;
  if (!(error instanceof MongoError)) return isOfSocket(error);
  if (error instanceof MongoServerError) return error.code !== DUPLICATE_KEY && !MISTAKES.has(error.code);
  return !(error instanceof MongoAPIError) || isGone(error);
};

const reasonOf = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : 'unknown');

class TooSlow extends Error {}

/** The driver's own limits are for one message each; this one is for all that an operation does, retries included. */
const within = async <Result>(patience: number, work: () => Promise<Result>): Promise<Result> => {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new TooSlow('the database did not answer in time')), patience);
  try {
    return await Promise.race([work(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
};

export type GuardOptions = Readonly<{ logger: Logger; /** Milliseconds that an operation may take. */ patience: number }>;

/** Logs once when trouble begins, and once when it is over. */
export const createGuard = ({ logger, patience }: GuardOptions): Guarded => {
  let isAway = false;
  const wentWell = (): void => {
    if (isAway) logger.info({}, 'MongoDB answers again');
    isAway = false;
  };
  const refuse = (error: unknown): never => {
    if (!isAway) logger.warn({ reason: reasonOf(error) }, 'MongoDB does not answer');
    isAway = true;
    throw new Rejection('storage.unavailable', { retryAfter: RETRY_AFTER });
  };
  return async (work) => {
    try {
      const result = await within(patience, work);
      wentWell();
      return result;
    } catch (error) {
      return error instanceof TooSlow || isTrouble(error) ? refuse(error) : Promise.reject(error);
    }
  };
};
