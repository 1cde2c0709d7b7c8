/** The caller's side of a writer thread: operations go out in groups, answers come back in order. */
import { Worker } from 'node:worker_threads';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { type Answer, type FromThread, RETRY_AFTER, type ToThread } from './sqlite-protocol.ts';

export interface SqliteWriter {
  /** Resolves once the operation is committed; rejects with what the engine refused it for. */
  submit<Result>(operation: unknown): Promise<Result>;
  /** Finishes what was submitted, then lets go of the database. */
  close(): Promise<void>;
}

export type WriterOptions = Readonly<{
  /** The module that calls `serveWriter`. */
  module: URL;
  workerData: unknown;
  /** The disk failed or the thread died. Nothing can be stored any more, and the process should end: only a restart can be trusted. */
  onFatal: (error: Error) => void;
}>;

type Waiting = Readonly<{ resolve: (value: never) => void; reject: (error: Error) => void }>;

const unavailable = (): Rejection => new Rejection('storage.unavailable', { retryAfter: RETRY_AFTER });

const settle = (waiting: Waiting, answer: Answer): void => {
  if ('ok' in answer) waiting.resolve(answer.ok as never);
  else if ('rejected' in answer) waiting.reject(new Rejection(answer.rejected, answer.details));
  else waiting.reject(new Error(answer.failed));
};

class Writer implements SqliteWriter {
  readonly #worker: Worker;
  readonly #onFatal: (error: Error) => void;
  readonly #inFlight: Waiting[] = [];
  #pending: unknown[] = [];
  /** Of what is in flight, how much the thread has not answered; while there is any, what is submitted gathers here. */
  #posted = 0;
  #state: 'open' | 'closing' | 'closed' | 'dead' = 'open';
  readonly #ready = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();

  constructor({ module, workerData, onFatal }: WriterOptions) {
    this.#onFatal = onFatal;
    this.#worker = new Worker(module, { workerData });
    this.#worker.on('message', (message: FromThread) => this.#receive(message));
    this.#worker.on('error', (error: Error) => this.#die(error));
    this.#worker.on('exit', () => this.#die(new Error('the writer thread ended')));
  }

  /** Resolves when the database is open. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  submit<Result>(operation: unknown): Promise<Result> {
    if (this.#state !== 'open') return Promise.reject(unavailable());
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#inFlight.push({ resolve, reject });
    if (this.#pending.push(operation) === 1 && this.#posted === 0) this.#flushSoon();
    return promise;
  }

  close(): Promise<void> {
    if (this.#state === 'open') {
      this.#flush();
      this.#state = 'closing';
      this.#post({ close: true });
    }
    return this.#closed.promise;
  }

  #post(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  /** Whatever else becomes ready in this turn of the event loop travels, and is committed, together. */
  #flushSoon(): void {
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    if (this.#pending.length === 0 || this.#state !== 'open') return;
    const operations = this.#pending;
    this.#pending = [];
    this.#posted += operations.length;
    this.#post({ operations });
  }

  #receive(message: FromThread): void {
    if ('answers' in message) this.#answer(message.answers);
    else if ('ready' in message) this.#ready.resolve();
    else if ('fatal' in message) this.#die(new Error(`the disk failed: ${message.fatal}`));
    else void this.#end();
  }

  #answer(answers: readonly Answer[]): void {
    this.#posted -= answers.length;
    // Who is answered now often has the next thing to say: it goes along.
    if (this.#posted === 0 && this.#pending.length > 0) this.#flushSoon();
    const answered = this.#inFlight.splice(0, answers.length);
    answers.forEach((answer, index) => settle(answered[index] as Waiting, answer));
  }

  async #end(): Promise<void> {
    this.#state = 'closed';
    await this.#worker.terminate();
    this.#closed.resolve();
  }

  #die(error: Error): void {
    if (this.#state === 'closed' || this.#state === 'dead') return;
    this.#state = 'dead';
    for (const waiting of this.#inFlight.splice(0)) waiting.reject(unavailable());
    this.#ready.reject(error);
    this.#closed.resolve();
    this.#onFatal(error);
  }
}

/** Opens the database in its thread. Rejects with the reason when that fails. */
export const startWriter = async (options: WriterOptions): Promise<SqliteWriter> => {
  let opened = false;
  const writer = new Writer({ ...options, onFatal: (error) => (opened ? options.onFatal(error) : undefined) });
  await writer.ready;
  opened = true;
  return writer;
};
