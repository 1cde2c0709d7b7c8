/** Times as this product's document writes and reads them: UTC without a zone, in whole seconds. */
import { boundOf } from '../kernel/bounds.ts';
import { Rejection, rejectFields } from '../../domain/kernel/rejection.ts';

/** Writes a moment (milliseconds since 1970, or ISO 8601) as the client asked for. */
export type WriteTime = (at: number | string) => string;

const naive: WriteTime = (at) => new Date(at).toISOString().slice(0, 'YYYY-MM-DDTHH:mm:ss'.length);
/** `2025-06-15T10:30:00Z`. */
export const zoned: WriteTime = (at) => `${naive(at)}Z`;

const isProfile = (parameter: string): boolean => {
  const [name = '', value = ''] = parameter.split('=');
  return name.trim().toLowerCase() === 'profile' && /^(?:utc-z|"utc-z")$/u.test(value.trim());
};

const asksForZone = (range: string): boolean => {
  const [type = '', ...parameters] = range.split(';');
  return type.trim().toLowerCase() === 'application/json' && parameters.some((each) => isProfile(each));
};

/** As the document shows them (`2025-06-15T10:30:00`, which means UTC), with a `Z` where the client accepts `application/json;profile="utc-z"`. */
export const timesFor = (request: Readonly<{ header: (name: string) => string | undefined }>): WriteTime =>
  (request.header('accept') ?? '').split(',').some((range) => asksForZone(range)) ? zoned : naive;

const WITHOUT_ZONE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?$/u;

/** A moment in UTC, ISO 8601 with milliseconds: from a date-time with `Z`, an offset or nothing (UTC), or a date. Rejects others, naming the field. */
export const parseMoment = (field: string, text: string): string => {
  try {
    return boundOf('from', field, WITHOUT_ZONE.test(text) ? `${text}Z` : text);
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    return rejectFields({ [field]: 'must be an ISO 8601 date-time (UTC unless it says otherwise) or date' });
  }
};
