/**
 * Structured logs in JSON that cannot contain a secret: fields whose names speak of secrets are blanked wherever they stand, values that
 * look like credentials are blanked whatever they are called, and nothing long or deep is written out.
 */
import pino from 'pino';
import type { Logger } from '../../application/kernel/ports.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const BLANK = '[redacted]';
const MAX_TEXT = 2_000;
const MAX_DEPTH = 6;
const MAX_ITEMS = 50;
const MAX_KEPT_NAME = 40;

const SECRET_NAMES =
  /pass(?:word|phrase|wd)?|secret|token|authori[sz]ation|cookie|api[-_]?key|private|seed|totp|otp|credential$|signature|digest|master|bearer|jwt|code_verifier|recovery|e-?mail|^body$|^headers?$|^query$|^url$/i;

/** Forms of secrets that Chancery itself hands out, and those that any program may meet. */
const SECRET_FORMS: readonly RegExp[] = [
  /\b(?:qwick_ak|qapi|qlk|svc|whsec|whsk|crt|cinv|crst)_[\w+/=.-]+/g,
  /\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*){0,3}/g,
  /\b(?:bearer|basic|token)\s+[\w.~+/=-]{6,}/gi,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /[?&][\w.-]+=[^\s&"']*/g,
  /\/\/[^\s/:@]+:[^\s/@]+@/g,
  /[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+/g,
];

/** UUIDs, words and patterns of paths, which are most of what is logged, hold none of these forms. */
const PLAIN = /^(?:[\da-f-]{36}|[a-zA-Z:/-]{1,80})$/;

const cleanText = (text: string): string =>
  PLAIN.test(text) ? text : SECRET_FORMS.reduce((clean, form) => clean.replaceAll(form, BLANK), text.slice(0, MAX_TEXT));

const cleanError = (error: Error, depth: number): object => ({
  name: error.name,
  message: cleanText(error.message),
  frames: (error.stack ?? '').replace(error.message, () => '').split('\n').filter((line) => line.startsWith('    at ')).slice(0, 12),
  ...(error.cause === undefined ? {} : { cause: clean(error.cause, depth + 1) }),
});

type Name = Readonly<{ text: string; secret: boolean }>;

/** Most names are those of our own fields, the same in every line; a few others fit as well. */
const NAMES_KEPT = 1_000;
const names = new Map<string, Name>();

const judgeName = (name: string): Name => {
  const known = names.get(name);
  if (known !== undefined) return known;
  const judged = { text: cleanText(name), secret: SECRET_NAMES.test(name) };
  if (names.size < NAMES_KEPT && name.length <= MAX_KEPT_NAME) names.set(name, judged);
  return judged;
};

const cleanEntries = (value: object, depth: number): object => {
  const cleaned: Record<string, unknown> = {};
  let left = MAX_ITEMS;
  for (const [name, inner] of Object.entries(value)) {
    if (left === 0) break;
    left -= 1;
    const { text, secret } = judgeName(name);
    const shown = secret && inner !== undefined ? BLANK : clean(inner, depth + 1);
    // Assigning to this name would set the prototype.
    if (text === '__proto__') Object.defineProperty(cleaned, text, { value: shown, enumerable: true });
    else cleaned[text] = shown;
  }
  return cleaned;
};

const cleanObject = (value: object, depth: number): unknown => {
  if (depth > MAX_DEPTH) return '[deep]';
  if (value instanceof Error) return cleanError(value, depth);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item: unknown) => clean(item, depth + 1));
  return cleanEntries(value, depth);
};

const clean = (value: unknown, depth = 0): unknown => {
  if (typeof value === 'string') return cleanText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  return typeof value === 'object' && value !== null ? cleanObject(value, depth) : value;
};

export type LoggerOptions = Readonly<{ level: LogLevel; /** Default: standard output. */ destination?: Readonly<{ write: (line: string) => void }> }>;

/** Lines of one turn of the event loop leave together; those of a process that ends, with it. */
const standardOutput = (): Readonly<{ write: (line: string) => void }> => {
  const out = pino.destination({ dest: 1, sync: true });
  let lines = '';
  const flush = (): void => {
    if (lines === '') return;
    const text = lines;
    lines = '';
    out.write(text);
  };
  process.once('exit', () => {
    flush();
    out.flushSync();
  });
  return {
    write: (line) => {
      if (lines === '') setImmediate(flush);
      lines += line;
    },
  };
};

/** Lines carry `level`, `time` (ISO 8601) and `msg`; see the module's head for what they never carry. */
export const createLogger = ({ level, destination }: LoggerOptions): Logger => {
  const base = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label: string) => ({ level: label }) } };
  const log = pino(base, destination ?? standardOutput());
  const line = (write: 'debug' | 'info' | 'warn' | 'error') => (fields: object, message: string): void => {
    if (log.isLevelEnabled(write)) log[write](clean(fields) as object, cleanText(message));
  };
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
};

/** A logger that can be silenced: the line that says why a start failed is the last one, whatever clients of engines have to say of their end. */
export const hushable = (logger: Logger): Readonly<{ logger: Logger; hush: () => void }> => {
  let isHushed = false;
  const unless = (level: keyof Logger) => (fields: object, message: string): void => {
    if (!isHushed) logger[level](fields, message);
  };
  return {
    logger: { debug: unless('debug'), info: unless('info'), warn: unless('warn'), error: unless('error') },
    hush: () => { isHushed = true; },
  };
};
