/** Every event version ever stored, as it is read back; and the same with something planted in each of its texts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue } from '../../application/catalogue.ts';
import type { EventRow } from '../../application/kernel/event-catalogue.ts';
import { createEventCodec } from '../../application/kernel/event-codec.ts';
import type { Actor, Recorded } from '../../application/kernel/ports.ts';
import { streamId, type Position, type TenantId } from '../../domain/kernel/ids.ts';
import { root } from './source-files.ts';

export const TENANT = '019aa5c4-6f00-7000-8000-0000000000aa' as TenantId;
/** Streams of accounts and sessions are named after a UUID. */
export const STREAM_NAME = '019aa5c4-6f00-7000-8000-0000000000ab';
export const EVENT_ID = '019aa5c4-6f00-7000-8000-0000000000ac';
export const CORRELATION = '019aa5c4-6f00-7000-8000-0000000000ad';
export const CREDENTIAL: Actor = { kind: 'credential', id: '019aa5c4-6f00-7000-8000-0000000000ae' };

const codec = createEventCodec(catalogue);

export type StoredEvent = Readonly<{ name: string; row: EventRow; recorded: Recorded }>;

export const recordedAs = (row: Pick<EventRow, 'context'>, type: string, data: object, actor: Actor = CREDENTIAL): Recorded => ({
  type,
  data,
  id: EVENT_ID,
  stream: streamId(`${row.context}.thing`, TENANT, STREAM_NAME),
  tenant: TENANT,
  revision: 0,
  position: '00000000000000000042' as Position,
  time: '2026-03-09T14:23:45.678Z',
  cause: { actor, correlation: CORRELATION },
});

/** One for each fixture. */
export const storedEvents = (): readonly StoredEvent[] =>
  catalogue.flatMap((row) =>
    row.schemas.map((_schema, index) => {
      const name = `${row.context}.${row.type}.v${index + 1}`;
      const stored = { type: name, data: readFileSync(join(root, `test/support/fixtures/${name}.json`), 'utf8') };
      const { type, data } = codec.decode(stored);
      return { name, row, recorded: recordedAs(row, type, data) };
    }),
  );

type Json = string | number | boolean | null | readonly Json[] | Readonly<{ [name: string]: Json }>;

/** Puts a mark of its own into every text of an event's data; with the path of what each stands in, array places as `[]`. */
export const planted = ({ recorded }: StoredEvent): Readonly<{ recorded: Recorded; marks: ReadonlyMap<string, string> }> => {
  const marks = new Map<string, string>();
  const plant = (value: Json, path: string): Json => {
    if (typeof value === 'string') {
      const mark = `planted-${marks.size}-mallory@evil.example`;
      marks.set(mark, path);
      return mark;
    }
    if (Array.isArray(value)) return value.map((item: Json) => plant(item, `${path}[]`));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plant(inner, path === '' ? name : `${path}.${name}`)]));
  };
  return { recorded: { ...recorded, data: plant(recorded.data as Json, '') as object }, marks };
};

/** The paths whose marks stand in what is said. */
export const leaked = (said: string, marks: ReadonlyMap<string, string>): readonly string[] =>
  [...marks].filter(([mark]) => said.includes(mark)).map(([, path]) => path);

/** What never leaves: sealed boxes and what they are of, hashes of secrets, addresses, secrets, people's own words. */
export const NEVER = /box$|subject$|secret|seed|privatekey|password|hash(?:es\[\])?$|(?:^|\.)code$|email|address|ipallowlist|holder|reason$|error$|client(?:channel|version)|prefix|commandid|keysid|(?:^|\.)(?:url|host|header|topic|description)$/i;

/** Of what looks so, what may leave all the same, and why. */
export const HARMLESS: Readonly<Record<string, string>> = {
  'authorities.CertifiedKeyRevoked.v1 reason': 'one of five words',
  'delivery.WebhookDisabled.v1 reason': 'one of two words',
  'delivery.WebhookAttemptFailed.v1 reason': 'one of six words',
  'tenancy.InvitationRevoked.v1 reason': 'one of three words',
  'tenancy.SessionEnded.v1 reason': 'one of two words',
  'signing.SigningFailed.v1 code': 'a rejection code',
  'signing.SigningRefused.v1 code': 'a rejection code',
  'keys.KmsDataSigned.v1 dataHash': 'of what was signed, which is nobody\'s secret by it',
  'keys.KmsDataSigned.v1 signatureHash': 'of a signature',
  'keys.KmsSignatureVerified.v1 dataHash': 'of what was signed',
  'keys.KmsSignatureVerified.v1 signatureHash': 'of a signature',
};
