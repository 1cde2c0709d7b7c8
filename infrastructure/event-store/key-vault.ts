/** The key vault, on the event database: a key can share the commit of the events that need it. */
import { setImmediate as othersFirst } from 'node:timers/promises';
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { KeyRecord, KeyVault } from '../../application/kernel/ports.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { reading } from '../runtime/sqlite-reading.ts';
import type { SqliteWriter } from '../runtime/sqlite-writer.ts';
import type { VaultOperation } from './operations.ts';

const toRecord = (row: Record<string, SQLOutputValue>): KeyRecord => ({
  id: String(row['id']),
  tenant: String(row['tenant']) as TenantId,
  kind: row['kind'] as KeyRecord['kind'],
  version: Number(row['version']),
  wrappedBy: Number(row['wrapped_by']),
  wrapped: row['wrapped'] as Uint8Array,
  ...(row['lookup'] === null ? {} : { lookup: String(row['lookup']) }),
});

/** Keys that are read at once: 2 ms. */
const KEYS_A_PIECE = 500;

export const createKeyVault = (db: DatabaseSync, writer: SqliteWriter): KeyVault => {
  const select = (where: string) => db.prepare(`SELECT * FROM keys WHERE ${where} ORDER BY id`);
  const byId = select('id = ?');
  const byLookup = select('lookup = ?');
  const byTenantAndLookup = select('tenant = ? AND lookup = ?');
  const byKind = select('kind = ?');
  const byTenantAndKind = select('tenant = ? AND kind = ?');
  const following = db.prepare(`SELECT * FROM keys WHERE id > ? ORDER BY id LIMIT ${KEYS_A_PIECE}`);
  const write = <Result>(operation: VaultOperation): Promise<Result> => writer.submit<Result>(operation);
  return {
    get: async (id) => reading(() => byId.all(id)).map(toRecord)[0],
    find: async (lookup, tenant) =>
      reading(() => (tenant === undefined ? byLookup.all(lookup) : byTenantAndLookup.all(tenant, lookup))).map(toRecord),
    list: async (kind, tenant) => reading(() => (tenant === undefined ? byKind.all(kind) : byTenantAndKind.all(tenant, kind))).map(toRecord),
    // No index leads to the people of a tenant: looked through is everything, little at a time.
    pieces: async function* pieces(kind, tenant) {
      for (let after: string | undefined = ''; after !== undefined; ) {
        const rows = reading(() => following.all(after as string));
        yield rows.map(toRecord).filter((record) => record.kind === kind && record.tenant === tenant);
        after = rows.length < KEYS_A_PIECE ? undefined : String(rows.at(-1)?.['id']);
        await othersFirst();
      }
    },
    add: (records) => write(['keys.add', records]),
    rewrap: (record, expectedWrappedBy) => write(['keys.rewrap', record, expectedWrappedBy]),
    destroy: (id) => write(['keys.destroy', id]),
  };
};
