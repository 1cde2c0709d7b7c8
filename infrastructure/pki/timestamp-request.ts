/** TimeStampReq (RFC 3161 2.4.1): read by the authority, written by the client. */
import { booleanTrue, children, DerError, expectTag, integer, octetString, oid, readElement, readOid, sequence, TAG, unsignedInteger, type Element } from './der.ts';
import { algorithmWithNull, OID } from './oids.ts';

export type MessageImprint = Readonly<{ algorithm: string; digest: Buffer; /** The whole element, as it came. */ raw: Buffer }>;

export type TimestampRequest = Readonly<{
  imprint: MessageImprint;
  policy?: string;
  /** The whole INTEGER, as it came. */
  nonce?: Buffer;
  certificates: boolean;
}>;

/** PKIFailureInfo bits of RFC 3161 2.4.2. */
export type FailureName = 'badAlg' | 'badRequest' | 'badDataFormat' | 'unacceptedPolicy' | 'unacceptedExtension' | 'systemFailure';

/** A request that is answered with a rejection. */
export class TimestampRefusal extends Error {
  readonly failure: FailureName;

  constructor(failure: FailureName, message: string) {
    super(message);
    this.name = 'TimestampRefusal';
    this.failure = failure;
  }
}

const DIGEST_OCTETS: Readonly<Record<string, number>> = { [OID.sha256]: 32, [OID.sha384]: 48, [OID.sha512]: 64 };

export const readImprint = (element: Element | undefined): MessageImprint => {
  const whole = expectTag(element, TAG.sequence, 'the message imprint');
  const [algorithm, digest] = children(whole);
  const [type] = children(expectTag(algorithm, TAG.sequence, 'the hash algorithm'));
  return {
    algorithm: readOid(type, 'the hash algorithm'),
    digest: expectTag(digest, TAG.octetString, 'the hashed message').content,
    raw: whole.raw,
  };
};

const checkImprint = ({ algorithm, digest }: MessageImprint): void => {
  const octets = DIGEST_OCTETS[algorithm];
  if (octets === undefined) throw new TimestampRefusal('badAlg', 'the hash algorithm must be SHA-256, SHA-384 or SHA-512');
  if (digest.length !== octets) throw new TimestampRefusal('badDataFormat', 'the hashed message has the wrong length');
};

const EXTENSIONS_TAG = 0xa0;
const VERSION_1 = integer(1);

const readFields = (der: Uint8Array): TimestampRequest => {
  const [version, imprint, ...optional] = children(expectTag(readElement(der), TAG.sequence, 'the request'));
  if (version?.raw.equals(VERSION_1) !== true) throw new DerError('the version must be 1');
  const rest = [...optional];
  const take = (tag: number): Element | undefined => (rest[0]?.tag === tag ? rest.shift() : undefined);
  const policy = take(TAG.oid);
  const nonce = take(TAG.integer);
  const certificates = take(TAG.boolean);
  if (take(EXTENSIONS_TAG) !== undefined) throw new TimestampRefusal('unacceptedExtension', 'extensions are not accepted');
  if (rest.length > 0) throw new DerError('unexpected fields follow');
  return {
    imprint: readImprint(imprint),
    certificates: certificates !== undefined && certificates.content[0] !== 0,
    ...(policy === undefined ? {} : { policy: readOid(policy, 'the policy') }),
    ...(nonce === undefined ? {} : { nonce: nonce.raw }),
  };
};

/** Throws a `TimestampRefusal` that names what RFC 3161 calls the failure. */
export const readTimestampRequest = (der: Uint8Array): TimestampRequest => {
  try {
    const request = readFields(der);
    checkImprint(request.imprint);
    return request;
  } catch (error) {
    if (error instanceof DerError) throw new TimestampRefusal('badDataFormat', error.message);
    throw error;
  }
};

/** MessageImprint over a SHA-256 digest. */
export const sha256Imprint = (digest: Uint8Array): Buffer => sequence(algorithmWithNull(OID.sha256), octetString(digest));

/** A request for a token with its certificates, over a SHA-256 digest. */
export const writeTimestampRequest = (digest: Uint8Array, nonce: Uint8Array, policy?: string): Buffer =>
  sequence(
    VERSION_1,
    sha256Imprint(digest),
    ...(policy === undefined ? [] : [oid(policy)]),
    unsignedInteger(nonce),
    booleanTrue,
  );
