/** A key vault in memory, for tests of what is sealed with its keys. */
import type { KeyRecord, KeyVault } from '../../application/kernel/ports.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';

export type MemoryVault = KeyVault & Readonly<{ records: Map<string, KeyRecord> }>;

const slot = ({ tenant, lookup }: KeyRecord): string => `${tenant}/${lookup}`;

export const createMemoryVault = (): MemoryVault => {
  const records = new Map<string, KeyRecord>();
  const taken = (record: KeyRecord): boolean =>
    records.has(record.id) ||
    (record.lookup !== undefined && [...records.values()].some((other) => other.lookup !== undefined && slot(other) === slot(record)));
  return {
    records,
    get: async (id) => records.get(id),
    find: async (lookup, tenant) =>
      [...records.values()].filter((record) => record.lookup === lookup && (tenant === undefined || record.tenant === tenant)),
    list: async (kind, tenant) =>
      [...records.values()].filter((record) => record.kind === kind && (tenant === undefined || record.tenant === tenant)),
    pieces: async function* pieces(kind, tenant) {
      const all = [...records.values()].filter((record) => record.kind === kind && record.tenant === tenant).toSorted((one, other) => (one.id < other.id ? -1 : 1));
      for (let from = 0; from < all.length; from += 500) yield all.slice(from, from + 500);
    },
    add: async (added) => {
      if (added.some(taken)) throw new Rejection('kernel.key_exists');
      for (const record of added) records.set(record.id, record);
    },
    rewrap: async (record, expectedWrappedBy) => {
      if (records.get(record.id)?.wrappedBy !== expectedWrappedBy) return false;
      records.set(record.id, record);
      return true;
    },
    destroy: async (id) => void records.delete(id),
  };
};
