/** The rows of the SIEM table: one for each stored type, which says what a SIEM is told of it in OCSF's terms, or why it is not. */
import type { Envelope } from '../../../application/kernel/ports.ts';
import type { Message } from '../../../domain/kernel/decider.ts';
import type { ActivityOf, ClassName, Severity, Status } from './ocsf.ts';

export type User = Readonly<{ uid: string; type_id: number; type: string }> | Readonly<{ name: string; type_id: number; type: string }>;
type Named = Readonly<{ uid: string; type: string; name?: string }>;

/** What a class asks for of its own, beside what is said of every event. */
export type Parts = Readonly<{
  accountChange: Readonly<{ user: User }>;
  authentication: Readonly<{ user: User; service: Readonly<{ name: string }>; session: Readonly<{ uid: string }>; is_mfa?: boolean }>;
  entityManagement: Readonly<{ entity: Named & Readonly<{ type_id: number }> }>;
  userAccess: Readonly<{ user: User; privileges: readonly string[] }>;
  apiActivity: Readonly<{
    api: Readonly<{ operation: string }>;
    src_endpoint: Readonly<{ svc_name: string }> | Readonly<{ name: string }>;
    resources: readonly Named[];
  }>;
  eventLogActivity: Readonly<{ log_name: string; device: Readonly<{ name: string; type_id: number; type: string }> }>;
  complianceFinding: Readonly<{
    finding_info: Readonly<{ uid: string; title: string }>;
    compliance: Readonly<{ control: string; status: string; status_id: number }>;
    evidences: readonly Readonly<{ user: User }>[];
    resources: readonly Named[];
  }>;
}>;

type Said<Data, Value> = Value | ((data: Data) => Value);

type RowOf<Data, Name extends ClassName> = Readonly<{
  class: Name;
  activity: ActivityOf<Name>;
  /** What happened, in a few words: OCSF's `message` and CEF's name. */
  message: string;
  /** Informational without. */
  severity?: Said<Data, Severity>;
  /** Success without. */
  status?: Said<Data, Status>;
  /** Why, where it failed: a code. */
  code?: (data: Data) => string;
  /** What it is about. */
  subject: (data: Data, envelope: Envelope) => string;
  parts: (data: Data, envelope: Envelope) => Parts[Name];
}>;

export type SiemRow<Data = never> = RowOf<Data, ClassName>;
export type UnsentRow = Readonly<{ unsent: string }>;

/** One row for each event of a context: the compiler names the one that was forgotten. */
export type SiemRows<Event extends Message> = {
  readonly [Type in Event['type']]: SiemRow<Extract<Event, { type: Type }>['data']> | UnsentRow;
};

/** What the row is of follows from where it stands. */
export const sent = <Data, Name extends ClassName>(row: RowOf<NoInfer<Data>, Name>): SiemRow<Data> => row as unknown as SiemRow<Data>;

/** A type that a SIEM is not told of, and why. */
export const unsent = (reason: string): UnsentRow => ({ unsent: reason });

/** OCSF's `user`, type 1: a person, by their user id. */
export const personOf = (userId: string): User => ({ uid: userId, type_id: 1, type: 'User' });

const OTHER = 99;
const KNOWN_ENTITIES: Readonly<Record<string, number>> = { Organization: 4, Policy: 5 };

type EntityRow<Data> = Omit<RowOf<Data, 'entityManagement'>, 'class' | 'parts'> & Readonly<{ entity: string; name?: (data: Data) => string }>;

/** A row of the class Entity Management: what was changed is a thing of a kind, by its id. */
export const changed = <Data>({ entity, name, ...row }: EntityRow<NoInfer<Data>>): SiemRow<Data> =>
  sent<Data, 'entityManagement'>({
    ...row,
    class: 'entityManagement',
    parts: (data, envelope) => ({
      entity: { uid: row.subject(data, envelope), type: entity, type_id: KNOWN_ENTITIES[entity] ?? OTHER, ...(name && { name: name(data) }) },
    }),
  });

type CallRow<Data> = Omit<RowOf<Data, 'apiActivity'>, 'class' | 'parts'> &
  Readonly<{ operation: string; resource: string; /** Where the call came from, by its kind. */ source?: (data: Data) => string }>;

/** A row of the class API Activity. Where a call came from is told by its kind only: addresses are personal. */
export const called = <Data>({ operation, resource, source, ...row }: CallRow<NoInfer<Data>>): SiemRow<Data> =>
  sent<Data, 'apiActivity'>({
    ...row,
    class: 'apiActivity',
    parts: (data, envelope) => ({
      api: { operation },
      src_endpoint: source === undefined ? { name: 'undisclosed' } : { svc_name: source(data) },
      resources: [{ uid: row.subject(data, envelope), type: resource }],
    }),
  });
