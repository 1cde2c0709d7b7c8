/**
 * What stands in events and read models instead of personal data and secrets. Domain code passes these along and
 * never looks inside.
 */
/** Personal data under the key of its subject; unreadable for good once that key is destroyed. */
export type Sealed = Readonly<{ subject: string; box: string }>;

/** Key material or a secret value under envelope encryption: tenant key (by version) over a data key of its own. */
export type SealedSecret = Readonly<{ tenantKey: number; box: string }>;
