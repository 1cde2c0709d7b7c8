/** Textual encodings (RFC 7468). */

export type PemLabel = 'CERTIFICATE' | 'X509 CRL';

const LINE = 64;

export const toPem = (label: PemLabel, der: Uint8Array): string => {
  const lines = Buffer.from(der).toString('base64').match(new RegExp(`.{1,${String(LINE)}}`, 'g')) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
};

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/g;

/** The DER of every block with this label, in order. */
export const fromPem = (label: PemLabel, text: string): readonly Buffer[] =>
  [...text.matchAll(BLOCK)].filter(([, found]) => found === label).map(([, , body = '']) => Buffer.from(body, 'base64'));
