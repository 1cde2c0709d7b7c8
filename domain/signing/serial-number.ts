/** Serial numbers of certificates (RFC 5280, 4.1.2.2) are integers: tools write the same one in more than one way. */

/** The number in lower-case hex, without what tools put in between and in front. */
export const serialNumber = (hex: string): string => hex.replaceAll(':', '').toLowerCase().replace(/^0+(?=.)/u, '');
