/** What `X-Qwick-CLI-Update` tells a client of its own version. */

export const CLI_UPDATES = ['required', 'recommended', 'optional'] as const;
export type CliUpdate = (typeof CLI_UPDATES)[number];
/** CLI_MIN_VERSION and CLI_VERSION. */
export type CliVersions = Readonly<{ minimum?: string | undefined; current?: string | undefined }>;

/** Semantic Versioning 2.0.0; parts that are not said are 0. */
const SEMVER = /^v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:-([0-9A-Za-z.-]{1,64}))?(?:\+[0-9A-Za-z.-]{1,64})?$/u;

type Version = Readonly<{ core: readonly number[]; pre: readonly string[] | undefined }>;

const parse = (text: string | undefined): Version | undefined => {
  const match = SEMVER.exec(text ?? '');
  return match === null ? undefined : { core: match.slice(1, 4).map((part: string | undefined) => Number(part ?? 0)), pre: match[4]?.split('.') };
};

/** Whether the text is a version that can be compared with. */
export const isVersion = (text: string): boolean => SEMVER.test(text);

const NUMERIC = /^\d+$/u;

/** Semantic Versioning 2.0.0, 11.4: numbers by value and below words, words by ASCII. */
const compareIdentifiers = (one: string, other: string): number => {
  const numeric = [NUMERIC.test(one), NUMERIC.test(other)];
  if (numeric[0] && numeric[1]) return Number(one) - Number(other);
  if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1;
  if (one === other) return 0;
  return one < other ? -1 : 1;
};

const comparePre = (one: Version['pre'], other: Version['pre']): number => {
  if (one === undefined || other === undefined) return Number(one === undefined) - Number(other === undefined);
  const different = one.findIndex((part, index) => compareIdentifiers(part, other[index] ?? '') !== 0);
  if (different < 0) return one.length - other.length;
  const against = other[different];
  return against === undefined ? 1 : compareIdentifiers(one[different] ?? '', against);
};

const isBelow = (version: Version, bound: Version | undefined): boolean => {
  if (bound === undefined) return false;
  const different = version.core.findIndex((part, index) => part !== bound.core[index]);
  if (different >= 0) return (version.core[different] ?? 0) < (bound.core[different] ?? 0);
  return comparePre(version.pre, bound.pre) < 0;
};

/** `optional` also for a client that does not say its version, or says it in no known form. */
export const cliUpdate = (said: unknown, { minimum, current }: CliVersions): CliUpdate => {
  const version = parse(typeof said === 'string' ? said : undefined);
  if (version === undefined) return 'optional';
  if (isBelow(version, parse(minimum))) return 'required';
  return isBelow(version, parse(current)) ? 'recommended' : 'optional';
};
