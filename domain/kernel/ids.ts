/** Identifiers as branded strings: a tenant cannot be passed where a stream is asked for. */

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** A UUID. */
export type TenantId = Branded<string, 'TenantId'>;
/** `<category>-<tenant UUID>-<id>`; the category (`signing.operation`) holds no dash. */
export type StreamId = Branded<string, 'StreamId'>;
/** A place in the whole log: opaque, and ordered by plain string comparison. */
export type Position = Branded<string, 'Position'>;
/** A person within a tenant: random, and the name under which their personal data is sealed. */
export type SubjectId = Branded<string, 'SubjectId'>;

/** The tenant that owns what belongs to the installation as a whole (trust anchors, its own keys). */
export const INSTALLATION = '00000000-0000-0000-0000-000000000000' as TenantId;

const UUID_LENGTH = 36;

export const streamId = (category: string, tenant: TenantId, id: string): StreamId =>
  `${category}-${tenant}-${id}` as StreamId;

/** Whether what follows a dash is put together like a UUID: 8-4-4-4-12. */
const leadsToUuid = (stream: string, dash: number): boolean => stream[dash + 9] === '-' && stream[dash + 14] === '-' && stream[dash + 19] === '-' && stream[dash + 24] === '-';

/** The dash between category and tenant: the first, but in streams of old whose category holds one. */
const dashBeforeTenant = (stream: string): number => {
  const first = stream.indexOf('-');
  for (let dash = first; dash >= 0; dash = stream.indexOf('-', dash + 1)) if (leadsToUuid(stream, dash)) return dash;
  return first;
};

/** Category, tenant and id of a stream, back from its name. */
export const streamParts = (stream: StreamId): Readonly<{ category: string; tenant: TenantId; id: string }> => {
  const dash = dashBeforeTenant(stream);
  return {
    category: stream.slice(0, dash),
    tenant: stream.slice(dash + 1, dash + 1 + UUID_LENGTH) as TenantId,
    id: stream.slice(dash + UUID_LENGTH + 2),
  };
};
