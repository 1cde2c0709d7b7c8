/** What a commit adds to the totals, gathered in memory, so that a batch touches each of them once. */
import { dayOf } from './days.ts';
import type { ColumnValue, Shape } from './shape.ts';

/** `counted` is the number of what it is counted by; `value` as `countedValue` writes it. */
export type Delta = { counted: number; tenant: number; value: string; by: number };

/** Documents that no total tells apart. */
type Alike = { tenant: number; texts: readonly string[]; by: number };

export class Totals {
  /** The columns that documents are told apart by; the one after the last is the day. */
  readonly #columns: readonly number[];
  /** For each that is counted, the places of its values among those columns. */
  readonly #counted: readonly (readonly number[])[];
  readonly #day: number;
  #gathered = new Map<string, Alike>();

  constructor({ fields, counted, day }: Shape) {
    this.#day = day === undefined ? -1 : fields.indexOf(day);
    const columns = counted.map((each) => [...each.fields.map((field) => fields.indexOf(field)), ...(each.byDay ? [fields.length] : [])]);
    this.#columns = [...new Set(columns.flat())];
    this.#counted = columns.map((each) => each.map((column) => this.#columns.indexOf(column)));
  }

  add(tenant: number, values: readonly ColumnValue[], by: 1 | -1): void {
    const texts = this.#columns.map((column) => JSON.stringify(column < values.length ? values[column] : dayOf(values[this.#day] ?? null)));
    const key = `${tenant} ${texts.join()}`;
    const known = this.#gathered.get(key);
    if (known === undefined) this.#gathered.set(key, { tenant, texts, by });
    else known.by += by;
  }

  /** What has changed since it was last taken. */
  take(): readonly Delta[] {
    const deltas = new Map<string, Delta>();
    for (const { tenant, texts, by } of this.#gathered.values()) {
      if (by === 0) continue;
      this.#counted.forEach((places, counted) => {
        const value = `[${places.map((place) => texts[place]).join()}]`;
        const key = `${counted} ${tenant} ${value}`;
        const known = deltas.get(key);
        if (known === undefined) deltas.set(key, { counted, tenant, value, by });
        else known.by += by;
      });
    }
    this.#gathered = new Map();
    return [...deltas.values()].filter(({ by }) => by !== 0);
  }
}
