/** License keys as people type them. */
const KEY = /^QCOS(?:-[0-9A-F]{4}){8}$/i; // oxlint-disable-line require-unicode-regexp -- under `u`, letters outside ASCII fold into these

/** In upper case; undefined for what cannot be one. */
export const canonicalKey = (text: string): string | undefined => (KEY.test(text) ? text.toUpperCase() : undefined);
