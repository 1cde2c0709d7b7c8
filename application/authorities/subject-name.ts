/** Names of tenants as they may stand in a certificate. */

/** ub-common-name and ub-organization-name (RFC 5280 A.1), in characters. */
const MAX_CHARACTERS = 64;

/** Control, format and line characters: bidirectional overrides and zero-width joints could make one name look like another. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\p{Cn}]/gu;

/** NFC, unsafe characters removed, blanks folded, cut to 64 characters; `fallback` when nothing is left. */
export const subjectName = (name: string, fallback: string): string => {
  const plain = name.normalize('NFC').replace(/\s+/gu, ' ').replace(UNSAFE, '').trim();
  const cut = Array.from(plain).slice(0, MAX_CHARACTERS).join('').trim();
  return cut === '' ? fallback : cut;
};
