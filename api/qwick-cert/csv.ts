/**
 * CSV after RFC 4180: CRLF, quotes only where needed, UTF-8 without a byte order mark. A text that a spreadsheet would run
 * as a formula gets a leading apostrophe: the file names in it are whatever a client said.
 */
export type Cell = string | number | null;

/** Also behind what a spreadsheet passes over (white space, characters that are not seen), and as East Asian keyboards write it. */
const FORMULA = /^(?:[\t\r\n\0]|[\s\p{C}]*[=+\-@＝＋－＠])/u;
const NEEDS_QUOTES = /[",\r\n]/u;

const cell = (value: Cell): string => {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** One record, its line end included. */
export const csvRecord = (cells: readonly Cell[]): string => `${cells.map(cell).join(',')}\r\n`;
