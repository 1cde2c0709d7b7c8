/** How many documents match. What is counted already is looked up; the rest is walked in an index. */
import type { Condition, Query } from '../../application/kernel/read-models.ts';
import { type Days, daysOf, NO_DAY, textOfDay } from './days.ts';
import { columnValue, type ColumnValue, type Counted, countedValue } from './shape.ts';
import type { Source } from './source.ts';
import { conditionOf, type Filter, filtersOf, isScalar } from './sql-query.ts';

const TENANT = '(SELECT key FROM tenants WHERE id = ?)';
const ONE = `SELECT documents FROM counts WHERE storage = ? AND prefix = ? AND tenant = ${TENANT} AND value = ?`;
const between = ({ after, before }: Days): string =>
  `SELECT sum(documents) FROM counts WHERE storage = ? AND prefix = ? AND tenant = ${TENANT} AND value ${after.inclusive ? '>=' : '>'} ? AND value ${before.inclusive ? '<=' : '<'} ?`;

const first = ({ rows }: Source, text: string, values: readonly ColumnValue[]): number => Number(rows(text, values)[0]?.[0] ?? 0);

const walked = (source: Source, filters: readonly Filter[]): number => {
  const { text, values } = conditionOf(source.tenant, filters);
  return first(source, `SELECT count(*) FROM "${source.model().table}" WHERE ${text}`, values);
};

/** What is counted by these fields exactly, with its number. */
const countedBy = ({ model }: Source, filters: readonly Filter[], byDay: boolean): readonly [number: number, counted: Counted] | undefined => {
  const { counted } = model().shape;
  const names = new Set(filters.map(([field]) => field));
  const number = counted.findIndex((each) => each.byDay === byDay && each.fields.length === names.size && each.fields.every((field) => names.has(field)));
  const found = counted[number];
  return found === undefined ? undefined : [number, found];
};

const valuesOf = ({ fields }: Counted, filters: readonly Filter[]): readonly ColumnValue[] => {
  const wanted = new Map(filters);
  return fields.map((field) => columnValue(wanted.get(field)));
};

const lookedUp = (source: Source, filters: readonly Filter[]): number | undefined => {
  const counted = filters.every(([, condition]) => isScalar(condition)) ? countedBy(source, filters, false) : undefined;
  if (counted === undefined) return undefined;
  return first(source, ONE, [source.model().storage, counted[0], source.tenant, countedValue(valuesOf(counted[1], filters))]);
};

type Split = Readonly<{ equal: readonly Filter[]; day: string; days: Days }>;

/** Equalities and one range of the model's time; undefined for any other question. */
const splitByDay = ({ model }: Source, filters: readonly Filter[]): Split | undefined => {
  const { day } = model().shape;
  const equal = filters.filter(([field]) => field !== day);
  const condition: Condition | undefined = filters.find(([field]) => field === day)?.[1];
  const days = condition === undefined ? undefined : daysOf(condition);
  if (day === undefined || days === undefined || !equal.every(([, wanted]) => isScalar(wanted))) return undefined;
  return { equal, day, days };
};

/** Whole days are looked up, and the parts of days at the ends walked. A model that holds other values than times is walked whole. */
const summed = (source: Source, filters: readonly Filter[]): number | undefined => {
  const split = splitByDay(source, filters);
  const counted = split === undefined ? undefined : countedBy(source, split.equal, true);
  if (split === undefined || counted === undefined) return undefined;
  const { equal, day, days } = split;
  const [number, by] = counted;
  const values = valuesOf(by, equal);
  const place = [source.model().storage, number, source.tenant] as const;
  const valueOf = (last: ColumnValue): string => countedValue([...values, last]);
  if (first(source, ONE, [...place, valueOf(NO_DAY)]) > 0) return undefined;
  const parts = days.parts.map((part) => walked(source, [...filters, [day, textOfDay(part)]]));
  return parts.reduce((sum, part) => sum + part, first(source, between(days), [...place, valueOf(days.after.day), valueOf(days.before.day)]));
};

export const totalOf = <Document>(source: Source, where: Query<Document>['where']): number => {
  const filters = filtersOf(source.model().definition, where);
  return lookedUp(source, filters) ?? summed(source, filters) ?? walked(source, filters);
};
