/**
 * The thread side of a writer: one connection, and group commit. Everything that has queued up goes into one transaction; each
 * operation in it is judged on its own, and its answer leaves only after the commit.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type MessagePort, parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { storageTrouble } from './sqlite-errors.ts';
import { type Answer, type FromThread, RETRY_AFTER, type ToThread } from './sqlite-protocol.ts';

export type Engine = Readonly<{
  db: DatabaseSync;
  /** Runs inside the open transaction. Refuses just this operation by throwing a `Rejection` before it has written anything. */
  apply: (operation: never) => unknown;
  /** The transaction is gone: what was remembered from it is void. */
  rolledBack: () => void;
  /** After a commit, before its answers leave. */
  committed?: () => void;
  /** The disk is full: the answer to an operation that can do without being stored, undefined for all others. */
  unstored?: (operation: never) => unknown;
  /** Pages (4 KiB) in the write-ahead log from which it is copied into the database. */
  checkpointFrames?: number;
}>;

const CHECKPOINT_FRAMES = 4_000;

const unavailable: Answer = { rejected: 'storage.unavailable', details: { retryAfter: RETRY_AFTER } };

const judge = (engine: Engine, operation: unknown): Answer => {
  try {
    return { ok: engine.apply(operation as never) };
  } catch (error) {
    if (error instanceof Rejection) return { rejected: error.code, details: error.details };
    throw error;
  }
};

/** An engine with the statements that every group needs. */
type Served = Engine & Readonly<{ begin: StatementSync; end: StatementSync; logSize: StatementSync }>;

const transaction = (engine: Served, operations: readonly unknown[]): readonly Answer[] => {
  engine.begin.run();
  const answers = operations.map((operation) => judge(engine, operation));
  engine.end.run();
  return answers;
};

const answerUnstored = (engine: Engine, operation: unknown): Answer => {
  const ok = engine.unstored?.(operation as never);
  return ok === undefined ? unavailable : { ok };
};

const rollback = (engine: Engine): void => {
  if (engine.db.isTransaction) engine.db.exec('ROLLBACK');
  engine.rolledBack();
};

/** Throws only when the disk is broken. An operation that fails for a reason of its own takes no neighbour with it. */
const commit = (engine: Served, operations: readonly unknown[]): readonly Answer[] => {
  try {
    const answers = transaction(engine, operations);
    engine.committed?.();
    return answers;
  } catch (error) {
    const trouble = storageTrouble(error);
    if (trouble === 'broken') throw error;
    rollback(engine);
    if (trouble === 'full') return operations.map((operation) => answerUnstored(engine, operation));
    if (operations.length > 1) return operations.flatMap((operation) => commit(engine, [operation]));
    return [{ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }];
  }
};

/** A full disk leaves everything in the log, where it is safe: the next commit, or the next start, tries again. */
const copyLog = (db: DatabaseSync, mode: 'PASSIVE' | 'TRUNCATE'): void => {
  try {
    db.exec(`PRAGMA wal_checkpoint(${mode})`);
  } catch (error) {
    if (storageTrouble(error) !== 'full') throw error;
  }
};

const checkpoint = ({ db, logSize, checkpointFrames = CHECKPOINT_FRAMES }: Served): void => {
  const { log, checkpointed } = logSize.get() as { log: number; checkpointed: number };
  if (log >= checkpointFrames && checkpointed < log) copyLog(db, 'PASSIVE');
};

type Queued = Readonly<{ operations: readonly unknown[]; closing: boolean }>;

const drain = (port: MessagePort, first: ToThread): Queued => {
  const operations: unknown[] = [];
  let closing = false;
  let message: ToThread | undefined = first;
  while (message !== undefined) {
    if ('close' in message) closing = true;
    else for (const operation of message.operations) operations.push(operation);
    message = receiveMessageOnPort(port)?.message;
  }
  return { operations, closing };
};

const served = (engine: Engine): Served => ({
  ...engine,
  begin: engine.db.prepare('BEGIN IMMEDIATE'),
  end: engine.db.prepare('COMMIT'),
  logSize: engine.db.prepare('PRAGMA wal_checkpoint(NOOP)'),
});

/** Runs in a worker thread until it is told to close, or until the disk breaks. */
export const serveWriter = (open: () => Engine): void => {
  const port = parentPort;
  if (port === null) throw new Error('a writer runs in a worker thread');
  const say = (message: FromThread): void => port.postMessage(message);
  const engine = served(open());
  const work = (first: ToThread): void => {
    const { operations, closing } = drain(port, first);
    if (operations.length > 0) say({ answers: commit(engine, operations) });
    checkpoint(engine);
    if (!closing) return;
    copyLog(engine.db, 'TRUNCATE');
    engine.db.close();
    port.off('message', receive);
    say({ closed: true });
  };
  const receive = (first: ToThread): void => {
    try {
      work(first);
    } catch (error) {
      port.off('message', receive);
      say({ fatal: error instanceof Error ? error.message : String(error) });
    }
  };
  port.on('message', receive);
  say({ ready: true });
};
