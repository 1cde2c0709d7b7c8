/** The messages of the in-process bus, inside the writer's transaction. */
import type { DatabaseSync } from 'node:sqlite';
import type { BusMessage } from '../../application/kernel/bus.ts';

export type BusOperation =
  /** Answers the number of the last message. */
  | readonly [kind: 'publish', messages: readonly BusMessage[]]
  /** Removes a topic's messages up to a number. */
  | readonly [kind: 'trim', topic: string, upTo: number];

export class BusEngine {
  readonly #insert;
  readonly #trim;

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare('INSERT INTO messages (topic, key, id, body) VALUES (?, ?, ?, ?)');
    this.#trim = db.prepare('DELETE FROM messages WHERE topic = ? AND number <= ?');
  }

  apply(operation: BusOperation): number {
    if (operation[0] === 'trim') return Number(this.#trim.run(operation[1], operation[2]).changes);
    const numbers = operation[1].map(({ topic, key, id, body }) => this.#insert.run(topic, key, id, body).lastInsertRowid);
    return Number(numbers.at(-1) ?? 0);
  }
}
