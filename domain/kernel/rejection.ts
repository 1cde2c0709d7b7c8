/**
 * The one error that is thrown on purpose, in every layer: a stable code and details that may be shown to the caller.
 *
 * Codes are `<context>.<what>` in snake case (`tenancy.last_owner`). They know nothing of HTTP; each surface maps the
 * codes to its own statuses and words at one door.
 */
export type RejectionDetails = Readonly<Record<string, unknown>>;

export class Rejection extends Error {
  readonly code: string;
  readonly details: RejectionDetails;

  constructor(code: string, details: RejectionDetails = {}) {
    super(code);
    this.name = 'Rejection';
    this.code = code;
    this.details = details;
  }
}

/** Throws a `Rejection`; an expression, so that it fits in `??` and ternaries. */
export const reject = (code: string, details?: RejectionDetails): never => {
  throw new Rejection(code, details);
};

/** Rejects bad input by naming each field and what is wrong with it. */
export const rejectFields = (fields: Readonly<Record<string, string>>): never =>
  reject('request.invalid', { fields });
