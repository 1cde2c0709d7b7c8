/** Compact JWS (RFC 7515, section 7.1), in the one form that is accepted here. */
import { fromBase64url } from './base64url.ts';
import { refuse } from './reasons.ts';
import { readJsonObject } from './strict-json.ts';

export type ParsedJws = Readonly<{
  alg: string;
  kid: string;
  payload: Uint8Array;
  signature: Uint8Array<ArrayBuffer>;
  /** The octets that the signature is over. */
  signed: Uint8Array<ArrayBuffer>;
}>;

/** Characters. */
const MOST_HEADER = 8_192;
const HEADER_MEMBERS: readonly string[] = ['alg', 'kid', 'typ'];

/** Exactly the three members, as strings: whatever else a header could ask for (keys, extensions) is not listened to but refused. */
const readHeader = (part: string): Readonly<{ alg: string; kid: string; typ: string }> => {
  const bytes = part.length > MOST_HEADER ? undefined : fromBase64url(part);
  const header = bytes && readJsonObject(bytes);
  if (header === undefined) return refuse('malformed');
  if ([...header.keys()].some((name) => !HEADER_MEMBERS.includes(name))) return refuse('header_not_allowed');
  const [alg, kid, typ] = HEADER_MEMBERS.map((name) => header.get(name));
  if (typeof alg !== 'string' || typeof kid !== 'string' || typeof typ !== 'string') return refuse('malformed');
  return { alg, kid, typ };
};

/** Header, payload and signature, still encoded. */
const partsOf = (jws: unknown, most: number): readonly [string, string, string] => {
  const parts = typeof jws === 'string' && jws.length <= most ? jws.split('.', 4) : [];
  return parts.length === 3 ? (parts as unknown as readonly [string, string, string]) : refuse('malformed');
};

const bytesOf = (part: string): Uint8Array<ArrayBuffer> => fromBase64url(part) ?? refuse('malformed');

/** Throws `Refused` (`malformed`, `header_not_allowed`, `wrong_type`). `most` in characters. */
export const parseJws = (jws: unknown, { type, most }: Readonly<{ type: string; most: number }>): ParsedJws => {
  const [header, payload, signature] = partsOf(jws, most);
  const { alg, kid, typ } = readHeader(header);
  if (typ !== type) return refuse('wrong_type');
  return { alg, kid, payload: bytesOf(payload), signature: bytesOf(signature), signed: new TextEncoder().encode(`${header}.${payload}`) };
};
